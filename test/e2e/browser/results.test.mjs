// The results page: visitors find their earlier results again, with the real programs.
import './needs_worker.mjs';

import assert from 'node:assert/strict';
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {after, before, test} from 'node:test';

import {Browser, desktop, phone, sample, screenshot, tooWide} from './browser.mjs';
import {Programs} from './programs.mjs';

const token = 'a secret & more than enough of it';
const pageRows = 24;
const plain = {javaScriptEnabled: false};
const image = await readFile(sample.file);
const browser = new Browser();
const programs = new Programs();
let folder;
let worker;
let site;

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'samoyed-'));
  worker = await programs.startWorker();
  site = await programs.startDispatcher([worker], ['--data-dir', path.join(folder, 'data')]);
});

after(async () => {
  await programs.stop();
  await rm(folder, {recursive: true});
});

/// Uploads images by the form, as a visitor without JavaScript does.
async function upload(page, names, to = site) {
  for (const name of names) {
    await page.goto(to);
    await page.setInputFiles('#file', {name, mimeType: 'image/jpeg', buffer: image});
    await Promise.all([page.waitForEvent('load'),
                       page.getByRole('button', {name: 'Recognize'}).click()]);
    await page.locator('table.labels').waitFor();
  }
}

/// Sends more images of the same visitor, as the form does, without opening a page for each.
async function uploadMore(more, to = site) {
  const cookie = (await browser.cookies()).map(({name, value}) => `${name}=${value}`).join('; ');
  for (const name of more) {
    const form = new FormData();
    form.append('file', new Blob([image], {type: 'image/jpeg'}), name);
    const answer = await fetch(to, {method: 'POST', headers: {cookie}, body: form});
    assert.equal(answer.status, 200);
  }
}

/// Opens a new window for the same visitor.
async function comeBack(options) {
  const cookies = await browser.cookies();
  await browser.close();
  return browser.newPage({...options, storageState: {cookies, origins: []}});
}

function numbered(from, to) {
  return Array.from({length: to - from + 1}, (_, i) => `picture ${from + i}.jpg`);
}

function names(page) {
  return page.locator('.entry-file').allTextContents();
}

function link(page, name) {
  return page.getByRole('link', {name, exact: true});
}

/// Follows a link, and waits for the whole page: its list may arrive in parts.
async function follow(page, name) {
  await link(page, name).click();
  await page.waitForLoadState();
}

test('earlier results are found again, page by page, without JavaScript', async () => {
  const page = await browser.newPage({...desktop, ...plain});
  const count = pageRows + 3;
  await upload(page, numbered(1, 3));
  await uploadMore(numbered(4, count));
  await follow(page, 'Results');
  assert.equal(await link(page, 'Results').getAttribute('aria-current'), 'page');
  assert.deepEqual(await names(page), numbered(4, count).reverse());
  assert.equal(await page.locator('.entry .thumbnail').count(), pageRows);
  await follow(page, 'Older');
  assert.deepEqual(await names(page), numbered(1, 3).reverse());
  assert.equal(await link(page, 'Older').count(), 0);
  await follow(page, 'Newer');
  assert.deepEqual(await names(page), numbered(4, count).reverse());
  assert.match(await page.locator('.entry time').first().textContent(), /^\d{4}-\d\d-\d\d .* UTC$/);

  const first = page.locator('.entry').first();
  await first.getByText('Details').click();
  assert.equal(await first.locator('table.labels tbody tr').count(), 5);
  const facts = await first.locator('.facts').textContent();
  assert.ok(facts.includes(worker), 'the page names the worker that answered');
  assert.ok(facts.includes(`${image.length} bytes`));
});

test("times are shown in the visitor's time zone", async () => {
  const before = await browser.newPage(plain);
  await upload(before, ['now.jpg']);
  const page = await comeBack({...desktop, timezoneId: 'Pacific/Auckland'});
  await page.goto(`${site}results`);
  const time = page.locator('.entry time').first();
  // Accepts both, because a result from just before midnight becomes yesterday's during the test.
  assert.match(await time.textContent(), /^(today|yesterday), \d\d:\d\d$/);
  assert.match(await time.getAttribute('title'), /GMT\+1[23]|NZ[SD]T/);
  for (const image of await page.locator('img.thumbnail').all()) {
    assert.ok(await image.evaluate((shown) => shown.decode().then(() => shown.naturalWidth > 0)));
  }
  await screenshot(page, 'results');
});

test('times use the same digits whatever the language of the browser is', async () => {
  await upload(await browser.newPage(plain), ['dog.jpg']);
  const page = await comeBack({...desktop, locale: 'ar-EG'});
  await page.goto(`${site}results`);
  const times = page.locator('time');
  assert.ok(await times.count() > 0);
  for (const time of await times.all()) {
    assert.match(await time.textContent(), /^[\x20-\x7e]+$/);
    assert.match(await time.getAttribute('title'), /^[\x20-\x7e]+$/);
  }
});

async function download(page, name) {
  const [file] = await Promise.all([page.waitForEvent('download'), link(page, name).click()]);
  return {name: file.suggestedFilename(), text: await readFile(await file.path(), 'utf8')};
}

