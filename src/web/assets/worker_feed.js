// Receives the list of workers from the server.

const pauseMsMin = 2_000;
const pauseMsMax = 60_000;

/// Calls `show` with the list of workers, as the API returns it, whenever it changes. Listens only while the
/// page is visible, because a browser has few connections per server, and the server few streams per client.
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
    // The browser may keep the page for the back button after the user has left it.
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
    // A browser never reconnects after an error response, and after a lost connection it retries forever
    // at the same pace.
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
