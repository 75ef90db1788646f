// Keeps the table of workers up to date.
import {basePath} from './base_path.js';
import {millisecondsText, momentText} from './texts.js';

const noNumber = '–';

/// Returns [kind, word, note] of a worker's state. worker_panel.cpp has the same words.
function statusOf({state, probing, in_flight: inFlight}) {
  if (state === 'unknown') return ['unknown', 'Connecting…', ''];
  const probed = probing ? 'being probed' : '';
  if (state === 'removed') return ['removed', 'Offline', probed || 'reconnecting'];
  if (state === 'draining') return ['draining', 'Draining', 'about to stop'];
  return inFlight > 0 ? ['busy', 'Busy', probed] : ['ready', 'Ready', probed];
}

function capitalized(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function numbersOf({done, failed, in_flight: inFlight, latency_ms: latencyMs}) {
  const text = (number) => number === undefined ? noNumber : String(number);
  return {'in-flight': text(inFlight), done: text(done), failed: text(failed),
          latency: latencyMs > 0 ? millisecondsText(latencyMs) : noNumber};
}

/// Returns the announcement for screen readers. The start and end of work are not announced.
function newsOf(address, before, now) {
  if (before === now) return '';
  if (before === undefined) return `${address} was added.`;
  if (now === undefined) return `${address} was deleted.`;
  if (now === 'unknown') return `${address} is connecting.`;
  if (now === 'draining') return `${address} is about to stop.`;
  if (now === 'removed' && before === 'draining') return `${address} has stopped.`;
  return now === 'removed' ? `${address} is offline: it doesn't answer.` : `${address} is ready.`;
}

/// How the search by one DNS name goes. worker_panel.cpp has the same words.
function discoveryText({workers, answered, problem}) {
  const count = `${workers} ${workers === 1 ? 'worker' : 'workers'}`;
  const answer = answered ? `last answer ${momentText(new Date(answered))}` : 'no answer yet';
  return `${count}, ${answer}${problem ? `: ${problem}` : ''}`;
}

// Leaves an unchanged text alone, because the user may be selecting it.
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/// Completes the address of a form that ends in a worker's address.
function setAction(form, path, address) {
  form.action = `${basePath}/${path}/${encodeURI(address)}`;
}

export class WorkerTable {
  #body;
  #count;
  #news;
  #none;
  #seen = new Date();
  #section;
  #stale;
  #states;
  #table;
  #template;

  /// `section` contains the table that the server rendered.
  constructor(section) {
    const part = (selector) => section.querySelector(selector);
    this.#section = section;
    this.#stale = part('.stale');
    this.#table = part('.worker-table');
    this.#body = this.#table.tBodies[0];
    this.#count = part('.count').firstChild;
    this.#news = part('.news');
    this.#none = part('.none');
    this.#template = part('template');
    const rows = [...this.#body.rows];
    const kind = (row) => ['removed', 'draining', 'unknown'].find((state) => row.classList.contains(state));
    this.#states = new Map(rows.map((row) => [this.addressOf(row), kind(row) ?? 'in_rotation']));
  }

  addressOf(row) {
    return row.querySelector('.address').textContent;
  }

  /// Shows that the rows are no longer kept up to date, until `show` is called.
  showLost() {
    this.#showStale(`No connection to the server, reconnecting. Last seen ${momentText(this.#seen)}.`);
  }

  /// Shows that the list needs the admin token again.
  showSignedOut() {
    const link = document.createElement('a');
    link.href = `${basePath}/`;
    link.textContent = 'Sign in';
    this.#showStale(`You are signed out. Last seen ${momentText(this.#seen)}. `, link);
  }

  #showStale(...parts) {
    this.#section.classList.add('lost');
    const sentence = document.createElement('span');
    sentence.append(...parts);
    if (sentence.textContent !== this.#stale.textContent) this.#stale.replaceChildren(sentence);
  }

  /// Shows `workers`, a list as the API returns it.
  show(workers) {
    this.#seen = new Date();
    this.#section.classList.remove('lost');
    this.#stale.replaceChildren();
    const focusedRow = document.activeElement.closest('.worker');
    const placeOfFocus = focusedRow ? focusedRow.rowIndex - 1 : -1;
    const rows = new Map([...this.#body.rows].map((row) => [this.addressOf(row), row]));
    let next = this.#body.firstElementChild;
    for (const worker of workers) {
      const row = rows.get(worker.address) ?? this.#newRow(worker.address);
      rows.delete(worker.address);
      this.#fill(row, worker);
      if (row === next) next = next.nextElementSibling;
      else this.#body.insertBefore(row, next);
    }
    for (const row of rows.values()) row.remove();
    this.#none.hidden = workers.length > 0;
    setText(this.#count, String(workers.filter(({state}) => state === 'in_rotation').length));
    this.#announce(workers);
    if (focusedRow) this.#focusAgain(focusedRow, placeOfFocus);
  }

  /// Shows which dispatcher sees the workers so. Another one may answer from now on.
  showDispatcher(name = '') {
    const line = this.#section.querySelector('.seen-by');
    line.hidden = name === '';
    setText(line.querySelector('bdi'), name);
  }

  /// Shows `discovery`, a list as the API returns it. The names stay the same while the server runs.
  showNames(discovery = []) {
    const list = this.#section.querySelector('.names');
    list.hidden = discovery.length === 0;
    const items = discovery.map((status) => {
      const item = document.createElement('li');
      const name = document.createElement('bdi');
      const text = document.createElement('span');
      item.classList.toggle('problem', Boolean(status.problem));
      name.textContent = status.name;
      text.textContent = discoveryText(status);
      item.append(name, ' ', text);
      return item;
    });
    list.querySelector('ul').replaceChildren(...items);
  }

  #newRow(address) {
    const row = this.#template.content.firstElementChild.cloneNode(true);
    row.querySelector('.address').textContent = address;
    setAction(row.querySelector('.probe'), 'probe', address);
    setAction(row.querySelector('.act form'), 'del', address);
    row.querySelector('.probe button').setAttribute('aria-label', `Try worker ${address} now`);
    row.querySelector('.act button').setAttribute('aria-label', `Delete worker ${address}`);
    return row;
  }

  #fill(row, worker) {
    const [kind, word, note] = statusOf(worker);
    row.className = `worker ${kind}`;
    const found = worker.discovered_by ? `found by ${worker.discovered_by}` : '';
    setText(row.querySelector('.found'), found);
    setText(row.querySelector('.model bdi'), worker.model?.name ?? 'network not known yet');
    setText(row.querySelector('.badge'), worker.model?.trained === false ? 'untrained' : '');
    setText(row.querySelector('.word'), word);
    setText(row.querySelector('.note'), note);
    for (const [name, text] of Object.entries(numbersOf(worker))) {
      setText(row.querySelector(`.${name}`), text);
    }
    this.#fillCause(row, worker);
  }

  #fillCause(row, {state, why = '', since}) {
    const offline = state === 'removed';
    const cause = row.querySelector('.cause');
    const time = cause.querySelector('time');
    setText(cause.querySelector('.why'), offline ? capitalized(why) : '');
    time.dateTime = offline ? since : '';
    setText(time, offline ? `since ${momentText(new Date(since))}` : '');
    cause.hidden = !offline;
    row.querySelector('.probe').hidden = !offline;
  }

  #announce(workers) {
    const states = new Map(workers.map(({address, state}) => [address, state]));
    const addresses = new Set([...this.#states.keys(), ...states.keys()]);
    const news = [...addresses]
      .map((address) => newsOf(address, this.#states.get(address), states.get(address)))
      .filter((sentence) => sentence !== '');
    this.#states = states;
    if (news.length > 0) this.#news.textContent = news.join(' ');
  }

  /// Restores the focus that a moved row has lost. If the row is gone, the next one gets the focus.
  #focusAgain(row, place) {
    if (row.contains(document.activeElement)) return;
    const rows = this.#body.rows;
    const heir = row.isConnected ? row : rows[Math.min(place, rows.length - 1)];
    if (heir) heir.querySelector('.act button').focus();
    else document.querySelector('#address').focus();
  }
}
