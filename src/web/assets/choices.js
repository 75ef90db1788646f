// Collects the files that the user chooses: from the file field, the camera field, drops and pastes.
import {entriesWithFolder, readEntries} from './dropped_files.js';

function hasFiles(transfer) {
  return transfer !== null && transfer.types.includes('Files');
}

/// Returns whether a drop should go to the element, as text into a field.
function takesText(element, transfer) {
  return element.closest('input:not([type=file]), textarea') !== null && !hasFiles(transfer);
}

/// Returns a function that says whether a file's name or type is that of a picture, as the field `accept`s it.
function pictureCheck(field) {
  const accepted = field.accept.split(',');
  const extensions = accepted.filter((one) => one.startsWith('.'));
  return ({name, type}) => accepted.includes(type) ||
                           extensions.some((end) => name.toLowerCase().endsWith(end));
}

function watchFields(form, take) {
  for (const field of form.querySelectorAll('input[type=file]')) {
    field.addEventListener('change', () => {
      take([...field.files]);
      field.value = '';  // Allows choosing the same file again.
    });
  }
}

async function takeDrop(transfer, isPicture, list) {
  const entries = entriesWithFolder(transfer);
  const {files, sentence} = entries ? await readEntries(entries, isPicture)
                                    : {files: [...transfer.files], sentence: ''};
  if (files.length > 0) list.add(files, sentence);
  else if (sentence !== '') list.say(sentence);
}

// Watches the whole window, because a file or link dropped outside the field would replace the page.
function watchDrops(form, list) {
  const drop = form.querySelector('.drop');
  const isPicture = pictureCheck(form.querySelector('#file'));
  let depth = 0;
  const setDepth = (now) => {
    depth = Math.max(now, 0);
    drop.classList.toggle('over', depth > 0);
  };
  window.addEventListener('dragenter', (event) => {
    if (hasFiles(event.dataTransfer)) setDepth(depth + 1);
  });
  window.addEventListener('dragleave', (event) => {
    if (hasFiles(event.dataTransfer)) setDepth(depth - 1);
  });
  window.addEventListener('dragover', (event) => {
    if (!takesText(event.target, event.dataTransfer)) event.preventDefault();
  });
  window.addEventListener('drop', (event) => {
    if (takesText(event.target, event.dataTransfer)) return;
    event.preventDefault();
    setDepth(0);
    if (hasFiles(event.dataTransfer)) takeDrop(event.dataTransfer, isPicture, list);
    else list.say('Only files can be dropped here. Save the picture first, then drop its file.');
  });
}

// Text pasted into a field brings no files and is left alone.
function watchPaste(take) {
  window.addEventListener('paste', (event) => {
    const files = [...event.clipboardData?.files ?? []];
    if (files.length === 0) return;
    event.preventDefault();
    take(files);
  });
}

/// Passes each non-empty array of files that the user chooses to `add` of `list`, and sentences about files
/// that were left out to its `say`.
export function watchChoices(form, list) {
  const takeSome = (files) => {
    if (files.length > 0) list.add(files);
  };
  watchFields(form, takeSome);
  watchDrops(form, list);
  watchPaste(takeSome);
}
