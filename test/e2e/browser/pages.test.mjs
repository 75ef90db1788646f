// The pages in a real browser, in front of the real programs.
import assert from 'node:assert/strict';
import {mkdirSync} from 'node:fs';
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {createServer} from 'node:http';
import {networkInterfaces, tmpdir} from 'node:os';
import path from 'node:path';
import {after, afterEach, before, describe, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';

import {chromium} from 'playwright-core';

import {deadAddress, modelIsNull, modelIsTrained, Programs, samplePicture} from './programs.mjs';

const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
               '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const screenshotDir = process.env.SAMOYED_SCREENSHOT_DIR;
const sample = samplePicture();
const programs = new Programs();
let browser;
let worker;
let site;
let context;
let complaints = [];

before(async () => {
  if (screenshotDir) mkdirSync(screenshotDir, {recursive: true});
  browser = await chromium.launch({executablePath: '/usr/bin/chromium', args: flags});
  worker = await programs.startWorker();
  site = await programs.startDispatcher([worker]);
});

after(async () => {
  await browser?.close();
  await programs.stop();
});

afterEach(async () => {
  await context?.close();
  context = undefined;
  const heard = complaints;
  complaints = [];
  assert.deepEqual(heard, [], 'the browser complained');
});

/// A page in a window of its own. What the browser complains about (a violated
/// Content-Security-Policy, an error in the script) fails the test; that a page has status 4xx or
/// 5xx, which it notes too, doesn't.
async function newPage(options = {}) {
  context = await browser.newContext(options);
  const page = await context.newPage();
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    const ofStatus = message.text().startsWith('Failed to load resource: the server responded');
    if (['error', 'warning'].includes(message.type()) && !ofStatus) complaints.push(message.text());
  });
  page.on('requestfailed', (request) => {
    const why = request.failure().errorText;
    // What a page still loaded when the next one was asked for.
    if (why !== 'net::ERR_ABORTED') complaints.push(`${request.url()}: ${why}`);
  });
  return page;
}

async function screenshot(page, name) {
  if (!screenshotDir) return;
  await page.screenshot({path: path.join(screenshotDir, `${name}.png`), fullPage: true});
}

async function recognise(page) {
  await Promise.all([page.waitForURL(site), page.waitForEvent('load'),
                     page.getByRole('button', {name: 'Recognise'}).click()]);
}

/// [[category, width of the bar, confidence], ...]
function readTable(page) {
  return page.locator('table.labels tbody tr').evaluateAll((rows) => rows.map((row) => [
    row.querySelector('th').textContent, row.querySelector('.fill').getAttribute('width'),
    row.querySelector('.number').textContent]));
}

async function assertRecognised(page) {
  const rows = await readTable(page);
  assert.equal(rows.length, 5);
  for (const [, width, confidence] of rows) assert.equal(`${width}%`, confidence);
  const notice = page.getByText('The network is untrained: its labels mean nothing.');
  assert.equal(await notice.count(), modelIsTrained ? 0 : 1);
  if (!modelIsTrained) return;
  const names = rows.map(([name]) => name);
  if (sample.isDog) {
    assert.deepEqual(names.slice(0, 2), ['Samoyed', 'Great Pyrenees']);
    assert.equal(rows[0][2], '93.009%');
  } else {
    assert.equal(names[0], 'Egyptian cat');
  }
}

function heading(page) {
  return page.locator('h1').textContent();
}

test('a picture goes in, the table comes out', async () => {
  const page = await newPage({viewport: {width: 1280, height: 900}, colorScheme: 'light'});
  await page.goto(site);
  await screenshot(page, 'form');
  await page.setInputFiles('#file', sample.file);
  await page.locator('.preview').waitFor({state: 'visible'});
  await screenshot(page, 'chosen');
  await recognise(page);
  await assertRecognised(page);
  const columns = await page.locator('table.labels thead th').allTextContents();
  assert.deepEqual(columns, ['Category', 'Probability', 'Confidence']);
  const facts = await page.locator('.facts').textContent();
  assert.match(facts, new RegExp(path.basename(sample.file)));
  assert.ok(facts.includes(worker), 'the worker that answered is named');
  const shown = page.locator('.picture img');
  assert.ok(await shown.evaluate((image) => image.complete && image.naturalWidth > 0));
  await screenshot(page, 'result');
});

test('a picture is dropped', async () => {
  const page = await newPage();
  await page.goto(site);
  const bytes = (await readFile(sample.file)).toString('base64');
  const transfer = await page.evaluateHandle((base64) => {
    const content = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    const items = new DataTransfer();
    items.items.add(new File([content], 'dropped.jpg', {type: 'image/jpeg'}));
    return items;
  }, bytes);
  // Beside the field on purpose: the whole window takes it.
  await page.dispatchEvent('h1', 'dragenter', {dataTransfer: transfer});
  assert.match(await page.locator('.drop').getAttribute('class'), /over/);
  await page.dispatchEvent('h1', 'drop', {dataTransfer: transfer});
  await page.locator('.preview').waitFor({state: 'visible'});
  await recognise(page);
  await assertRecognised(page);
  assert.match(await page.locator('.facts').textContent(), /dropped\.jpg/);
});

