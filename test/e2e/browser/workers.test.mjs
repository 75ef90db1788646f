// The table of workers, which updates itself.
import './needs_worker.mjs';

import assert from 'node:assert/strict';
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {networkInterfaces, tmpdir} from 'node:os';
import path from 'node:path';
import {afterEach, beforeEach, test} from 'node:test';

import {Browser, desktop, sample, screenshot} from './browser.mjs';
import {deadAddress, Programs} from './programs.mjs';

const browser = new Browser();
const programs = new Programs();
const events = '**/api/v1/workers/events';
let worker;
let site;

beforeEach(async () => {
  worker = await programs.startWorker();
  site = await programs.startDispatcher([worker]);
});

// Runs after the browser's own afterEach, which closes the page first.
afterEach(() => programs.stop());

function rowOf(page, address) {
  return page.locator('.worker', {has: page.getByText(address, {exact: true})});
}

function addresses(page) {
  return page.locator('.worker .address').allTextContents();
}

/// Opens a page and waits until its script has received the workers.
async function openPage(url = site, options = desktop, prepare = () => {}) {
  const page = await browser.newPage(options);
  await prepare(page);
  await page.addInitScript(() => {
    window.sources = [];
    window.EventSource = class extends EventSource {
      constructor(address) {
        super(address);
        window.sources.push(this);
        this.addEventListener('workers', () => { window.heard = true; });
      }
    };
  });
  await page.goto(url);
  await page.waitForFunction(() => window.heard);
  return page;
}

function focusedLabel(page) {
  return page.evaluate(() => document.activeElement.getAttribute('aria-label') ||
                             document.activeElement.id);
}

test('a site below a path loads, recognizes and lists workers there', async () => {
  const below = `${await programs.startDispatcher([worker], ['--base-path', '/samoyed'])}samoyed/`;
  const page = await openPage(below);
  const asked = [];
  page.on('request', (request) => {
    const {protocol, pathname} = new URL(request.url());
    if (protocol === 'http:') asked.push(pathname);
  });
  await page.getByLabel('Add a worker').fill(deadAddress);
  await page.getByRole('button', {name: 'Add', exact: true}).click();
  await rowOf(page, deadAddress).waitFor();
  await page.setInputFiles('#file', sample.file);
  await page.locator('.card .labels').waitFor();
  await rowOf(page, deadAddress).getByRole('button', {name: `Delete worker ${deadAddress}`}).click();
  await rowOf(page, deadAddress).waitFor({state: 'detached'});
  await page.getByRole('link', {name: 'Statistics'}).click();
  assert.equal(new URL(page.url()).pathname, '/samoyed/stats');
  assert.ok(asked.includes('/samoyed/api/v1/classify'), asked.join());
  assert.deepEqual(asked.filter((path) => !path.startsWith('/samoyed/')), []);
});

test('the script renders the same rows as the server', async () => {
  const many = await programs.startDispatcher([worker, deadAddress]);
  const form = new FormData();
  form.append('file', new Blob([await readFile(sample.file)]), 'a.jpg');
  assert.equal((await fetch(many, {method: 'POST', body: form})).status, 200);
  const rows = (page) => page.locator('.worker').evaluateAll((all) => all.map((row) => row.outerHTML));
  const still = await browser.newPage({javaScriptEnabled: false});
  await still.goto(many);
  const written = await rows(still);
  assert.match(written[0], /Ready/);
  assert.match(written[1], /Connecting…/);
  await browser.close();

  const strip = (url) => (page) => page.route(url, async (route) => {
    const response = await route.fetch();
    const body = await response.text();
    await route.fulfill({response, body: body.replace(/<tr [^>]*class="worker \w+".*?<\/tr>/gs, '')});
  });
  for (const prepare of [() => {}, strip(many)]) {
    const live = await openPage(many, desktop, prepare);
    assert.deepEqual(await rows(live), written);
    await browser.close();
  }
});

