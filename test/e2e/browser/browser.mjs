// A real browser, whose complaints fail the test that caused them.
import assert from 'node:assert/strict';
import {mkdirSync} from 'node:fs';
import path from 'node:path';
import {after, afterEach, before} from 'node:test';

import {chromium} from 'playwright-core';

import {modelIsTrained, sampleImage} from './programs.mjs';

const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
               '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const screenshotDir = process.env.SAMOYED_SCREENSHOT_DIR;

export const sample = sampleImage();

export const desktop = {viewport: {width: 1280, height: 900}};
export const phone = {viewport: {width: 360, height: 740}, hasTouch: true, isMobile: true};

/// For a test file, to be called once: the browser starts before its tests and ends after them.
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

  /// A page in a window of its own. What the browser complains about (a violated
  /// Content-Security-Policy, an error in the script) fails the test; that a page has status 4xx or
  /// 5xx, which it notes too, doesn't.
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
      // What a page still loaded when the next one was asked for.
      if (why !== 'net::ERR_ABORTED') this.complain(`${request.url()}: ${why}`);
    });
    return page;
  }

  /// The window, with its cookies; before the programs end that its page still asks for something.
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

  /// For what a test provokes.
  forgive() {
    this.#complaints = [];
  }
}

/// With SAMOYED_SCREENSHOT_DIR set: of the whole page, for somebody to look at.
export async function screenshot(page, name) {
  if (!screenshotDir) return;
  await page.screenshot({path: path.join(screenshotDir, `${name}.png`), fullPage: true});
}

/// Checks a table of the five likeliest categories.
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

/// How far a page is wider than its window, in pixels.
export function tooWide(page) {
  return page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}
