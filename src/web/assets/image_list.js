// The list of chosen images, one card each, with their results.
import {ImageUpload} from './image_upload.js';
import {ImageCard} from './image_card.js';
import {UploadQueue} from './upload_queue.js';

const cardsMax = 200;

// Announcements kept for screen readers, which have long read the older ones.
const newsMax = 10;

/// The list below the form. Shows in `leftOut` how many files it did not take.
export class ImageList {
  #root;
  #leftOut;
  #list;
  #news;
  #uploads = [];
  #queue = new UploadQueue();

  constructor(root, leftOut) {
    this.#root = root;
    this.#leftOut = leftOut;
    this.#list = root.querySelector('.cards');
    this.#news = root.querySelector('.picture-news');
    root.querySelector('.clear').addEventListener('click', () => this.#clear());
  }

  /// Adds cards at the top, because the newest images are the ones the user is waiting for.
  add(files) {
    const taken = files.slice(0, cardsMax - this.#uploads.length);
    const more = files.length - taken.length;
    this.#leftOut.textContent =
      more > 0 ? `The list holds up to ${cardsMax} pictures; ${more} were not added. Remove some first.` : '';
    const uploads = taken.map((file) => this.#make(file));
    this.#uploads.unshift(...uploads);
    this.#list.prepend(...uploads.map(({card}) => card.element));
    this.#root.hidden = this.#uploads.length === 0;
    for (const upload of uploads) upload.start();
  }

  #make(file) {
    const template = (name) => this.#root.querySelector(`.${name}-template`);
    const card = new ImageCard(template('card'), template('label'), file);
    const upload = new ImageUpload(file, card, this.#queue, (words) => this.#announce(words));
    card.element.addEventListener('remove', () => this.#remove(upload));
    return upload;
  }

  #announce(words) {
    const line = document.createElement('p');
    line.textContent = words;
    this.#news.append(line);
    while (this.#news.childElementCount > newsMax) this.#news.firstElementChild.remove();
  }

  #remove(upload) {
    const index = this.#uploads.indexOf(upload);
    const {focused} = upload.card;
    this.#uploads.splice(index, 1);
    upload.card.forget();
    this.#root.hidden = this.#uploads.length === 0;
    if (!focused) return;
    const next = this.#uploads[Math.min(index, this.#uploads.length - 1)];
    if (next) next.card.focus();
    else document.querySelector('#file').focus();
  }

  #clear() {
    for (const upload of this.#uploads.filter(({done}) => done)) this.#remove(upload);
    if (this.#root.hidden) document.querySelector('#file').focus();
  }
}