test('all results can be saved as files, and are safe in a spreadsheet', async () => {
  const page = await browser.newPage(plain);
  const sent = ['=HYPERLINK("x").jpg', ...numbered(1, pageRows + 1)];
  await upload(page, sent.slice(0, 2));
  await uploadMore(sent.slice(2));
  await page.goto(`${site}results`);
  const csv = await download(page, 'Save as CSV');
  assert.equal(csv.name, 'results.csv');
  assert.equal(csv.text.trimEnd().split('\r\n').length, 1 + sent.length);
  assert.ok(csv.text.includes(`"'=HYPERLINK(`), 'no cell begins with a formula');
  const json = await download(page, 'Save as JSON');
  assert.equal(json.name, 'results.json');
  const {results} = JSON.parse(json.text);
  assert.deepEqual(results.map((result) => result.file_name.replaceAll('%22', '"')),
                   sent.toReversed());
  assert.equal(results[0].labels.length, 5);
  assert.ok(results[0].times_ms.total > 0);
});

test('only their visitor sees and deletes results', async () => {
  const page = await browser.newPage({...desktop, ...plain});
  await upload(page, ['mine.jpg', 'mine too.jpg']);
  const keep = await comeBack(plain);
  await keep.goto(`${site}results`);
  assert.deepEqual(await names(keep), ['mine too.jpg', 'mine.jpg']);
  const outsider = await keep.context().browser().newContext(plain);
  const other = await outsider.newPage();
  await other.goto(`${site}results`);
  assert.match(await other.locator('.history').textContent(), /Nothing here yet/);
  await outsider.close();

  const button = keep.getByRole('button', {name: 'Yes, delete all my results'});
  assert.equal(await button.isVisible(), false);
  await keep.getByText('Delete my results').click();
  await button.click();
  assert.equal(await keep.locator('h1').textContent(), 'Your results are deleted');
  assert.match(await keep.locator('.message').textContent(), /2 results were permanently deleted/);
  await link(keep, 'Results').click();
  assert.deepEqual(await names(keep), []);
  await link(keep, 'Recognize a picture').click();
  assert.equal(keep.url(), site);
});

test("another site's page deletes nothing", async () => {
  const page = await browser.newPage();
  await page.setContent(`<form method="post" action="${site}results/delete"><button>Dogs</button></form>`);
  const [response] = await Promise.all([page.waitForResponse(/delete/),
                                        page.locator('button').click()]);
  assert.equal(response.status(), 403);
  assert.equal(response.headers()['samoyed-reason'], 'cross_site');
});

test('a hostile file name is shown as text and does no harm', async () => {
  const name = '<img src=x onerror=alert(1)>\u202Egpj.<b>&amp;.jpg';
  const before = await browser.newPage(plain);
  await upload(before, [name]);
  const page = await comeBack(desktop);
  page.on('dialog', () => browser.complain('the name ran as a script'));
  await page.goto(`${site}results`);
  assert.deepEqual(await names(page), [name]);
  assert.equal(await page.locator('.entry-file img, .entry-file b').count(), 0);
});

test("the operator sees everyone's results", async () => {
  const file = path.join(folder, 'token');
  await writeFile(file, token, {mode: 0o600});
  const guarded = await programs.startDispatcher(
    [worker], ['--data-dir', path.join(folder, 'guarded'), '--admin-token-file', file]);
  const visitor = await browser.newPage(plain);
  await upload(visitor, ['secret.jpg'], guarded);
  await visitor.goto(`${guarded}results`);
  assert.ok(!(await visitor.content()).includes(worker), 'the page does not name the worker');
  assert.equal((await visitor.goto(`${guarded}results?all=true`)).status(), 401);
  await browser.close();

  const page = await browser.newPage({...desktop, ...plain});
  await page.goto(guarded);
  await page.getByLabel('Admin token').fill(token);
  await page.getByRole('button', {name: 'Sign in'}).click();
  await follow(page, 'Results');
  assert.deepEqual(await names(page), []);
  await follow(page, "Everyone's");
  assert.deepEqual(await names(page), ['secret.jpg']);
  assert.ok((await page.content()).includes(worker));
  assert.equal(await page.getByText('Delete my results').count(), 0);
});

test('a server that stores no results says how to change that', async () => {
  const forgetful = await programs.startDispatcher([worker]);
  const page = await browser.newPage(plain);
  for (const part of ['Results', 'Statistics']) {
    await page.goto(forgetful);
    await link(page, part).click();
    assert.equal(await page.locator('h1').textContent(), 'No results are kept');
    assert.match(await page.locator('main').textContent(), /--data-dir FOLDER/);
    const lines = await page.locator('main code').evaluateAll(
      (all) => all.map((code) => code.getClientRects().length));
    assert.deepEqual(lines, [1, 1, 1], 'a program or an option is broken into lines');
  }
});

test('results fit a phone in dark mode', async () => {
  const before = await browser.newPage(plain);
  await upload(before, ['a rather long name of a photograph that was taken on holiday at the sea.jpeg']);
  const page = await comeBack({...phone, colorScheme: 'dark'});
  await page.goto(`${site}results`);
  await page.locator('.entry summary').click();
  await page.getByText('Delete my results').click();
  assert.equal(await tooWide(page), 0);
  await screenshot(page, 'phone-results');
});
