// The statistics page and its charts in a real browser, served by the real programs.
import './needs_worker.mjs';

import assert from 'node:assert/strict';
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {after, before, test} from 'node:test';

import {Browser, desktop, phone, sample, screenshot, tooWide} from './browser.mjs';
import {modelIsNull, Programs} from './programs.mjs';

const image = await readFile(sample.file);
const images = 8;
const browser = new Browser();
const programs = new Programs();
let folder;
let worker;
let site;

/// Sends images of different file sizes. Decoders ignore bytes after the image's end.
async function sendSome(to) {
  for (let i = 0; i < images; ++i) {
    const body = Buffer.concat([image, Buffer.alloc(i * 100_000)]);
    const answer = await fetch(new URL('api/v1/classify', to), {
      method: 'POST', headers: {'Content-Type': 'image/jpeg'}, body});
    assert.equal(answer.status, 200);
  }
}

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'samoyed-'));
  worker = await programs.startWorker();
  site = await programs.startDispatcher([worker], ['--data-dir', path.join(folder, 'data')]);
  await sendSome(site);
});

after(async () => {
  await programs.stop();
  await rm(folder, {recursive: true});
});

/// The charts. Workers that don't decode images report no pixels.
const names = ['bytes', ...(modelIsNull ? [] : ['pixels']), 'throughput', 'latency', 'workers'];

async function open(options) {
  const page = await browser.newPage(options);
  await page.goto(`${site}stats`);
  await page.locator('.series').first().waitFor();
  return page;
}

/// Number of different colors in a chart; a blank one has only one.
function colors(page, name) {
  return page.locator(`[data-chart=${name}] canvas`).evaluate((canvas) => {
    const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return new Set(new Uint32Array(data.buffer)).size;
  });
}

function chartImage(page, name) {
  return page.locator(`[data-chart=${name}] canvas`).evaluate((canvas) => canvas.toDataURL());
}

/// The rows of a chart's table, without the head.
function rows(page, name) {
  return page.locator('.chart', {has: page.locator(`[data-chart=${name}]`)}).locator('tbody tr');
}

for (const colorScheme of ['light', 'dark']) {
  test(`all charts are drawn, ${colorScheme}`, async () => {
    const page = await open({...desktop, colorScheme});
    for (const name of names) assert.ok(await colors(page, name) > 10, `${name} is blank`);
    await screenshot(page, `stats-${colorScheme}`);
  });
}

test('charts and tables show the same numbers as the API', async () => {
  const page = await open(desktop);
  const numbers = await (await fetch(new URL('api/v1/statistics?range=day', site))).json();
  assert.equal(numbers.count, images);
  assert.equal(numbers.points.length, images);
  assert.deepEqual(numbers.workers.map(({count}) => count), [images]);
  const sizes = await rows(page, 'bytes').locator('th').allTextContents();
  assert.deepEqual(sizes, numbers.points.map((point) => String(point.image_bytes)));
  const counts = await rows(page, 'throughput').locator('td').allTextContents();
  assert.equal(counts.reduce((sum, text) => sum + Number(text), 0), images);
  assert.deepEqual(await rows(page, 'workers').locator('th').allTextContents(), [worker]);
});

test('the colors follow light and dark mode', async () => {
  const page = await open({...desktop, colorScheme: 'light'});
  const day = await chartImage(page, 'throughput');
  await page.emulateMedia({colorScheme: 'dark'});
  await page.waitForFunction((shown) => document.querySelector('[data-chart=throughput] canvas')
    .toDataURL() !== shown, day);
});

test('series can be shown and hidden by keyboard', async () => {
  const page = await open(desktop);
  const chart = page.locator('.chart', {has: page.locator('[data-chart=bytes]')});
  const button = chart.getByRole('button', {name: 'Total'});
  const whole = await chartImage(page, 'bytes');
  await button.focus();
  await page.keyboard.press('Enter');
  assert.equal(await button.getAttribute('aria-pressed'), 'false');
  assert.notEqual(await chartImage(page, 'bytes'), whole);
  await page.keyboard.press('Enter');
  assert.equal(await button.getAttribute('aria-pressed'), 'true');
});