test('everything can be done by keyboard', async () => {
  const page = await newPage();
  await page.goto(site);
  await page.locator('html.script').waitFor();
  // Asked for before the first key, not with the last one: keys don't reach the page by the way that this
  // takes, and one that is faster opens a chooser that the test never sees.
  const chooser = new Promise((resolve) => page.once('filechooser', resolve));
  const focused = () => page.evaluate(() => document.activeElement.textContent.trim() ||
                                            document.activeElement.id);
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'Skip to the content');
  for (const name of ['Samoyed', 'Recognise', 'Results', 'Statistics', 'API', 'file']) {
    await page.keyboard.press('Tab');
    assert.equal(await focused(), name);
  }
  // A machine that is loaded enough to part a key's press from its release loses the chooser once more.
  let opened;
  for (let presses = 0; !opened && presses < 3; ++presses) {
    await page.keyboard.press('Space');
    opened = await Promise.race([chooser, sleep(10_000, undefined, {ref: false})]);
  }
  assert.ok(opened, 'Space opens the chooser');
  await opened.setFiles(sample.file);
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'Recognise');
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.equal(outline, 'solid');
  await Promise.all([page.waitForEvent('load'), page.keyboard.press('Enter')]);
  await assertRecognised(page);
});

const needsDecoding = modelIsNull && 'needs workers that decode pictures, not --model null';

test('a file that is no picture is refused with the formats that are', {skip: needsDecoding}, async () => {
  const page = await newPage();
  await page.goto(site);
  await page.setInputFiles('#file', {name: 'notes.txt', mimeType: 'text/plain',
                                     buffer: Buffer.from('no picture at all')});
  const [response] = await Promise.all([page.waitForResponse(site),
                                        page.getByRole('button', {name: 'Recognise'}).click()]);
  assert.equal(response.status(), 415);
  await page.waitForLoadState();
  assert.match(await page.locator('.message').textContent(), /JPEG, PNG, BMP or WebP/);
  assert.equal(await page.locator('.preview').isVisible(), false);
  await screenshot(page, 'no-picture');
});

test('a file that is too large is refused, and the answer arrives', async () => {
  const page = await newPage();
  await page.goto(site);
  const folder = await mkdtemp(path.join(tmpdir(), 'samoyed-'));
  const file = path.join(folder, 'large.jpg');
  await writeFile(file, Buffer.alloc(100 << 20));
  await page.setInputFiles('#file', file);
  const [response] = await Promise.all([page.waitForResponse(site),
                                        page.getByRole('button', {name: 'Recognise'}).click()]);
  assert.equal(response.status(), 413);
  await page.waitForLoadState();
  assert.match(await page.locator('.message').textContent(), /32 MiB/);
  await rm(folder, {recursive: true});
});

test('a hostile file name is shown as it is and does nothing', async () => {
  const name = '"><img src=x onerror=alert(1)>\u202Egpj.<b>%22&amp;.jpg';
  const page = await newPage();
  page.on('dialog', () => complaints.push('the name ran as a script'));
  await page.goto(site);
  await page.setInputFiles('#file', {name, mimeType: 'image/jpeg',
                                     buffer: await readFile(sample.file)});
  await recognise(page);
  const shown = await page.locator('.facts dd').first().textContent();
  // A browser writes a quotation mark as %22, so the name's own %22 can't be told from one.
  assert.equal(shown, name.replace('%22', '"'));
  assert.equal(await page.locator('.facts img, .facts b').count(), 0);
});

