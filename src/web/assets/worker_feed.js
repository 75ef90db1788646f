// Receives the list of workers from the server.

const pauseMsMin = 2_000;
const pauseMsMax = 60_000;

/// Calls `show` of `table` with the API's answer for the list of workers whenever it changes, `showLost` when
/// the stream is lost, and `showSignedOut` when the list needs the admin token again. Listens only while the
/// page is visible, because a browser has few connections per server, and the server few streams per client.
export class WorkerFeed {
  #list;
  #table;
  #source = null;
  #timer = 0;
  #pauseMs = pauseMsMin;
  #over = false;

  /// `list` is the address of the list, and `list`/events that of its stream.
  constructor(list, table) {
    this.#list = list;
    this.#table = table;
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
    window.addEventListener('online', update);
    update();
  }

  #open() {
    clearTimeout(this.#timer);
    if (this.#over) return;
    this.#source = new EventSource(`${this.#list}/events`);
    this.#source.addEventListener('workers', ({data}) => {
      this.#pauseMs = pauseMsMin;
      this.#table.show(JSON.parse(data));
    });
    // A browser never reconnects after an error response, and after a lost connection it retries forever
    // at the same pace.
    this.#source.addEventListener('error', () => {
      this.#close();
      this.#table.showLost();
      this.#timer = setTimeout(() => this.#open(), this.#pauseMs * (0.5 + Math.random() / 2));
      this.#pauseMs = Math.min(this.#pauseMs * 2, pauseMsMax);
      this.#checkSession();
    });
  }

  /// Ends the feed if the server no longer accepts the session. The stream's error doesn't say so.
  async #checkSession() {
    const response = await fetch(this.#list, {cache: 'no-store'}).catch(() => null);
    if (response?.status !== 401) return;
    this.#over = true;
    this.#close();
    this.#table.showSignedOut();
  }

  #close() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }
}
