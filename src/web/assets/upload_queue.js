// Decides when each image is sent.

const atOnceMax = 3;

/// Runs tasks in order, a few at a time. A task is a function that resolves to true if it succeeded.
///
/// Tasks run one at a time until one has succeeded. The first response sets the cookie that identifies the
/// visitor's results: two first requests at once would each get a different cookie, and the browser would
/// keep only one of them.
export class UploadQueue {
  #waiting = [];
  #running = 0;
  #known = false;

  add(task) {
    this.#waiting.push(task);
    this.#begin();
  }

  /// Removes a task that is waiting. A running task continues.
  remove(task) {
    this.#waiting = this.#waiting.filter((other) => other !== task);
  }

  #begin() {
    while (this.#waiting.length > 0 && this.#running < (this.#known ? atOnceMax : 1)) {
      this.#run(this.#waiting.shift());
    }
  }

  async #run(task) {
    ++this.#running;
    if (await task()) this.#known = true;
    --this.#running;
    this.#begin();
  }
}
