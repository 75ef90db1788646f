// Images that the page's script uploads, each with its card.
import './needs_worker.mjs';

import assert from 'node:assert/strict';
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';

import {assertLabels, Browser, desktop, phone, sample, screenshot, tooWide, until} from './browser.mjs';
import {deadAddress, modelIsNull, modelIsTrained, Programs} from './programs.mjs';

const browser = new Browser();
const programs = new Programs();
const classify = '**/api/v1/classify?*';
const needsDecoding = modelIsNull && 'needs workers that decode images, not --model null';
let image;
let worker;
let site;

before(async () => {
  image = await readFile(sample.file);
  worker = await programs.startWorker();
  site = await programs.startDispatcher([worker]);
});

after(() => programs.stop());

function imageFile(name, buffer = image) {
  return {name, mimeType: 'image/jpeg', buffer};
}

function cards(page, state = '') {
  return page.locator(state ? `.card.${state}` : '.card');
}

function cardOf(page, name) {
  return page.locator('.card', {has: page.getByText(name, {exact: true})});
}

function numberOfCards(page, state, count) {
  return page.waitForFunction(
    ([selector, wanted]) => document.querySelectorAll(selector).length === wanted,
    [`.card.${state}`, count]);
}

async function openPage(options) {
  const page = await browser.newPage(options);
  await page.goto(site);
  await page.locator('html.script').waitFor();
  return page;
}

/// A DataTransfer with the files, as in a drop or paste event.
function transferOf(page, files) {
  return page.evaluateHandle((all) => {
    const items = new DataTransfer();
    for (const {name, mimeType, base64} of all) {
      const content = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
      items.items.add(new File([content], name, {type: mimeType}));
    }
    return items;
  }, files.map(({name, mimeType, buffer}) => ({name, mimeType, base64: buffer.toString('base64')})));
}

/// Holds uploads back before they reach the server, until the test releases them.
async function holdUploads(page) {
  const held = [];
  let free = false;
  await page.route(classify, (route) => free ? route.continue() : held.push(route));
  return {
    async reaches(count) {
      await until(`${count} uploads`, () => held.length >= count);
    },
    letFirstGo: () => held[0].continue(),
    letAllGoFrom(place) {
      free = true;
      return Promise.all(held.slice(place).map((route) => route.continue()));
    },
  };
}

test('an uploaded image gets a card with its result', async () => {
  const page = await openPage({...desktop, colorScheme: 'light'});
  await screenshot(page, 'form');
  await page.setInputFiles('#file', sample.file);
  await cards(page, 'recognized').waitFor();
  const card = cards(page);
  await assertLabels(card.locator('.labels'));
  await card.locator('img').waitFor();
  assert.ok(await card.locator('img').evaluate((image) => image.naturalWidth > 0));
  const name = path.basename(sample.file);
  assert.match(await card.textContent(), new RegExp(`^\\s*${name}`));
  assert.ok((await card.locator('.card-facts').textContent()).includes(worker));
  assert.equal(await card.locator('.badge').isVisible(), !modelIsTrained);
  const best = await card.locator('.headline').textContent();
  const detail = await card.locator('.detail').textContent();
  assert.match(detail, /^[0-9.]+ % sure$|^Perhaps: .* %\)$/);
  assert.ok((await page.getByRole('log').textContent()).includes(`${name}: ${best}, ${detail}`));
  assert.equal(page.url(), site);
  assert.equal(await page.getByRole('button', {name: 'Recognize'}).count(), 0);
  await screenshot(page, 'one-card');
});

