// Files that the user chooses: folders, links, and more than the page takes at a time.
import './needs_worker.mjs';

import assert from 'node:assert/strict';
import {mkdir, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {after, before, test} from 'node:test';

import {Browser, sample, screenshot} from './browser.mjs';
import {Programs} from './programs.mjs';

const browser = new Browser();
const programs = new Programs();
const classify = '**/api/v1/classify?*';
// A limit against hanging, because hundreds of cards take long on a busy machine.
const hangingMs = 240_000;
let folder;
let image;
let site;

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'samoyed-'));
  image = await readFile(sample.file);
  site = await programs.startDispatcher([await programs.startWorker()]);
});

after(async () => {
  await programs.stop();
  await rm(folder, {recursive: true});
});

async function openPage() {
  const page = await browser.newPage();
  await page.goto(site);
  await page.locator('html.script').waitFor();
  return page;
}

function numberOfCards(page, state, count) {
  return page.waitForFunction(
    ([selector, wanted]) => document.querySelectorAll(selector).length === wanted,
    [`.card${state}`, count], {timeout: hangingMs});
}

/// Drops files and folders as a file manager does.
async function dropFromDesktop(page, files) {
  const session = await page.context().newCDPSession(page);
  const data = {items: [], files, dragOperationsMask: 1};
  for (const type of ['dragEnter', 'dragOver', 'drop']) {
    await session.send('Input.dispatchDragEvent', {type, x: 300, y: 300, data});
  }
}

test('a dropped folder brings its pictures, also those of folders in it', async () => {
  const holidays = path.join(folder, 'holidays');
  await mkdir(path.join(holidays, 'beach', 'empty'), {recursive: true});
  await writeFile(path.join(holidays, 'dog.JPG'), image);
  await writeFile(path.join(holidays, 'notes.txt'), 'no picture');
  await writeFile(path.join(holidays, 'beach', 'sea.png'), image);
  const single = path.join(folder, 'single.jpg');
  await writeFile(single, image);
  const page = await openPage();
  await dropFromDesktop(page, [holidays, single]);
  await numberOfCards(page, '.recognized', 3);
  assert.deepEqual((await page.locator('.card .file').allTextContents()).sort(),
                   ['dog.JPG', 'sea.png', 'single.jpg']);
  assert.equal(await page.locator('.left-out').textContent(), '1 file is no picture and was left out.');
});

test('a dropped folder without pictures is called so', async () => {
  const empty = path.join(folder, 'nothing');
  await mkdir(empty);
  const page = await openPage();
  await dropFromDesktop(page, [empty]);
  await page.locator('.left-out', {hasText: 'There is no picture in what you dropped.'}).waitFor();
  assert.equal(await page.locator('.card').count(), 0);
});

test('a dropped link leaves the page as it is', async () => {
  const page = await openPage();
  await page.evaluate(() => { window.sameDocument = true; });
  await page.dragAndDrop('.tabs a[href="/api"]', '.drop');
  await page.locator('.left-out', {hasText: 'Only files can be dropped here.'}).waitFor();
  assert.equal(page.url(), site);
  assert.equal(await page.evaluate(() => window.sameDocument), true);
});

test('text can be dropped into a field', async () => {
  const page = await openPage();
  await page.evaluate(() => {
    const text = document.createElement('p');
    text.id = 'source';
    text.textContent = 'localhost:1';
    document.querySelector('.workers').append(text);
    getSelection().selectAllChildren(text);
  });
  await page.dragAndDrop('#source', '#address', {sourcePosition: {x: 10, y: 10}});
  assert.equal(await page.locator('#address').inputValue(), 'localhost:1');
});

test('more pictures than are open at a time follow as others finish', async () => {
  const page = await openPage();
  const held = [];
  let free = false;
  const answer = {labels: [{label: 'dog', probability: 0.9}], model: null, times_ms: {total: 1}};
  await page.route(classify, (route) => free ? route.fulfill({json: answer}) : held.push(route));
  const files = Array.from({length: 203}, (_, i) => (
    {name: `${i}.jpg`, mimeType: 'image/jpeg', buffer: Buffer.from('a picture')}));
  await page.setInputFiles('#file', files);
  await numberOfCards(page, '', 200);
  assert.equal(await page.locator('.more').textContent(), '3 more pictures follow as these are done.');
  await screenshot(page, 'many');
  free = true;
  for (const route of held) await route.fulfill({json: answer});
  await numberOfCards(page, '.recognized', 203);
  assert.equal(await page.locator('.more').textContent(), '');
  assert.equal(await page.locator('.left-out').textContent(), '');
});