test('the back button brings the form back, ready to be sent', async () => {
  const page = await newPage();
  await page.goto(site);
  await page.setInputFiles('#file', sample.file);
  await recognise(page);
  await page.goBack();
  const button = page.getByRole('button', {name: 'Recognise'});
  assert.ok(await button.isEnabled());
});

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? 'with the script' : 'without JavaScript';

  test(`workers are added and deleted through the page, ${how}`, async () => {
    const page = await newPage({javaScriptEnabled});
    await page.goto(site);
    const addresses = () => page.locator('.workers .address').allTextContents();
    assert.deepEqual(await addresses(), [worker]);

    await page.getByLabel('Add a worker').fill('[::1]:4321');
    await page.getByRole('button', {name: 'Add', exact: true}).click();
    await page.waitForURL(`${site}add/[::1]:4321`);
    assert.equal(await heading(page), 'Add worker successful');
    assert.deepEqual(await addresses(), [worker, '[::1]:4321']);
    await screenshot(page, `added-${javaScriptEnabled ? 'script' : 'plain'}`);

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
}

test('a picture is recognised without JavaScript', async () => {
  const page = await newPage({javaScriptEnabled: false});
  await page.goto(site);
  await page.setInputFiles('#file', sample.file);
  await recognise(page);
  await assertRecognised(page);
});

describe('without a living worker', () => {
  const others = new Programs();
  after(() => others.stop());

  test('the answer is 503 and says so', async () => {
    const lonely = await others.startDispatcher([deadAddress]);
    const page = await newPage();
    await page.goto(lonely);
    await page.setInputFiles('#file', sample.file);
    const [response] = await Promise.all([page.waitForResponse(lonely),
                                          page.getByRole('button', {name: 'Recognise'}).click()]);
    assert.equal(response.status(), 503);
    await page.waitForLoadState();
    assert.match(await page.locator('.message').textContent(), /Error: No active worker!/);
    assert.match(await page.locator('.count').textContent(), /^0 /);
    await screenshot(page, 'no-worker');
  });
});

test("another site's page changes nothing", async () => {
  for (const move of ['a', 'button']) {
    const page = await newPage();
    await page.setContent(`<a href="${site}add/localhost:4321">A nice dog</a>
      <form method="post" action="${site}del/${worker}"><button>Another nice dog</button></form>`);
    const [response] = await Promise.all([page.waitForResponse(/\/(add|del)\//),
                                          page.locator(move).click()]);
    assert.equal(response.status(), 403);
    assert.equal(response.headers()['samoyed-reason'], 'cross_site');
    await page.waitForLoadState();
    assert.match(await page.locator('.message').textContent(), /Another site's page/);
    await screenshot(page, 'cross-site');
    await page.goto(site);
    assert.deepEqual(await page.locator('.workers .address').allTextContents(), [worker]);
    await context.close();
  }
});

/// Where this machine is no "trustworthy origin": there a browser says less of who sends a request.
const ownAddress = Object.values(networkInterfaces()).flat()
  .find(({family, internal}) => family === 'IPv4' && !internal)?.address;

test("another site's page that hides itself changes nothing over plain HTTP either",
     {skip: !ownAddress && 'needs an address besides loopback'}, async () => {
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
    const page = await newPage();
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
    assert.equal(await heading(page), 'Did you mean this?');
    await screenshot(page, 'did-you-mean-this');
    await lure();
    const [refused] = await Promise.all([page.waitForResponse(/10\.8\.8\.8/),
                                         page.locator('button').click()]);
    assert.equal(refused.headers()['samoyed-reason'], 'cross_site');
    await page.goto(open);
    assert.deepEqual(await addresses(), []);
    complaints = [];  // The browser tells of each picture that is none.

    await page.goto(`${open}add/127.0.0.1:4321`);
    await page.getByRole('button', {name: 'Yes, do it: /add/127.0.0.1:4321'}).click();
    await page.getByRole('heading', {name: 'Add worker successful'}).waitFor();
    assert.deepEqual(await addresses(), ['127.0.0.1:4321']);
    // The page's own form says where it comes from.
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

test('with an admin token, workers are for who signs in', async () => {
  const others = new Programs();
  const folder = await mkdtemp(path.join(tmpdir(), 'samoyed-'));
  try {
    const file = path.join(folder, 'token');
    await writeFile(file, 'a secret & more than enough of it\n', {mode: 0o600});
    const guarded = await others.startDispatcher([worker], ['--admin-token-file', file]);
    const page = await newPage();
    await page.goto(guarded);
    const addresses = page.locator('.workers .address');
    assert.equal(await addresses.count(), 0);
    await screenshot(page, 'signed-out');
    await page.setInputFiles('#file', sample.file);
    await Promise.all([page.waitForEvent('load'),
                       page.getByRole('button', {name: 'Recognise'}).click()]);
    await assertRecognised(page);
    assert.ok(!(await page.content()).includes(worker), 'the worker is not named');

    await page.getByLabel('Admin token').fill('a guess');
    const [refused] = await Promise.all([page.waitForResponse(/sign-in/),
                                         page.keyboard.press('Enter')]);
    assert.equal(refused.status(), 401);
    await page.waitForLoadState();
    assert.match(await page.locator('.message').textContent(), /not the admin token/);
    await screenshot(page, 'wrong-token');

    await page.getByLabel('Admin token').fill('a secret & more than enough of it');
    await page.getByRole('button', {name: 'Sign in'}).click();
    await addresses.first().waitFor();
    assert.deepEqual(await addresses.allTextContents(), [worker]);
    const [cookie] = await context.cookies();
    assert.deepEqual([cookie.httpOnly, cookie.sameSite], [true, 'Strict']);
    await screenshot(page, 'signed-in');
    await page.goto(`${guarded}add/localhost:4321`);
    assert.equal(await heading(page), 'Add worker successful');

    await page.getByRole('button', {name: 'Sign out'}).click();
    await page.getByLabel('Admin token').waitFor();
    assert.equal((await page.goto(`${guarded}del/localhost:4321`)).status(), 401);
    await page.close();  // It may still be loading its icon, from a server that is about to end.
  } finally {
    await others.stop();
    await rm(folder, {recursive: true});
  }
});

test('a phone at night', async () => {
  const page = await newPage({viewport: {width: 360, height: 740}, colorScheme: 'dark',
                              hasTouch: true, isMobile: true});
  await page.goto(site);
  await screenshot(page, 'phone-form');
  await page.setInputFiles('#file', sample.file);
  await recognise(page);
  await assertRecognised(page);
  const tooWide = () => page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(await tooWide(), 0);
  const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert.equal(ground, 'rgb(11, 19, 27)');
  await screenshot(page, 'phone-result');
});