test('dropping three files, one of them not an image', {skip: needsDecoding}, async () => {
  const page = await openPage({...desktop, colorScheme: 'dark'});
  const notes = {name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('no image')};
  const dataTransfer = await transferOf(page, [imageFile('one.jpg'), notes, imageFile('two.jpg')]);
  // Outside the field on purpose: the whole window accepts drops.
  await page.dispatchEvent('h1', 'dragenter', {dataTransfer});
  assert.match(await page.locator('.drop').getAttribute('class'), /over/);
  await page.dispatchEvent('h1', 'drop', {dataTransfer});
  assert.doesNotMatch(await page.locator('.drop').getAttribute('class'), /over/);
  await numberOfCards(page, 'recognized', 2);
  await cards(page, 'failed').waitFor();
  assert.deepEqual(await page.locator('.card .file').allTextContents(),
                   ['one.jpg', 'notes.txt', 'two.jpg']);
  for (const name of ['one.jpg', 'two.jpg']) await assertLabels(cardOf(page, name).locator('.labels'));
  const failed = cardOf(page, 'notes.txt');
  assert.match(await failed.locator('.detail').textContent(), /JPEG, PNG, BMP, WebP, GIF, TIFF, AVIF, HEIC, JPEG 2000, PNM, PSD, ICO, DIB or TGA/);
  assert.equal(await failed.locator('img').isVisible(), false);
  // Another attempt would fail the same way.
  assert.equal(await failed.getByRole('button', {name: 'Try again'}).count(), 0);
  await screenshot(page, 'three-cards');
  await page.getByRole('button', {name: 'Remove finished'}).click();
  assert.equal(await cards(page).count(), 0);
  assert.equal(await page.locator('.pictures').isVisible(), false);
});

test('markup in labels is shown as text', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'samoyed-labels-'));
  const file = path.join(folder, 'labels.txt');
  const label = (number) => `<i title=x>breed ${number}</i>`;
  await writeFile(file, Array.from({length: 1000}, (_, number) => `${label(number)}\n`).join(''));
  const page = await browser.newPage();
  await page.goto(await programs.startDispatcher([await programs.startWorker('0', ['--labels', file])]));
  await page.setInputFiles('#file', sample.file);
  await cards(page, 'recognized').waitFor();
  const names = await cards(page).locator('.labels tbody th').allTextContents();
  assert.equal(names.length, 5);
  for (const name of names) assert.match(name, /^<i title=x>breed \d+<\/i>$/);
  assert.equal(await cards(page).locator('i').count(), 0);
  await rm(folder, {recursive: true});
});

test('a pasted image is recognized', async () => {
  const page = await openPage();
  const clipboardData = await transferOf(page, [imageFile('image.png')]);
  await page.evaluate((data) => document.body.dispatchEvent(
    new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true})),
                      clipboardData);
  await cards(page, 'recognized').waitFor();
  await assertLabels(cardOf(page, 'image.png').locator('.labels'));
});

test('text can still be pasted into a field', async () => {
  const page = await openPage();
  await page.evaluate(() => {
    const text = new DataTransfer();
    text.setData('text/plain', 'localhost:1');
    window.taken = !document.querySelector('#address').dispatchEvent(
      new ClipboardEvent('paste', {clipboardData: text, bubbles: true, cancelable: true}));
  });
  assert.equal(await page.evaluate(() => window.taken), false);
  assert.equal(await cards(page).count(), 0);
});

test('everything works by keyboard', async () => {
  const page = await openPage();
  // Starts listening before the first key press, not with the last: the two travel separate ways, and a
  // key that arrives first would open a chooser that the test never sees.
  const chooser = new Promise((resolve) => page.once('filechooser', resolve));
  const focused = () => page.evaluate(() => {
    const {activeElement} = document;
    return activeElement.getAttribute('aria-label') || activeElement.id ||
           activeElement.textContent.trim();
  });
  const tabTo = async (name) => {
    const passed = [];
    while (await focused() !== name) {
      passed.push(await focused());
      assert.ok(passed.length < 20, `${name} was not reached, only ${passed}`);
      await page.keyboard.press('Tab');
    }
  };
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'Skip to the content');
  await tabTo('file');
  // On a heavily loaded machine, press and release of the key are so far apart that the chooser is lost again.
  let opened;
  for (let presses = 0; !opened && presses < 3; ++presses) {
    await page.keyboard.press('Space');
    opened = await Promise.race([chooser, sleep(10_000, undefined, {ref: false})]);
  }
  assert.ok(opened, 'Space opens the chooser');
  assert.ok(opened.isMultiple());
  const other = 'another one.jpg';
  await opened.setFiles([imageFile('first.jpg'), imageFile(other)]);
  await numberOfCards(page, 'recognized', 2);
  await tabTo('Remove: first.jpg');
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.equal(outline, 'solid');
  await page.keyboard.press('Enter');
  assert.equal(await focused(), `Remove: ${other}`);
  await page.keyboard.press('Space');
  assert.equal(await focused(), 'file');
  assert.equal(await cards(page).count(), 0);
});

