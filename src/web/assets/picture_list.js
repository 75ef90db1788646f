// The pictures that were chosen, each a card, and what becomes of them.
import {Picture} from './picture.js';
import {PictureCard} from './picture_card.js';
import {UploadQueue} from './upload_queue.js';

const cardsMax = 200;

// Older ones were read long ago.
const newsMax = 10;

/// The list below the form. `leftOut` is where it says that it took not all.
export class PictureList {
  #root;
  #leftOut;
  #list;
  #news;
  #pictures = [];
  #queue = new UploadQueue();

  constructor(root, leftOut) {
    this.#root = root;
    this.#leftOut = leftOut;
    this.#list = root.querySelector('.cards');
    this.#news = root.querySelector('.picture-news');
    root.querySelector('.clear').addEventListener('click', () => this.#clear());
  }

  /// The newest come first, since they are what somebody waits for.
  add(files) {
    const taken = files.slice(0, cardsMax - this.#pictures.length);
    const more = files.length - taken.length;
    this.#leftOut.textContent =
      more > 0 ? `The list holds ${cardsMax} pictures: ${more} were left out. Remove some first.` : '';
    const pictures = taken.map((file) => this.#make(file));
    this.#pictures.unshift(...pictures);
    this.#list.prepend(...pictures.map(({card}) => card.element));
    this.#root.hidden = this.#pictures.length === 0;
    for (const picture of pictures) picture.start();
  }

  #make(file) {
    const template = (name) => this.#root.querySelector(`.${name}-template`);
    const card = new PictureCard(template('card'), template('label'), file);
    const picture = new Picture(file, card, this.#queue, (words) => this.#tell(words));
    card.element.addEventListener('remove', () => this.#remove(picture));
    return picture;
  }

  #tell(words) {
    const line = document.createElement('p');
    line.textContent = words;
    this.#news.append(line);
    while (this.#news.childElementCount > newsMax) this.#news.firstElementChild.remove();
  }

  #remove(picture) {
    const place = this.#pictures.indexOf(picture);
    const {focused} = picture.card;
    this.#pictures.splice(place, 1);
    picture.card.forget();
    this.#root.hidden = this.#pictures.length === 0;
    if (!focused) return;
    const next = this.#pictures[Math.min(place, this.#pictures.length - 1)];
    if (next) next.card.focus();
    else document.querySelector('#file').focus();
  }

  #clear() {
    for (const picture of this.#pictures.filter(({done}) => done)) this.#remove(picture);
    if (this.#root.hidden) document.querySelector('#file').focus();
  }
}
