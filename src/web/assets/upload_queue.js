// Which images are sent when.

const atOnceMax = 3;

/// Runs tasks in order, a few at a time: functions that resolve to whether they succeeded.
///
/// Until one did they run alone. The first answer brings the cookie by which results are found again: two
/// at once would each bring another, and only one of them be kept.
export class UploadQueue {
  #waiting = [];
  #running = 0;
  #known = false;

  add(task) {
    this.#waiting.push(task);
    this.#begin();
  }

  /// Of a task that may be waiting; one that runs goes on.
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
