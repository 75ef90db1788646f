// The card of one image.
import {headlineOf, millisecondsText, percentText, sizeText} from './texts.js';

function factsOf({width, height, truncated, worker, model, times_ms: times}) {
  const facts = [];
  if (width > 0 && height > 0) facts.push(`${width} × ${height} pixels`);
  if (truncated) facts.push('the file ends early; the missing part was gray');
  if (worker) facts.push(worker);
  if (model) facts.push(model.name);
  facts.push(millisecondsText(times.total));
  return facts.map((fact) => {
    const text = document.createElement('span');
    text.textContent = fact;
    return text;
  });
}

/// A card of the list. Its image is waiting, being sent, recognized, failed or canceled. The buttons
/// only dispatch the events `cancel`, `retry` and `remove` on `element`.
export class ImageCard {
  #labelTemplate;
  #parts;
  #previewUrl;
  #size;
  #unsureBelow;

  /// The card isn't sure of a label whose probability is below `unsureBelow`.
  constructor(cardTemplate, labelTemplate, file, unsureBelow) {
    this.#unsureBelow = unsureBelow;
    this.#labelTemplate = labelTemplate;
    this.element = cardTemplate.content.firstElementChild.cloneNode(true);
    const part = (selector) => this.element.querySelector(selector);
    this.#parts = {
      image: part('img'), headline: part('.headline'), detail: part('.detail'),
      badge: part('.badge'), progress: part('progress'), labels: part('.labels'),
      facts: part('.card-facts'),
    };
    this.name = file.name || 'Picture';
    this.#size = sizeText(file.size);
    part('.file').textContent = this.name;
    this.#parts.progress.setAttribute('aria-label', `Progress of ${this.name}`);
    for (const action of ['cancel', 'retry', 'remove']) {
      const button = part(`.${action}`);
      button.setAttribute('aria-label', `${button.textContent}: ${this.name}`);
      button.addEventListener('click', () => this.element.dispatchEvent(new Event(action)));
    }
    this.#showPreview(file);
    this.showWaiting();
  }

  // Shows the preview only once it has loaded as an image, because the file may be anything.
  #showPreview(file) {
    this.#previewUrl = URL.createObjectURL(file);
    const {image} = this.#parts;
    image.addEventListener('load', () => { image.hidden = false; });
    image.src = this.#previewUrl;
  }

  /// The headline and its detail, for screen readers.
  get words() {
    const {headline, detail} = this.#parts;
    return [headline.textContent, detail.textContent].filter((text) => text !== '').join(', ');
  }

  /// Removes the card from the page and releases its preview.
  forget() {
    URL.revokeObjectURL(this.#previewUrl);
    this.element.remove();
  }

  get focused() {
    return this.element.contains(document.activeElement);
  }

  focus() {
    this.element.querySelector('button:not([hidden])').focus();
  }

  showWaiting() {
    this.#show('waiting', 'Waiting', this.#size, ['cancel']);
  }

  showProgress(part) {
    const sent = part >= 1;
    this.#show('sending', sent ? 'Recognizing…' : `Sending ${Math.floor(part * 100)}%`, this.#size,
               ['cancel']);
    const {progress} = this.#parts;
    progress.hidden = false;
    // It is not known how long recognition takes.
    if (sent) progress.removeAttribute('value');
    else progress.value = part;
  }

  showPause(sentence, pauseS) {
    this.#show('waiting', `Trying again in ${pauseS} s`, sentence, ['cancel']);
  }

  showCancelled() {
    this.#show('cancelled', 'Canceled', this.#size, ['retry', 'remove']);
  }

  showProblem({sentence, mayHelp}) {
    this.#show('failed', 'Not recognized', sentence, mayHelp ? ['retry', 'remove'] : ['remove']);
  }

  showAnswer(answer) {
    const {text, detail, unsure} = headlineOf(answer, this.#unsureBelow);
    this.#show(unsure ? 'recognized unsure' : 'recognized', text, detail, ['remove']);
    const {badge, labels, facts, image} = this.#parts;
    badge.textContent =
      answer.model?.trained === false ? 'Untrained network: its labels mean nothing' : '';
    labels.tBodies[0].replaceChildren(...answer.labels.map((label) => this.#labelRow(label)));
    labels.hidden = false;
    facts.replaceChildren(...factsOf(answer));
    facts.hidden = false;
    image.alt = unsure ? this.name : `${this.name}, recognized as ${text}`;
  }

  #labelRow({label, probability}) {
    const row = this.#labelTemplate.content.firstElementChild.cloneNode(true);
    const percent = percentText(probability);
    row.querySelector('th').textContent = label;
    row.querySelector('.fill').setAttribute('width', percent.slice(0, -1));
    row.querySelector('.number').textContent = percent;
    return row;
  }

  /// Keeps the keyboard focus on the card when the focused button disappears.
  #show(state, headline, detail, actions) {
    const {focused} = this;
    this.element.className = `card ${state}`;
    this.#parts.headline.textContent = headline;
    this.#parts.detail.textContent = detail;
    this.#parts.progress.hidden = true;
    for (const action of ['cancel', 'retry', 'remove']) {
      this.element.querySelector(`.${action}`).hidden = !actions.includes(action);
    }
    if (focused && !this.element.querySelector('button:not([hidden]):focus')) this.focus();
  }
}