test('the page says how the lookups of workers by DNS go', async () => {
  // No DNS server listens there.
  const finding = await programs.startDispatcher([], ['--discover', 'workers.test.:8888', '--dns-server', '127.0.0.1:1']);
  const names = (page) => page.locator('.names').evaluate(({outerHTML}) => outerHTML.replace(/\n/g, ''));
  const still = await browser.newPage({javaScriptEnabled: false});
  const problem = (page) => page.locator('.names li.problem', {
    hasText: 'workers.test.:8888 0 workers, no answer yet: no DNS server can be reached'});
  do await still.goto(finding); while (!await problem(still).isVisible());
  const written = await names(still);
  await browser.close();

  const live = await openPage(finding);
  await problem(live).waitFor();
  assert.equal(await names(live), written);
  await screenshot(live, 'dns-problem');
  await browser.close();

  const event = {workers: [], discovery: [{name: 'a:1', workers: 1, answered: '2026-01-31T12:00:00.000Z'}]};
  const found = await openPage(finding, desktop, (opened) => opened.route(events, (route) => route.fulfill(
    {contentType: 'text/event-stream', body: `event: workers\ndata: ${JSON.stringify(event)}\n\n`})));
  await found.locator('.names li:not(.problem)', {hasText: /^a:1 1 worker, last answer .*2026/}).waitFor();
});

test('the table shows a killed worker as offline, and as ready when it is back', async () => {
  const page = await openPage();
  const row = rowOf(page, worker);
  await row.getByText('Ready').waitFor();
  assert.match(await page.locator('.count').textContent(), /^1 /);
  await page.evaluate(() => { window.sameDocument = true; });
  const button = page.getByRole('button', {name: `Delete worker ${worker}`});
  await button.focus();
  programs.signal(worker, 'SIGKILL');
  await row.getByText('Offline').waitFor();
  assert.match(await page.locator('.count').textContent(), /^0 /);
  assert.equal(await page.locator('.news').textContent(), `${worker} is offline: it doesn't answer.`);
  assert.equal(await focusedLabel(page), `Delete worker ${worker}`);
  await screenshot(page, 'removed');

  await programs.startWorker(worker.split(':')[1]);
  await row.getByText('Ready').waitFor();
  assert.equal(await page.locator('.news').textContent(), `${worker} is ready.`);
  assert.equal(await focusedLabel(page), `Delete worker ${worker}`);
  assert.equal(await page.evaluate(() => window.sameDocument), true);
});

test('a worker that has an image is busy, which is not announced', async () => {
  const page = await openPage();
  const row = rowOf(page, worker);
  await row.getByText('Ready').waitFor();
  programs.signal(worker, 'SIGSTOP');
  await page.setInputFiles('#file', sample.file);
  await row.getByText('Busy').waitFor();
  assert.equal(await row.locator('.in-flight').textContent(), '1');
  await screenshot(page, 'busy');
  programs.signal(worker, 'SIGCONT');
  await row.getByText('Ready').waitFor();
  assert.equal(await row.locator('.in-flight').textContent(), '0');
  assert.equal(await row.locator('.done').textContent(), '1');
  assert.match(await row.locator('.latency').textContent(), /^[0-9.]+ ms$/);
  assert.equal(await page.locator('.news').textContent(), '');
});