test('pictures beyond the limit of the list are named', async () => {
  const page = await openPage();
  await page.route(classify, () => {});  // Never answered.
  const files = Array.from({length: 1005}, (_, i) => (
    {name: `${i}.jpg`, mimeType: 'image/jpeg', buffer: Buffer.from('a picture')}));
  await page.setInputFiles('#file', files);
  await page.locator('.left-out', {
    hasText: 'The list holds up to 1000 pictures. Not added: 1000.jpg, 1001.jpg, 1002.jpg and 2 more.'}).waitFor();
});

test('a label that is too unlikely is no headline', async () => {
  const page = await openPage();
  const answer = (probability) => ({labels: [{label: 'cockroach', probability}], model: null,
                                    times_ms: {total: 1}});
  const probabilities = [0.35, 0.349];
  await page.route(classify, (route) => route.fulfill({json: answer(probabilities.shift())}));
  const file = (name) => ({name, mimeType: 'image/jpeg', buffer: image});
  await page.setInputFiles('#file', [file('sure.jpg'), file('unsure.jpg')]);
  await numberOfCards(page, '.recognized', 2);
  const texts = (part) => page.locator(`.card ${part}`).allTextContents();
  assert.deepEqual(await texts('.headline'), ['cockroach', 'Not sure']);
  assert.deepEqual(await texts('.detail'), ['35.0 % sure', 'Perhaps: cockroach (34.9 %)']);
  const log = await page.getByRole('log').textContent();
  assert.match(log, /unsure\.jpg: Not sure, Perhaps: cockroach/);
  await screenshot(page, 'unsure');
});

test('the threshold of a headline is an option, also without JavaScript', async () => {
  const worker = await programs.startWorker();
  for (const [percent, headlines] of [['100', 1], ['0', 0]]) {
    const strict = await programs.startDispatcher([worker], ['--unsure-below', percent]);
    const page = await browser.newPage({javaScriptEnabled: false});
    await page.goto(strict);
    await page.setInputFiles('#file', sample.file);
    await Promise.all([page.waitForEvent('load'), page.getByRole('button', {name: 'Recognize'}).click()]);
    assert.equal(await page.getByRole('heading', {name: 'Not sure'}).count(), headlines);
    assert.equal(await page.getByText(/Perhaps: /).count(), headlines);
    await browser.close();
  }
});

test('the form takes pictures of more than one request without JavaScript', async () => {
  // Bytes behind the last pixel don't matter, but count.
  const files = await Promise.all(Array.from({length: 6}, async (_, i) => {
    const file = path.join(folder, `padded-${i}.jpg`);
    await writeFile(file, Buffer.concat([image, Buffer.alloc(6 << 20)]));
    return file;
  }));
  const page = await browser.newPage({javaScriptEnabled: false});
  await page.goto(site);
  await page.setInputFiles('#file', files);
  await Promise.all([page.waitForEvent('load', {timeout: hangingMs}),
                     page.getByRole('button', {name: 'Recognize'}).click()]);
  assert.equal(await page.locator('h1').textContent(), '6 of 6 pictures recognized');
});

test('the form names its limit when more pictures were chosen without JavaScript', async () => {
  const page = await browser.newPage({javaScriptEnabled: false});
  await page.goto(site);
  assert.ok(await page.getByText('Choose up to 200 at a time.').isVisible());
  const files = Array.from({length: 201}, (_, i) => (
    {name: `${i}.jpg`, mimeType: 'image/jpeg', buffer: Buffer.from('a picture')}));
  await page.setInputFiles('#file', files);
  await Promise.all([page.waitForEvent('load'), page.getByRole('button', {name: 'Recognize'}).click()]);
  assert.match(await page.locator('.message').textContent(), /too many pictures \(limit 200\)/);
});
