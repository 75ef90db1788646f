// Uploads one chosen file and shows its result.
import {chosenModel, sendImage} from './upload_request.js';

// Automatic attempts, which stop earlier if the server doesn't say when to retry.
const ownAttemptsMax = 4;
const pauseSMax = 30;

// How often an upload may find that something is missing which then seems to be there again. After that its own
// picture may be the cause.
const heldMax = 3;

/// One upload: queued, in flight, waiting for its next attempt, or done.
export class ImageUpload {
  #file;
  #model = chosenModel();
  #queue;
  #gate;
  #list;
  #attempts = 0;
  #held = 0;
  #abort = null;
  #timer = 0;
  #task = () => this.#send();

  /// True once it is recognized, failed or canceled.
  done = false;
  /// True if it failed and another attempt may succeed.
  mayRetry = false;

  /// Calls `announce` of `list` with the outcome as text, and `changed` when `done` may have changed.
  constructor(file, card, {queue, gate, list}) {
    this.#file = file;
    this.card = card;
    this.#queue = queue;
    this.#gate = gate;
    this.#list = list;
    card.element.addEventListener('cancel', () => this.cancel());
    card.element.addEventListener('retry', () => this.start());
  }

  start() {
    this.#attempts = 0;
    this.#held = 0;
    this.#enqueue();
  }

  cancel() {
    if (this.done) return;
    this.#queue.remove(this.#task);
    clearTimeout(this.#timer);
    this.#abort?.abort();
    this.done = true;
    this.card.showCancelled();
    this.#list.changed();
  }

  #enqueue() {
    this.#wait();
    this.#queue.add(this.#task);
  }

  #wait() {
    this.done = false;
    this.mayRetry = false;
    this.card.showWaiting();
    this.#list.changed();
  }

  /// Resolves to true if the image was recognized.
  async #send() {
    const abort = new AbortController();
    this.#abort = abort;
    this.card.showProgress(0);
    const {answer, problem} = await sendImage(this.#file, this.#model, abort.signal, (part) => {
      if (!abort.signal.aborted) this.card.showProgress(part);
    });
    if (abort.signal.aborted) return false;
    if (answer) {
      this.#gate.succeeded();
      this.card.showAnswer(answer);
      this.#end(this.card.words);
    } else if (problem.missing !== '' && ++this.#held <= heldMax) {
      // Probably not the image's fault, so it doesn't count as an attempt. From the second time on, others go first.
      this.#gate.close(problem.missing);
      this.#wait();
      if (this.#held === 1) this.#queue.putBack(this.#task);
      else this.#queue.add(this.#task);
    } else if (problem.missing !== '') {
      this.#endAttempt({...problem, mayHelp: true, pauseS: null});
    } else {
      this.#endAttempt(problem);
    }
    return answer !== undefined;
  }

  #endAttempt(problem) {
    const {sentence, mayHelp, pauseS} = problem;
    if (pauseS !== null && pauseS <= pauseSMax && ++this.#attempts < ownAttemptsMax) {
      this.card.showPause(sentence, pauseS);
      this.#timer = setTimeout(() => this.#enqueue(), pauseS * 1000);
      return;
    }
    this.mayRetry = mayHelp;
    this.card.showProblem(problem);
    this.#end(`not recognized. ${sentence}`);
  }

  #end(words) {
    this.done = true;
    this.#list.announce(`${this.card.name}: ${words}`);
    this.#list.changed();
  }
}
