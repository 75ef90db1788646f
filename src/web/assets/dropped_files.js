// Reads what was dropped on the page: files, and the pictures in folders.

// Files and folders that are looked at, so that a drop of a whole disk ends.
const entriesMax = 10_000;

/// Returns the next entries of a folder. A browser returns them in portions; an empty one is the last.
function readPortion(reader) {
  return new Promise((resolve, reject) => { reader.readEntries(resolve, reject); });
}

function fileOf(entry) {
  return new Promise((resolve, reject) => { entry.file(resolve, reject); });
}

/// Walks through folders, and collects the files that `isPicture` accepts.
class FolderReader {
  files = [];
  others = 0;
  unreadable = 0;
  left = entriesMax;
  #isPicture;

  constructor(isPicture) {
    this.#isPicture = isPicture;
  }

  async read(entry) {
    if (this.left === 0) return;
    --this.left;
    try {
      if (entry.isDirectory) await this.#readFolder(entry);
      else this.#take(await fileOf(entry));
    } catch {
      ++this.unreadable;
    }
  }

  #take(file) {
    if (this.#isPicture(file)) this.files.push(file);
    else ++this.others;
  }

  async #readFolder(folder) {
    const reader = folder.createReader();
    for (let entries = await readPortion(reader); entries.length > 0; entries = await readPortion(reader)) {
      for (const entry of entries) await this.read(entry);
    }
  }
}

function countText(count, one, many) {
  return count === 1 ? `1 ${one}` : `${count} ${many}`;
}

function sentenceOf({files, others, unreadable, left}) {
  const sentences = [];
  if (files.length === 0) sentences.push('There is no picture in what you dropped.');
  if (others > 0) {
    sentences.push(`${countText(others, 'file is', 'files are')} no picture and ` +
                   `${others === 1 ? 'was' : 'were'} left out.`);
  }
  if (unreadable > 0) sentences.push(`${countText(unreadable, 'item', 'items')} couldn't be read.`);
  if (left === 0) sentences.push(`Only the first ${entriesMax} files and folders were looked at.`);
  return sentences.join(' ');
}

/// Returns the folders and files of a drop if there is a folder among them, else null. Call it in the event's
/// handler: the browser forgets them afterwards.
export function entriesWithFolder(transfer) {
  const items = [...transfer.items].filter(({kind}) => kind === 'file');
  const entries = items.map((item) => item.webkitGetAsEntry?.() ?? null).filter((entry) => entry !== null);
  return entries.some(({isDirectory}) => isDirectory) ? entries : null;
}

/// Resolves to the pictures in `entries` and their folders, and a sentence about what was left out.
export async function readEntries(entries, isPicture) {
  const reader = new FolderReader(isPicture);
  for (const entry of entries) await reader.read(entry);
  return {files: reader.files, sentence: sentenceOf(reader)};
}
