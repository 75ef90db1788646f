// Checks every page against the rules of WCAG 2 A and AA that axe-core can test.
import './needs_worker.mjs';

import assert from 'node:assert/strict';
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {createRequire} from 'node:module';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {after, before, test} from 'node:test';

import {Browser, desktop, phone, sample, tooWide} from './browser.mjs';
import {deadAddress, Programs} from './programs.mjs';

const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const image = await readFile(sample.file);
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const browser = new Browser();
const programs = new Programs();
let folder;
let site;
let guarded;

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'samoyed-'));
  const token = path.join(folder, 'token');
  await writeFile(token, 'a secret & more than enough of it\n', {mode: 0o600});
  const worker = await programs.startWorker();
  site = await programs.startDispatcher([worker, deadAddress],
                                        ['--data-dir', path.join(folder, 'data')]);
  guarded = await programs.startDispatcher([worker], ['--admin-token-file', token]);
});

after(async () => {
  await programs.stop();
  await rm(folder, {recursive: true});
});

function imageFile(name, buffer) {
  return {name, mimeType: 'image/jpeg', buffer};
}

async function openCards(page) {
  await page.goto(site);
  await page.locator('html.script').waitFor();
  await page.setInputFiles('#file', [imageFile('one.jpg', image), imageFile('empty.jpg', Buffer.alloc(0))]);
  await page.locator('.card.recognized').waitFor();
  await page.locator('.card.failed').waitFor();
}

async function openSending(page) {
  await page.route('**/api/v1/classify?*', () => {});  // Never answered.
  await page.goto(site);
  await page.locator('html.script').waitFor();
  await page.setInputFiles('#file', [sample.file, sample.file]);
  await page.locator('.card.sending').waitFor();
}

/// Opens the result page of the form without our script. JavaScript stays on, because axe needs it.
function openResult(names) {
  return async (page) => {
    await page.route('**/assets/*/app.js', (route) => route.fulfill({
      contentType: 'text/javascript', body: ''}));
    await page.goto(site);
    await page.setInputFiles('#file', names.map(
      (name) => imageFile(name, name === 'notes.jpg' ? Buffer.from('no image') : image)));
    await page.getByRole('button', {name: 'Recognize'}).click();
    await page.locator('.result').first().waitFor();
  };
}

/// Recognizes an image, then opens the page at `address` with its tables unfolded.
function openKept(address) {
  return async (page) => {
    await openCards(page);
    // A result is stored a moment after its answer, and the page doesn't wait for it.
    const end = Date.now() + 30_000;
    do await page.goto(site + address);
    while (await page.locator('details').count() === 0 && Date.now() < end);
    await page.locator('details').first().waitFor();
    await page.locator('details').evaluateAll((all) => all.forEach((details) => { details.open = true; }));
  };
}

/// Opens the confirmation page, which answers a browser's request that doesn't say where it comes from.
async function openConfirmation(page) {
  const address = `${site}add/10.1.1.1:1`;
  const asked = await fetch(address, {headers: {'User-Agent': 'Mozilla/5.0'}});
  const body = await asked.text();
  await page.route(address, (route) => route.fulfill({contentType: 'text/html', body}));
  await page.goto(address);
  await page.getByText('Confirm this request').waitFor();
}

/// For each page, its address or a function that opens it.
const pages = {
  'the form': '',
  'the API': 'api',
  'an unknown address': 'nowhere',
  'an invalid worker address': 'add/nonsense',
  'cards of images': openCards,
  'images being sent': openSending,
  'a result': openResult(['one.jpg']),
  'several results': openResult(['one.jpg', 'notes.jpg']),
  'no results yet': 'results',
  'results': openKept('results'),
  'no statistics': (page) => page.goto(`${guarded}stats`),
  'statistics': openKept('stats'),
  'a confirmation': openConfirmation,
  'the sign-in form': (page) => page.goto(guarded),
};

/// Returns the violations that axe-core finds.
async function faultsOf(page) {
  const {passes, violations} = await page.evaluate((tags) => window.axe.run(
    document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']}), rules);
  assert.ok(passes.length > 10, 'axe-core checked the page');
  return violations.map(({id, help, nodes}) => ({
    id, help, where: nodes.map(({html, failureSummary}) => `${html}\n${failureSummary}`)}));
}

for (const [name, open] of Object.entries(pages)) {
  test(`${name}: accessible to everyone`, async () => {
    const page = await browser.newPage(phone);
    if (typeof open === 'string') await page.goto(site + open);
    else await open(page);
    await page.evaluate(axeSource);
    for (const [screen, {viewport}] of [['phone', phone], ['desktop', desktop]]) {
      await page.setViewportSize(viewport);
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({colorScheme, reducedMotion: 'reduce'});
        assert.deepEqual(await faultsOf(page), [], `${screen}, ${colorScheme}`);
      }
      assert.equal(await tooWide(page), 0, `${screen}: wider than the window`);
    }
  });
}

test('forced colors leave the current tab, the states of workers and the buttons clear', async () => {
  const page = await browser.newPage({...phone, forcedColors: 'active'});
  await openCards(page);
  const style = (selector, name, pseudo) => page.locator(selector).first().evaluate(
    (element, [property, part]) => getComputedStyle(element, part)[property], [name, pseudo]);
  assert.equal(await style('.tabs a[aria-current]', 'borderTopStyle'), 'solid');
  assert.equal(await style('.tabs a:not([aria-current])', 'borderTopStyle'), 'none');
  await page.locator('.worker.ready').waitFor();
  const canvas = await page.evaluate(() => {
    const probe = document.createElement('span');
    probe.style.color = 'Canvas';
    document.body.append(probe);
    return getComputedStyle(probe).color;
  });
  const dot = await style('.ready .word', 'backgroundColor', '::before');
  assert.ok(dot !== canvas && dot !== 'rgba(0, 0, 0, 0)', `the dot is filled, not ${dot}`);
  for (const selector of ['.clear', '.act button']) {
    const {button, box} = await page.locator(selector).first().evaluate((element) => ({
      button: element.getBoundingClientRect().right,
      box: element.closest('main > section').getBoundingClientRect().right}));
    const padding = parseFloat(await style('main > section', 'paddingRight'));
    assert.ok(button <= box - padding + 0.5, `${selector} overhangs`);
  }
  assert.equal(await tooWide(page), 0);
});
