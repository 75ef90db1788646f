// Uploads one chosen file and shows its result.
import {percentText} from './texts.js';
import {chosenModel, sendImage} from './upload_request.js';

// Automatic attempts, which stop earlier if the server doesn't say when to retry.
const ownAttemptsMax = 4;
const pauseSMax = 30;

/// One upload: queued, in flight, waiting for its next attempt, or done. Calls `news` with the outcome as text.
export class ImageUpload {
  #file;
  #model = chosenModel();
  #queue;
  #news;
  #attempts = 0;
  #abort = null;
  #timer = 0;
  #task = () => this.#send();

  done = false;

  constructor(file, card, queue, news) {
    this.#file = file;
    this.card = card;
    this.#queue = queue;
    this.#news = news;
    card.element.addEventListener('cancel', () => this.cancel());
    card.element.addEventListener('retry', () => this.start());
  }

  start() {
    this.#attempts = 0;
    this.#enqueue();
  }

  cancel() {
    if (this.done) return;
    this.#queue.remove(this.#task);
    clearTimeout(this.#timer);
    this.#abort?.abort();
    this.done = true;
    this.card.showCancelled();
  }

  #enqueue() {
    this.done = false;
    this.card.showWaiting();
    this.#queue.add(this.#task);
  }

  /// Resolves to true if the image was recognized.
  async #send() {
    const abort = new AbortController();
    this.#abort = abort;
    ++this.#attempts;
    this.card.showProgress(0);
    const {answer, problem} = await sendImage(this.#file, this.#model, abort.signal, (part) => {
      if (!abort.signal.aborted) this.card.showProgress(part);
    });
    if (abort.signal.aborted) return false;
    if (answer) this.#end(() => this.card.showAnswer(answer), this.#wordsOf(answer));
    else if (this.#mayRetry(problem)) this.#pause(problem);
    else this.#end(() => this.card.showProblem(problem), `not recognized. ${problem.sentence}`);
    return answer !== undefined;
  }

  #mayRetry({pauseS}) {
    return pauseS !== null && pauseS <= pauseSMax && this.#attempts < ownAttemptsMax;
  }

  #pause({sentence, pauseS}) {
    this.card.showPause(sentence, pauseS);
    this.#timer = setTimeout(() => this.#enqueue(), pauseS * 1000);
  }

  #end(show, words) {
    this.done = true;
    show();
    this.#news(`${this.card.name}: ${words}`);
  }

  #wordsOf({labels: [best]}) {
    return best ? `${best.label}, ${percentText(best.probability)}` : 'no labels';
  }
}
