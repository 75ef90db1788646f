// Decides when uploads wait because they can't succeed: without a worker, or without the server.
import {basePath} from './base_path.js';

const pauseMsMin = 2_000;
const pauseMsMax = 30_000;
const answerMsMax = 10_000;

/// Resolves to what is missing for uploads: 'worker', 'server', or an empty text if nothing seems to be.
export async function whatIsMissing() {
  // Browsers from before 2022 don't have it.
  const signal = AbortSignal.timeout?.(answerMsMax);
  try {
    const response = await fetch(`${basePath}/readyz`, {cache: 'no-store', signal});
    // A proxy may keep this address to itself. Then only an upload can tell.
    if (response.status < 500) return '';
    return (await response.text()).trim() === 'no_active_worker' ? 'worker' : 'server';
  } catch {
    return 'server';
  }
}

/// Open, or closed while something is missing. A closed gate opens when the browser is online again, when the
/// list of workers shows one that is ready, or when the server says that it is ready, which the gate asks
/// from time to time. Calls `change` with what is missing whenever that changes.
export class UploadGate {
  #change;
  #missing = '';
  #pauseMs = pauseMsMin;
  #timer = 0;
  #look = 0;
  #workerReady = false;

  constructor(change) {
    this.#change = change;
    window.addEventListener('online', () => this.#lookNow());
  }

  /// What is missing: 'worker' or 'server'. Empty if the gate is open.
  get missing() {
    return this.#missing;
  }

  close(missing) {
    const wasOpen = this.#missing === '';
    this.#set(missing);
    if (wasOpen) this.#lookLater();
  }

  /// Opens the gate, so that an upload tries whether it can succeed.
  open() {
    clearTimeout(this.#timer);
    ++this.#look;
    this.#set('');
  }

  /// Reports that an upload succeeded.
  succeeded() {
    this.#pauseMs = pauseMsMin;
  }

  /// Reports the list of workers, as the API returns it.
  sawWorkers(workers) {
    const ready = workers.some(({state}) => state === 'in_rotation');
    const appeared = ready && !this.#workerReady;
    this.#workerReady = ready;
    if (this.#missing === '') return;
    if (appeared) this.open();
    else if (this.#missing === 'server') this.#lookNow();
  }

  #set(missing) {
    if (missing === this.#missing) return;
    this.#missing = missing;
    this.#change(missing);
  }

  #lookLater() {
    // Many pages may wait for the same server.
    this.#timer = setTimeout(() => this.#lookNow(), this.#pauseMs * (0.75 + Math.random() / 4));
    this.#pauseMs = Math.min(this.#pauseMs * 2, pauseMsMax);
  }

  async #lookNow() {
    if (this.#missing === '') return;
    clearTimeout(this.#timer);
    const look = ++this.#look;
    const missing = await whatIsMissing();
    if (look !== this.#look) return;
    if (missing === '') {
      this.open();
    } else {
      this.#set(missing);
      this.#lookLater();
    }
  }
}
