// Decides when each image is sent.

const atOnceMax = 3;

/// Runs tasks in order, a few at a time. A task is a function that resolves to true if it succeeded.
///
/// Tasks run one at a time until one has succeeded. The first response sets the cookie that identifies the
/// visitor's results: two first requests at once would each get a different cookie, and the browser would
/// keep only one of them. After a pause, one task alone tries whether the cause is gone.
export class UploadQueue {
  #waiting = [];
  #running = 0;
  #known = false;
  #paused = false;

  add(task) {
    this.#waiting.push(task);
    this.#begin();
  }

  /// Adds a task that has begun before, to be the next one.
  putBack(task) {
    this.#waiting.unshift(task);
    this.#begin();
  }

  /// Removes a task that is waiting. A running task continues.
  remove(task) {
    this.#waiting = this.#waiting.filter((other) => other !== task);
  }

  /// Begins no more tasks until `goOn`. Running tasks continue.
  pause() {
    this.#paused = true;
    this.#known = false;
  }

  goOn() {
    this.#paused = false;
    this.#begin();
  }

  #begin() {
    while (!this.#paused && this.#waiting.length > 0 &&
           this.#running < (this.#known ? atOnceMax : 1)) {
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