test('a hostile file name is shown as text and does no harm', async () => {
  const name = '"><img src=x onerror=alert(1)>\u202Egpj.<b>%22&amp;.jpg';
  const page = await openPage();
  page.on('dialog', () => browser.complain('the name ran as a script'));
  await page.setInputFiles('#file', imageFile(name));
  await cards(page, 'recognized').waitFor();
  assert.equal(await page.locator('.card .file').textContent(), name);
  assert.equal(await page.locator('.card img, .card b').count(), 1);
});

test('a file that is too large is rejected, and the error arrives', async () => {
  const page = await openPage();
  const folder = await mkdtemp(path.join(tmpdir(), 'samoyed-'));
  const file = path.join(folder, 'large.jpg');
  await writeFile(file, Buffer.alloc(100 << 20));
  await page.setInputFiles('#file', file);
  await cards(page, 'failed').waitFor();
  assert.match(await page.locator('.detail').textContent(), /32 MiB/);
  await rm(folder, {recursive: true});
});

test('the first image is sent alone, then a few at a time', async () => {
  const page = await openPage();
  const uploads = await holdUploads(page);
  await page.setInputFiles('#file', ['1', '2', '3', '4', '5'].map((name) => imageFile(name)));
  await uploads.reaches(1);
  assert.equal(await cards(page, 'sending').count(), 1);
  assert.equal(await cards(page, 'waiting').count(), 4);
  await screenshot(page, 'sending');
  await uploads.letFirstGo();
  await uploads.reaches(4);
  assert.equal(await cards(page, 'sending').count(), 3);
  assert.equal(await cards(page, 'waiting').count(), 1);
  await uploads.letAllGoFrom(1);
  await numberOfCards(page, 'recognized', 5);
});

test('a canceled image is not sent until the user tries again', async () => {
  const page = await openPage();
  const uploads = await holdUploads(page);
  await page.setInputFiles('#file', [imageFile('in flight'), imageFile('waiting'), imageFile('last')]);
  await uploads.reaches(1);
  await page.getByRole('button', {name: 'Cancel: waiting'}).click();
  await page.getByRole('button', {name: 'Cancel: in flight'}).click();
  await uploads.reaches(2);
  assert.match(await cardOf(page, 'last').getAttribute('class'), /sending/);
  assert.equal(await cards(page, 'cancelled').count(), 2);
  const focused = await page.evaluate(() => document.activeElement.getAttribute('aria-label'));
  assert.equal(focused, 'Try again: in flight');
  await uploads.letAllGoFrom(1);
  await numberOfCards(page, 'recognized', 1);
  await page.keyboard.press('Enter');
  await numberOfCards(page, 'recognized', 2);
  assert.match(await cardOf(page, 'waiting').getAttribute('class'), /cancelled/);
});

test('images sent together belong to one visitor', async () => {
  const others = new Programs();
  const folder = await mkdtemp(path.join(tmpdir(), 'samoyed-'));
  try {
    const keeping = await others.startDispatcher([worker], ['--data-dir', folder]);
    const page = await browser.newPage();
    await page.goto(keeping);
    await page.setInputFiles('#file', ['a.jpg', 'b.jpg', 'c.jpg'].map((name) => imageFile(name)));
    await numberOfCards(page, 'recognized', 3);
    const names = async () => {
      const answer = await page.evaluate(() => fetch('/api/v1/results').then((all) => all.json()));
      return answer.results.map(({file_name: name}) => name).sort();
    };
    // Rows are written after the response.
    await until('three results', async () => (await names()).length === 3);
    assert.deepEqual(await names(), ['a.jpg', 'b.jpg', 'c.jpg']);
    await browser.close();
  } finally {
    await others.stop();
    await rm(folder, {recursive: true});
  }
});

test('a phone in dark mode has a button for its camera', async () => {
  const page = await openPage({...phone, colorScheme: 'dark'});
  assert.ok(await page.getByText('Take a photo').isVisible());
  assert.equal(await page.locator('#camera').getAttribute('capture'), 'environment');
  await page.setInputFiles('#camera', sample.file);
  await cards(page, 'recognized').waitFor();
  assert.equal(await tooWide(page), 0);
  await screenshot(page, 'phone-card');
  await browser.close();

  const wide = await openPage(desktop);
  assert.equal(await wide.getByText('Take a photo').isVisible(), false);
});