test('workers are added and deleted by keyboard, and the page stays', async () => {
  const page = await openPage();
  await page.evaluate(() => { window.sameDocument = true; });
  await page.getByLabel('Add a worker').focus();
  await page.keyboard.type('[::1]:4321');
  await page.keyboard.press('Enter');
  await rowOf(page, '[::1]:4321').waitFor();
  assert.deepEqual(await addresses(page), [worker, '[::1]:4321']);
  assert.equal(await page.getByLabel('Add a worker').inputValue(), '');
  assert.equal(await page.locator('.news').textContent(), '[::1]:4321 was added.');
  await page.keyboard.type('nonsense');
  await page.keyboard.press('Enter');
  await page.getByText('HOST:PORT').waitFor();
  assert.equal(await focusedLabel(page), 'address');
  await screenshot(page, 'bad-address');

  await page.keyboard.press('Shift+Tab');
  assert.equal(await focusedLabel(page), 'Delete worker [::1]:4321');
  await page.keyboard.press('Shift+Tab');
  assert.equal(await focusedLabel(page), `Delete worker ${worker}`);
  await page.keyboard.press('Enter');
  await rowOf(page, worker).waitFor({state: 'detached'});
  assert.equal(await focusedLabel(page), 'Delete worker [::1]:4321');
  await page.keyboard.press('Space');
  await page.getByText('There is no worker yet').waitFor();
  assert.equal(await focusedLabel(page), 'address');
  assert.equal(await page.evaluate(() => window.sameDocument), true);
});

/// An address of this machine that is not a "trustworthy origin". With it a browser sends fewer headers about
/// where a request comes from.
const ownAddress = Object.values(networkInterfaces()).flat()
  .find(({family, internal}) => family === 'IPv4' && !internal)?.address;

test('workers can be added and deleted over plain HTTP from another address too',
     {skip: !ownAddress && 'needs a network address other than loopback'}, async () => {
  const page = await openPage(await programs.startDispatcher([], [], ownAddress));
  await page.getByLabel('Add a worker').fill('127.0.0.1:4321');
  await page.getByRole('button', {name: 'Add', exact: true}).click();
  await page.getByRole('button', {name: 'Delete worker 127.0.0.1:4321'}).click();
  await page.getByText('There is no worker yet').waitFor();
});

test('an offline worker says why and since when, and is tried at the press of a button', async () => {
  const page = await openPage();
  const row = rowOf(page, worker);
  await row.getByText('Ready').waitFor();
  assert.equal(await row.locator('.cause').isVisible(), false);
  await programs.kill(worker);
  await row.getByText('Offline').waitFor();
  assert.match(await row.locator('.why').textContent(), /^[A-Z].* /);
  assert.match(await row.locator('time').textContent(), /^since \d\d:\d\d:\d\d$/);
  await screenshot(page, 'offline');
  await programs.startWorker(worker.split(':')[1]);
  const [tried] = await Promise.all([
    page.waitForResponse(/\/probe$/),
    row.getByRole('button', {name: `Try worker ${worker} now`}).click()]);
  assert.equal(tried.status(), 200);
  await row.getByText('Ready').waitFor();
});

test('a worker that stops is shown as draining and then as stopped, without a word of failure', async () => {
  const page = await openPage();
  const row = rowOf(page, worker);
  await row.getByText('Ready').waitFor();
  programs.signal(worker, 'SIGTERM');
  await row.getByText('Draining').waitFor();
  assert.equal(await page.locator('.news').textContent(), `${worker} is about to stop.`);
  await row.getByText('Offline').waitFor();
  assert.equal(await page.locator('.news').textContent(), `${worker} has stopped.`);
  assert.equal(await row.locator('.why').textContent(), 'It was stopped');
  await programs.startWorker(worker.split(':')[1]);
  await row.getByText('Ready').waitFor();
});

test('an offline worker is tried without JavaScript too', async () => {
  const page = await browser.newPage({javaScriptEnabled: false});
  // The page never says that a worker is offline that has never answered.
  do await page.goto(site); while (!await rowOf(page, worker).getByText('Ready').isVisible());
  await programs.kill(worker);
  const button = page.getByRole('button', {name: `Try worker ${worker} now`});
  do await page.goto(site); while (!await button.isVisible());
  assert.match(await rowOf(page, worker).locator('time').textContent(), /^since .* UTC$/);
  await programs.startWorker(worker.split(':')[1]);
  await button.click();
  await page.waitForURL(`${site}probe/${worker}`);
  assert.match(await page.locator('.message').textContent(), /shows whether .* answers/);
});

