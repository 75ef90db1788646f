// The pages as the server renders them, mostly without JavaScript, served by the real programs.
import './needs_worker.mjs';

import assert from 'node:assert/strict';
import {mkdirSync} from 'node:fs';
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {createServer} from 'node:http';
import {networkInterfaces, tmpdir} from 'node:os';
import path from 'node:path';
import {after, afterEach, before, describe, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';

import {assertLabels, Browser, desktop, phone, sample, screenshot, tooWide} from './browser.mjs';
import {deadAddress, modelIsNull, modelIsTrained, Programs} from './programs.mjs';

const browser = new Browser();
const programs = new Programs();
let worker;
let site;

before(async () => {
  worker = await programs.startWorker();
  site = await programs.startDispatcher([worker]);
});

after(() => programs.stop());

const plain = {javaScriptEnabled: false};

async function recognize(page) {
  await Promise.all([page.waitForURL(site), page.waitForEvent('load'),
                     page.getByRole('button', {name: 'Recognize'}).click()]);
}

async function assertRecognized(page) {
  await assertLabels(page.locator('table.labels'));
  const notice = page.getByText('The network is untrained: its labels mean nothing.');
  assert.equal(await notice.count(), modelIsTrained ? 0 : 1);
}

function heading(page) {
  return page.locator('h1').textContent();
}

test('an uploaded image gives a page with its table of labels', async () => {
  const page = await browser.newPage({...desktop, ...plain, colorScheme: 'light'});
  await page.goto(site);
  await screenshot(page, 'plain-form');
  await page.setInputFiles('#file', sample.file);
  await recognize(page);
  await assertRecognized(page);
  const columns = await page.locator('table.labels thead th').allTextContents();
  assert.deepEqual(columns, ['Category', 'Probability', 'Confidence']);
  const facts = await page.locator('.facts').textContent();
  assert.match(facts, new RegExp(path.basename(sample.file)));
  assert.ok(facts.includes(worker), 'the page names the worker that answered');
  const shown = page.locator('.picture img');
  assert.ok(await shown.evaluate((image) => image.complete && image.naturalWidth > 0));
  await screenshot(page, 'plain-result');
});

const needsDecoding = modelIsNull && 'needs workers that decode images, not --model null';

test('a file that is not an image gets an error that names the formats', {skip: needsDecoding}, async () => {
  const page = await browser.newPage(plain);
  await page.goto(site);
  await page.setInputFiles('#file', {name: 'notes.txt', mimeType: 'text/plain',
                                     buffer: Buffer.from('no image at all')});
  const [response] = await Promise.all([page.waitForResponse(site),
                                        page.getByRole('button', {name: 'Recognize'}).click()]);
  assert.equal(response.status(), 415);
  await page.waitForLoadState();
  assert.match(await page.locator('.message').textContent(), /JPEG, PNG, BMP, WebP, GIF, TIFF, AVIF, HEIC, JPEG 2000, PNM, PSD, ICO, DIB or TGA/);
  await screenshot(page, 'no-image');
});

test('a file that is too large is rejected, and the error arrives', async () => {
  const page = await browser.newPage(plain);
  await page.goto(site);
  const folder = await mkdtemp(path.join(tmpdir(), 'samoyed-'));
  const file = path.join(folder, 'large.jpg');
  await writeFile(file, Buffer.alloc(100 << 20));
  await page.setInputFiles('#file', file);
  const [response] = await Promise.all([page.waitForResponse(site),
                                        page.getByRole('button', {name: 'Recognize'}).click()]);
  assert.equal(response.status(), 413);
  await page.waitForLoadState();
  assert.match(await page.locator('.message').textContent(), /32 MiB/);
  await rm(folder, {recursive: true});
});

test('a hostile file name is shown as text and does no harm', async () => {
  const name = '"><img src=x onerror=alert(1)>\u202Egpj.<b>%22&amp;.jpg';
  const page = await browser.newPage(plain);
  page.on('dialog', () => browser.complain('the name ran as a script'));
  await page.goto(site);
  await page.setInputFiles('#file', {name, mimeType: 'image/jpeg',
                                     buffer: await readFile(sample.file)});
  await recognize(page);
  const shown = await page.locator('.facts dd').first().textContent();
  // A browser sends a quotation mark as %22, so a %22 in the name itself can't be told apart from it.
  assert.equal(shown, name.replace('%22', '"'));
  assert.equal(await page.locator('.facts img, .facts b').count(), 0);
});

test('several images are recognized in one request', {skip: needsDecoding}, async () => {
  const page = await browser.newPage(plain);
  await page.goto(site);
  const buffer = await readFile(sample.file);
  await page.setInputFiles('#file', [
    {name: 'one.jpg', mimeType: 'image/jpeg', buffer},
    {name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('no image at all')},
    {name: 'two.jpg', mimeType: 'image/jpeg', buffer}]);
  await recognize(page);
  assert.equal(await heading(page), '2 of 3 pictures recognized');
  const parts = page.locator('main > section[aria-labelledby^=answer]');
  assert.equal(await parts.count(), 3);
  for (const [place, name] of [[0, 'one.jpg'], [2, 'two.jpg']]) {
    await assertLabels(parts.nth(place).locator('table.labels'));
    assert.match(await parts.nth(place).locator('.facts').textContent(), new RegExp(name));
  }
  assert.match(await parts.nth(1).textContent(), /notes\.txt.*JPEG, PNG, BMP, WebP, GIF, TIFF, AVIF, HEIC, JPEG 2000, PNM, PSD, ICO, DIB or TGA/s);
  await screenshot(page, 'plain-several');
});

test('workers are added and deleted through the page', async () => {
  const page = await browser.newPage(plain);
  await page.goto(site);
  const addresses = () => page.locator('.workers .address').allTextContents();
  assert.deepEqual(await addresses(), [worker]);

  await page.getByLabel('Add a worker').fill('[::1]:4321');
  await page.getByRole('button', {name: 'Add', exact: true}).click();
  await page.waitForURL(`${site}add/[::1]:4321`);
  assert.equal(await heading(page), 'Add worker successful');
  assert.deepEqual(await addresses(), [worker, '[::1]:4321']);
  await screenshot(page, 'plain-added');

  await page.getByRole('button', {name: 'Delete worker [::1]:4321'}).click();
  await page.waitForURL(/\/del\//);
  assert.equal(await heading(page), 'Delete worker successful');
  assert.deepEqual(await addresses(), [worker]);

  await page.getByLabel('Add a worker').fill('nonsense');
  await page.getByRole('button', {name: 'Add', exact: true}).click();
  await page.waitForURL(`${site}add/nonsense`);
  assert.match(await page.locator('.message').textContent(), /HOST:PORT/);
  assert.equal((await page.goto(`${site}del/localhost:4321`)).status(), 404);
});

describe('without a live worker', () => {
  const others = new Programs();
  after(() => others.stop());

  test('the form gets a 503 page that names the reason', async () => {
    const lonely = await others.startDispatcher([deadAddress]);
    const page = await browser.newPage(plain);
    await page.goto(lonely);
    await page.setInputFiles('#file', sample.file);
    const [response] = await Promise.all([page.waitForResponse(lonely),
                                          page.getByRole('button', {name: 'Recognize'}).click()]);
    assert.equal(response.status(), 503);
    await page.waitForLoadState();
    assert.match(await page.locator('.message').textContent(), /Error: No active worker!/);
    assert.match(await page.locator('.count').textContent(), /^0 /);
    await screenshot(page, 'no-worker');
  });
});

test("another site's page changes nothing", async () => {
  for (const move of ['a', 'button']) {
    const page = await browser.newPage();
    await page.setContent(`<a href="${site}add/localhost:4321">A nice dog</a>
      <form method="post" action="${site}del/${worker}"><button>Another nice dog</button></form>`);
    const [response] = await Promise.all([page.waitForResponse(/\/(add|del)\//),
                                          page.locator(move).click()]);
    assert.equal(response.status(), 403);
    assert.equal(response.headers()['samoyed-reason'], 'cross_site');
    await page.waitForLoadState();
    assert.match(await page.locator('.message').textContent(), /A page of another website/);
    await screenshot(page, 'cross-site');
    await page.goto(site);
    assert.deepEqual(await page.locator('.workers .address').allTextContents(), [worker]);
    await browser.close();
  }
});

/// An address of this machine that is not a "trustworthy origin". With it a browser sends fewer headers about
/// where a request comes from.
const ownAddress = Object.values(networkInterfaces()).flat()
  .find(({family, internal}) => family === 'IPv4' && !internal)?.address;

test("another site's page that hides its origin changes nothing over plain HTTP either",
     {skip: !ownAddress && 'needs a network address other than loopback'}, async () => {
  const others = new Programs();
  const evil = createServer();
  try {
    const open = await others.startDispatcher([], [], ownAddress);
    evil.on('request', (_, response) => response.setHeader('Content-Type', 'text/html').end(`
      <!doctype html><meta name="referrer" content="no-referrer"><title>Dogs</title>
      <link rel="icon" href="data:,"><img src="${open}add/10.6.6.6:66" alt="">
      <a href="${open}add/10.7.7.7:77">A nice dog</a>
      <form method="post" action="${open}add/10.8.8.8:88"><button>Another nice dog</button></form>`));
    await new Promise((resolve) => evil.listen(0, '127.0.0.1', resolve));
    const page = await browser.newPage(plain);
    const addresses = () => page.locator('.workers .address').allTextContents();
    const lure = async () => {
      const [image] = await Promise.all([page.waitForRequest(/10\.6\.6\.6/),
                                         page.goto(`http://127.0.0.1:${evil.address().port}/`)]);
      return image;
    };
    const sent = await (await lure()).allHeaders();
    for (const field of ['sec-fetch-site', 'origin', 'referer']) assert.ok(!sent[field], field);
    await page.locator('a').click();
    await page.waitForURL(/10\.7\.7\.7/);
    assert.equal(await heading(page), 'Confirm this request');
    await screenshot(page, 'confirm');
    await lure();
    const [refused] = await Promise.all([page.waitForResponse(/10\.8\.8\.8/),
                                         page.locator('button').click()]);
    assert.equal(refused.headers()['samoyed-reason'], 'cross_site');
    await page.goto(open);
    assert.deepEqual(await addresses(), []);
    browser.forgive();  // The browser reports the broken image.

    await page.goto(`${open}add/127.0.0.1:4321`);
    await page.getByRole('button', {name: 'Confirm: /add/127.0.0.1:4321'}).click();
    await page.getByRole('heading', {name: 'Add worker successful'}).waitFor();
    assert.deepEqual(await addresses(), ['127.0.0.1:4321']);
    // A request from the page's own form carries its origin.
    await page.getByLabel('Add a worker').fill('127.0.0.1:4322');
    await page.getByRole('button', {name: 'Add', exact: true}).click();
    await page.waitForURL(`${open}add/127.0.0.1:4322`);
    assert.equal(await heading(page), 'Add worker successful');
    await page.close();
  } finally {
    evil.closeAllConnections();
    evil.close();
    await others.stop();
  }
});

test('with an admin token, only signed-in users see the workers', async () => {
  const others = new Programs();
  const folder = await mkdtemp(path.join(tmpdir(), 'samoyed-'));
  try {
    const file = path.join(folder, 'token');
    await writeFile(file, 'a secret & more than enough of it\n', {mode: 0o600});
    const guarded = await others.startDispatcher([worker], ['--admin-token-file', file]);
    const page = await browser.newPage(plain);
    await page.goto(guarded);
    const addresses = page.locator('.workers .address');
    assert.equal(await addresses.count(), 0);
    await screenshot(page, 'signed-out');
    await page.setInputFiles('#file', sample.file);
    await Promise.all([page.waitForEvent('load'),
                       page.getByRole('button', {name: 'Recognize'}).click()]);
    await assertRecognized(page);
    assert.ok(!(await page.content()).includes(worker), 'the page does not name the worker');

    await page.getByLabel('Admin token').fill('a guess');
    const [refused] = await Promise.all([page.waitForResponse(/sign-in/),
                                         page.keyboard.press('Enter')]);
    assert.equal(refused.status(), 401);
    await page.waitForLoadState();
    assert.match(await page.locator('.sign-in').textContent(), /Wrong admin token/);
    const field = page.getByLabel('Admin token');
    assert.ok(await field.evaluate((input) => input === document.activeElement));
    assert.equal(await field.getAttribute('aria-describedby'), 'token-trouble');
    assert.equal(await page.locator('.message').count(), 0);
    await screenshot(page, 'wrong-token');

    await page.getByLabel('Admin token').fill('a secret & more than enough of it');
    await page.getByRole('button', {name: 'Sign in'}).click();
    await addresses.first().waitFor();
    assert.deepEqual(await addresses.allTextContents(), [worker]);
    const [cookie] = await browser.cookies();
    assert.deepEqual([cookie.httpOnly, cookie.sameSite], [true, 'Strict']);
    await screenshot(page, 'signed-in');
    await page.goto(`${guarded}add/localhost:4321`);
    assert.equal(await heading(page), 'Add worker successful');

    await page.getByRole('button', {name: 'Sign out'}).click();
    await page.getByLabel('Admin token').waitFor();
    assert.equal((await page.goto(`${guarded}del/localhost:4321`)).status(), 401);
    await page.close();  // It may still be loading its icon from a server that is about to stop.
  } finally {
    await others.stop();
    await rm(folder, {recursive: true});
  }
});

test('the pages fit a phone in dark mode', async () => {
  const page = await browser.newPage({...phone, ...plain, colorScheme: 'dark'});
  await page.goto(site);
  await screenshot(page, 'plain-phone-form');
  await page.setInputFiles('#file', sample.file);
  await recognize(page);
  await assertRecognized(page);
  assert.equal(await tooWide(page), 0);
  const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert.equal(ground, 'rgb(11, 19, 27)');
  await screenshot(page, 'plain-phone-result');
});
