// A real browser. Its errors and warnings fail the test that caused them.
import assert from 'node:assert/strict';
import {mkdirSync} from 'node:fs';
import path from 'node:path';
import {after, afterEach, before} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';

import {chromium} from 'playwright-core';

import {modelIsTrained, sampleImage} from './programs.mjs';

const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
               '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const waitTimeoutMs = 30_000;
const screenshotDir = process.env.SAMOYED_SCREENSHOT_DIR;

export const sample = sampleImage();

export const desktop = {viewport: {width: 1280, height: 900}};
export const phone = {viewport: {width: 360, height: 740}, hasTouch: true, isMobile: true};

/// The browser of a test file. Construct it once: it starts before the file's tests and ends after them.
export class Browser {
  #browser;
  #context;
  #complaints = [];

  constructor() {
    before(async () => {
      if (screenshotDir) mkdirSync(screenshotDir, {recursive: true});
      this.#browser = await chromium.launch({executablePath: '/usr/bin/chromium', args: flags});
    });
    after(() => this.#browser?.close());
    afterEach(async () => {
      await this.close();
      const heard = this.#complaints;
      this.forgive();
      assert.deepEqual(heard, [], 'the browser complained');
    });
  }

  /// Opens a page in its own window. An error that the browser reports (a violated Content-Security-Policy,
  /// an error in the script) fails the test. It also reports every 4xx or 5xx response; those don't.
  async newPage(options = {}) {
    this.#context = await this.#browser.newContext(options);
    const page = await this.#context.newPage();
    page.on('pageerror', (error) => this.complain(String(error)));
    page.on('console', (message) => {
      const ofStatus = message.text().startsWith('Failed to load resource: the server responded');
      if (['error', 'warning'].includes(message.type()) && !ofStatus) this.complain(message.text());
    });
    page.on('requestfailed', (request) => {
      const why = request.failure().errorText;
      // The page was still loading something when the next one was requested.
      if (why !== 'net::ERR_ABORTED') this.complain(`${request.url()}: ${why}`);
    });
    return page;
  }

  /// Closes the window and drops its cookies. Call it before stopping programs that the page still uses.
  async close() {
    await this.#context?.close();
    this.#context = undefined;
  }

  cookies() {
    return this.#context.cookies();
  }

  complain(what) {
    this.#complaints.push(what);
  }

  /// Forgets the errors that a test provoked on purpose.
  forgive() {
    this.#complaints = [];
  }
}

/// Waits until the condition holds. The error names `what` if that takes too long; so do Playwright's own waits.
export async function until(what, condition) {
  const end = Date.now() + waitTimeoutMs;
  while (!await condition()) {
    assert.ok(Date.now() < end, `waited ${waitTimeoutMs / 1000} s for ${what}`);
    await sleep(10);
  }
}

/// Takes a screenshot of the whole page for a person to look at, if SAMOYED_SCREENSHOT_DIR is set.
export async function screenshot(page, name) {
  if (!screenshotDir) return;
  await page.screenshot({path: path.join(screenshotDir, `${name}.png`), fullPage: true});
}

/// Checks a table of the five most likely categories.
export async function assertLabels(table) {
  const rows = await table.locator('tbody tr').evaluateAll((all) => all.map((row) => [
    row.querySelector('th').textContent, row.querySelector('.fill').getAttribute('width'),
    row.querySelector('.number').textContent]));
  assert.equal(rows.length, 5);
  for (const [, width, confidence] of rows) assert.equal(`${width}%`, confidence);
  if (!modelIsTrained) return;
  const names = rows.map(([name]) => name);
  if (sample.isDog) {
    assert.deepEqual(names.slice(0, 2), ['Samoyed', 'Great Pyrenees']);
    assert.equal(rows[0][2], '93.009%');
  } else {
    assert.equal(names[0], 'Egyptian cat');
  }
}

/// By how many pixels a page is wider than its window.
export function tooWide(page) {
  return page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}
