// Collects the files that the user chooses: from the file field, the camera field, drops and pastes.

function hasFiles(transfer) {
  return transfer !== null && transfer.types.includes('Files');
}

function watchFields(form, take) {
  for (const field of form.querySelectorAll('input[type=file]')) {
    field.addEventListener('change', () => {
      take([...field.files]);
      field.value = '';  // Allows choosing the same file again.
    });
  }
}

// Watches the whole window, because a file dropped outside the field would replace the page.
function watchDrops(drop, take) {
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
    if (hasFiles(event.dataTransfer)) event.preventDefault();
  });
  window.addEventListener('drop', (event) => {
    if (!hasFiles(event.dataTransfer)) return;
    event.preventDefault();
    setDepth(0);
    take([...event.dataTransfer.files]);
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

/// Calls `take` with each non-empty array of files that the user chooses.
export function watchChoices(form, take) {
  const takeSome = (files) => {
    if (files.length > 0) take(files);
  };
  watchFields(form, takeSome);
  watchDrops(form.querySelector('.drop'), takeSome);
  watchPaste(takeSome);
}
