// The workers as the server reports them.

const pauseMsMin = 2_000;
const pauseMsMax = 60_000;

/// Calls `show` with the list of workers, as the API gives it, whenever it changed. Only while the page can be
/// seen: a browser has few connections for one server, and the server few streams for one client.
export class WorkerFeed {
  #address;
  #show;
  #source = null;
  #timer = 0;
  #pauseMs = pauseMsMin;

  constructor(address, show) {
    this.#address = address;
    this.#show = show;
  }

  start() {
    const update = () => {
      if (document.visibilityState === 'hidden') this.#close();
      else if (!this.#source) this.#open();
    };
    document.addEventListener('visibilitychange', update);
    // The browser may keep a page that was left, for the back button.
    window.addEventListener('pagehide', () => this.#close());
    window.addEventListener('pageshow', update);
    update();
  }

  #open() {
    clearTimeout(this.#timer);
    this.#source = new EventSource(this.#address);
    this.#source.addEventListener('workers', ({data}) => {
      this.#pauseMs = pauseMsMin;
      this.#show(JSON.parse(data).workers);
    });
    // After a refusal a browser would not come back by itself, and after a loss at the same pace for ever.
    this.#source.addEventListener('error', () => {
      this.#close();
      this.#timer = setTimeout(() => this.#open(), this.#pauseMs * (0.5 + Math.random() / 2));
      this.#pauseMs = Math.min(this.#pauseMs * 2, pauseMsMax);
    });
  }

  #close() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }
}
