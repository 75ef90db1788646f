// Comforts only: everything on the page works without this script.
'use strict';

function helpWith(form) {
  const input = form.querySelector('input[type=file]');
  const drop = form.querySelector('.drop');
  const preview = form.querySelector('.preview');
  const chosen = form.querySelector('.chosen');
  const button = form.querySelector('button');
  const buttonText = button.textContent;
  let previewUrl = '';

  function sizeText(bytes) {
    return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
  }

  function showChosen() {
    if (previewUrl) URL.revokeObjectURL(previewUrl);
    const file = input.files[0];
    previewUrl = file ? URL.createObjectURL(file) : '';
    preview.hidden = true;
    if (previewUrl) preview.src = previewUrl;
    chosen.textContent = file ? sizeText(file.size) : '';
  }

  // Shown only once it is known to be a picture: the file may be anything.
  preview.addEventListener('load', () => { preview.hidden = false; });

  input.addEventListener('change', showChosen);

  // On the whole window: a file that is dropped beside the field would replace the page.
  let dragDepth = 0;
  function hasFiles(event) {
    return event.dataTransfer !== null && event.dataTransfer.types.includes('Files');
  }
  function setDragDepth(depth) {
    dragDepth = Math.max(depth, 0);
    drop.classList.toggle('over', dragDepth > 0);
  }
  window.addEventListener('dragenter', (event) => {
    if (hasFiles(event)) setDragDepth(dragDepth + 1);
  });
  window.addEventListener('dragleave', (event) => {
    if (hasFiles(event)) setDragDepth(dragDepth - 1);
  });
  window.addEventListener('dragover', (event) => {
    if (hasFiles(event)) event.preventDefault();
  });
  window.addEventListener('drop', (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    setDragDepth(0);
    input.files = event.dataTransfer.files;
    showChosen();
  });

  function setBusy(busy) {
    button.disabled = busy;
    button.textContent = busy ? 'Recognising…' : buttonText;
    form.setAttribute('aria-busy', String(busy));
  }
  form.addEventListener('submit', () => setBusy(true));
  // Shown again out of the browser's cache by the back button, with the file still chosen.
  window.addEventListener('pageshow', () => {
    setBusy(false);
    showChosen();
  });
}

// Not every page has one.
const upload = document.querySelector('form.upload');
if (upload) helpWith(upload);
document.documentElement.classList.add('script');