test('links choose the time range', async () => {
  const page = await open(desktop);
  for (const name of ['Hour', 'Week', 'Month', 'Day']) {
    await page.getByRole('link', {name, exact: true}).click();
    await page.waitForURL(new RegExp(`range=${name.toLowerCase()}`));
    await page.locator('.series').first().waitFor();
    const chosen = page.locator('.choices [aria-current]').first();
    assert.equal(await chosen.textContent(), name);
    for (const chart of names) assert.ok(await colors(page, chart) > 10, `${chart} is blank`);
  }
});

test('without JavaScript there are tables and no empty charts', async () => {
  const page = await browser.newPage({...desktop, javaScriptEnabled: false});
  await page.goto(`${site}stats`);
  assert.equal(await page.locator('.plot:visible').count(), 0);
  for (const name of names) {
    const chart = page.locator('.chart', {has: page.locator(`[data-chart=${name}]`)});
    await chart.locator('summary').click();
    assert.ok(await chart.locator('tbody tr').first().isVisible(), name);
  }
  assert.equal(await tooWide(page), 0);
});

test('charts fit a phone', async () => {
  const page = await open({...phone, colorScheme: 'light'});
  for (const summary of await page.locator('.chart summary').all()) await summary.click();
  assert.equal(await tooWide(page), 0);
  await screenshot(page, 'phone-stats');
});

test('with an admin token visitors see their own numbers, and no workers', async () => {
  const file = path.join(folder, 'token');
  await writeFile(file, 'a secret & more than enough of it', {mode: 0o600});
  const guarded = await programs.startDispatcher(
    [worker], ['--data-dir', path.join(folder, 'guarded'), '--admin-token-file', file]);
  await sendSome(guarded);
  const page = await browser.newPage(desktop);
  await page.goto(`${guarded}stats`);
  assert.match(await page.locator('.stats').textContent(), /No pictures were recognized in this time range/);
  assert.ok(!(await page.content()).includes(worker), 'the page does not name the worker');
  assert.equal((await page.goto(`${guarded}stats?all=true`)).status(), 401);
  await page.goto(guarded);
  await page.getByLabel('Admin token').fill('a secret & more than enough of it');
  await page.getByRole('button', {name: 'Sign in'}).click();
  await page.getByRole('link', {name: 'Statistics', exact: true}).click();
  await page.locator('.series').first().waitFor();
  assert.deepEqual(await rows(page, 'workers').locator('th').allTextContents(), [worker]);
});

/// The texts at a chart's axes, each with its left and right end in pixels.
function axisTexts(page, name) {
  return page.locator(`[data-chart=${name}] canvas`).evaluate((canvas) => {
    const chart = window.Chart.getChart(canvas);
    return Object.fromEntries(Object.entries(chart.scales).map(([axis, scale]) => [
      axis, scale.getLabelItems(chart.chartArea).filter(({label}) => label !== '').map((item) => {
        chart.ctx.font = item.font.string;
        const half = chart.ctx.measureText(item.label).width / 2;
        const [x] = item.options.translation;
        return {label: String(item.label), left: x - half, right: x + half};
      })]));
  });
}

test('the times below a chart stay apart on a phone', async () => {
  const page = await open(phone);
  for (const name of ['Hour', 'Day', 'Week', 'Month']) {
    await page.getByRole('link', {name, exact: true}).click();
    await page.waitForURL(new RegExp(`range=${name.toLowerCase()}`));
    await page.locator('.series').first().waitFor();
    for (const chart of ['throughput', 'latency']) {
      const {x} = await axisTexts(page, chart);
      assert.ok(x.length > 1, `${chart} of the ${name} has times`);
      x.slice(1).forEach(({left, label}, i) => {
        assert.ok(left - x[i].right >= 8, `${chart}, ${name}: ${x[i].label} and ${label} collide`);
      });
    }
    await screenshot(page, `phone-stats-${name}`);
  }
});

test('charts use the same digits whatever the language of the browser is', async () => {
  const page = await open({...desktop, locale: 'ar-EG'});
  assert.match(await page.evaluate(() => (1).toLocaleString()), /\u0661/, 'the locale has other digits');
  for (const name of names) {
    const texts = Object.values(await axisTexts(page, name)).flat().map(({label}) => label);
    assert.ok(texts.length > 2, name);
    for (const text of texts) assert.match(text, /^[\x20-\x7e]+$/, name);
  }
});