test('a worker that is in the list already is called so', async () => {
  const page = await openPage();
  await page.getByLabel('Add a worker').fill(worker);
  await page.keyboard.press('Enter');
  await page.getByText(`${worker} is already in the list.`).waitFor();
  await page.getByLabel('Add a worker').fill('127.0.0.1:4321');
  await page.keyboard.press('Enter');
  await rowOf(page, '127.0.0.1:4321').waitFor();
  assert.equal(await page.locator('.fine').textContent(), '');
  assert.equal((await page.goto(`${site}add/${worker}`)).status(), 200);
  assert.match(await page.locator('.message').textContent(), /is already in the list/);
});

test('an error that is not JSON is reported', async () => {
  const page = await openPage();
  await page.route('**/api/v1/workers', (route) => route.fulfill({status: 502, body: '<h1>Bad gateway</h1>'}));
  await page.getByLabel('Add a worker').fill('127.0.0.1:4321');
  await page.keyboard.press('Enter');
  await page.getByText('The server answered with status 502.').waitFor();
});

test('a worker that was ready and has yet to answer again is announced as connecting', async () => {
  const page = await openPage(site, desktop, (opened) => opened.route(events, (route) => {
    const event = (state) => `event: workers\ndata: {"workers":[{"address":"a:1","model":null,"state":"${state}"}]}\n\n`;
    return route.fulfill({contentType: 'text/event-stream', body: event('in_rotation') + event('unknown')});
  }));
  await page.locator('.news', {hasText: 'a:1 is connecting.'}).waitFor();
});

test('the stream is closed while the page is hidden', async () => {
  const page = await openPage();
  const turn = (state) => page.evaluate((wanted) => {
    Object.defineProperty(document, 'visibilityState', {value: wanted, configurable: true});
    document.dispatchEvent(new Event('visibilitychange'));
    return window.sources.map(({readyState}) => readyState === EventSource.CLOSED);
  }, state);
  assert.deepEqual(await turn('hidden'), [true]);
  assert.equal((await fetch(`${site}add/127.0.0.1:4321`)).status, 200);
  assert.deepEqual(await turn('visible'), [true, false]);
  await rowOf(page, '127.0.0.1:4321').waitFor();
});

test('the page reconnects after a rejected stream', async () => {
  let refused = 0;
  const page = await openPage(site, desktop, (opened) => opened.route(events, (route) => {
    ++refused;
    return refused < 3 ? route.fulfill({status: 503, body: ''}) : route.continue();
  }));
  assert.equal(refused, 3);
  await fetch(`${site}add/127.0.0.1:4321`);
  await rowOf(page, '127.0.0.1:4321').waitFor();
});

test('with an admin token only signed-in users get the stream', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'samoyed-'));
  const file = path.join(folder, 'token');
  await writeFile(file, 'a secret & more than enough of it\n', {mode: 0o600});
  const guarded = await programs.startDispatcher([worker], ['--admin-token-file', file]);
  await rm(folder, {recursive: true});
  assert.equal((await fetch(`${guarded}api/v1/workers/events`)).status, 401);
  const page = await browser.newPage();
  const asked = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await page.goto(guarded);
  await page.locator('html.script').waitFor();
  assert.ok(!asked.includes('/api/v1/workers/events'));
  await page.getByLabel('Admin token').fill('a secret & more than enough of it');
  await page.getByRole('button', {name: 'Sign in'}).click();
  await rowOf(page, worker).waitFor();
  await page.locator('html.script').waitFor();
  await page.getByLabel('Add a worker').fill('127.0.0.1:4321');
  await page.keyboard.press('Enter');
  await rowOf(page, '127.0.0.1:4321').waitFor();
  assert.ok(asked.includes('/api/v1/workers/events'));
});
