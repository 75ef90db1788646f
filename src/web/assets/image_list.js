// The list of chosen images, one card each, with their results.
import {ImageUpload} from './image_upload.js';
import {ImageCard} from './image_card.js';
import {namesText} from './texts.js';
import {UploadGate} from './upload_gate.js';
import {UploadQueue} from './upload_queue.js';

// Cards of images that are not done yet. More images follow when these are done.
const openMax = 200;
const listMax = 1000;

// Announcements kept for screen readers, which have long read the older ones.
const newsMax = 10;

const waitingFor = {
  worker: 'No worker is available. Your pictures wait here and are sent as soon as one is.',
  server: 'The server is out of reach. Your pictures wait here and are sent as soon as it is back.',
};

// Leaves an unchanged text alone, because a screen reader may read it again.
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/// The list below the form. Shows in `leftOut` which files it did not take.
export class ImageList {
  #root;
  #leftOut;
  #parts;
  #uploads = [];
  #backlog = [];
  #queue = new UploadQueue();
  #gate = new UploadGate((missing) => this.#pass(missing));

  constructor(root, leftOut) {
    this.#root = root;
    this.#leftOut = leftOut;
    const part = (selector) => root.querySelector(selector);
    this.#parts = {cards: part('.cards'), news: part('.picture-news'), held: part('.held'),
                   more: part('.more'), retryAll: part('.retry-all')};
    part('.clear').addEventListener('click', () => this.#clear());
    this.#parts.retryAll.addEventListener('click', () => this.#retryAll());
  }

  /// Adds cards at the top, because the newest images are the ones the user is waiting for. `sentence` says what
  /// else was chosen.
  add(files, sentence = '') {
    const taken = files.slice(0, listMax - this.#uploads.length - this.#backlog.length);
    const names = files.slice(taken.length).map(({name}) => name);
    const full = names.length === 0 ? '' : `The list holds up to ${listMax} pictures. ` +
      `Not added: ${namesText(names)}. Remove some pictures first.`;
    this.say([full, sentence].filter((text) => text !== '').join(' '));
    this.#backlog.push(...taken);
    this.changed();
  }

  /// Shows a sentence about the files that were chosen last.
  say(sentence) {
    this.#leftOut.textContent = sentence;
  }

  sawWorkers(workers) {
    this.#gate.sawWorkers(workers);
  }

  /// Announces an outcome to screen readers.
  announce(words) {
    const {news} = this.#parts;
    const line = document.createElement('p');
    line.textContent = words;
    news.append(line);
    while (news.childElementCount > newsMax) news.firstElementChild.remove();
  }

  /// Call this when an upload has begun or ended.
  changed() {
    this.#takeFromBacklog();
    const {held, more, retryAll} = this.#parts;
    const open = this.#uploads.some(({done}) => !done);
    const {missing} = this.#gate;
    setText(held, open && missing !== '' ? waitingFor[missing] : '');
    const {length} = this.#backlog;
    setText(more, length === 0 ? '' :
            `${length} more ${length === 1 ? 'picture follows' : 'pictures follow'} as these are done.`);
    const focused = document.activeElement === retryAll;
    retryAll.hidden = !(open && missing !== '') && !this.#uploads.some(({mayRetry}) => mayRetry);
    if (focused && retryAll.hidden) this.#root.querySelector('.clear').focus();
    this.#root.hidden = this.#uploads.length === 0;
  }

  #takeFromBacklog() {
    const open = this.#uploads.filter(({done}) => !done).length;
    if (open >= openMax || this.#backlog.length === 0) return;
    const files = this.#backlog.splice(0, openMax - open);
    const uploads = files.map((file) => this.#make(file));
    this.#uploads.unshift(...uploads);
    this.#parts.cards.prepend(...uploads.map(({card}) => card.element));
    for (const upload of uploads) upload.start();
  }

  #make(file) {
    const template = (name) => this.#root.querySelector(`.${name}-template`);
    const unsureBelow = Number(this.#root.dataset.unsureBelow);
    const card = new ImageCard(template('card'), template('label'), file, unsureBelow);
    const upload = new ImageUpload(file, card, {queue: this.#queue, gate: this.#gate, list: this});
    card.element.addEventListener('remove', () => this.#remove(upload));
    return upload;
  }

  #pass(missing) {
    if (missing === '') this.#queue.goOn();
    else this.#queue.pause();
    this.changed();
  }

  #retryAll() {
    for (const upload of this.#uploads.filter(({mayRetry}) => mayRetry)) upload.start();
    this.#gate.open();
  }

  #remove(upload) {
    const index = this.#uploads.indexOf(upload);
    const {focused} = upload.card;
    this.#uploads.splice(index, 1);
    upload.card.forget();
    this.changed();
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
