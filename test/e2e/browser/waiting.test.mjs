// What the page does while no worker or no server is there: it waits, says so, and goes on by itself.
import './needs_worker.mjs';

import assert from 'node:assert/strict';
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {afterEach, beforeEach, test} from 'node:test';

import {Browser, sample, screenshot} from './browser.mjs';
import {deadAddress, Programs} from './programs.mjs';

const browser = new Browser();
const programs = new Programs();
const classify = '**/api/v1/classify?*';
const token = 'a secret & more than enough of it';
const image = await readFile(sample.file);
let folder;
let guard;
let worker;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'samoyed-'));
  const file = path.join(folder, 'token');
  await writeFile(file, `${token}\n`, {mode: 0o600});
  guard = ['--admin-token-file', file];
  worker = await programs.startWorker();
});

// Runs after the browser's own afterEach, which closes the page first.
afterEach(async () => {
  await programs.stop();
  await rm(folder, {recursive: true});
});

async function openPage(site) {
  const page = await browser.newPage();
  await page.goto(site);
  await page.locator('html.script').waitFor();
  return page;
}

function upload(page, names) {
  return page.setInputFiles('#file', names.map((name) => ({name, mimeType: 'image/jpeg', buffer: image})));
}

function numberOfCards(page, state, count) {
  return page.waitForFunction(
    ([selector, wanted]) => document.querySelectorAll(selector).length === wanted,
    [`.card.${state}`, count]);
}

const nobody = /No worker is available/;
const noServer = /The server is out of reach/;

/// Waits until the page says that its pictures wait, and checks that it doesn't call them failed.
async function assertHeld(page, sentence, count) {
  await page.locator('.held', {hasText: sentence}).waitFor();
  await numberOfCards(page, 'waiting', count);
  assert.equal(await page.locator('.card.failed').count(), 0);
  assert.ok(await page.getByRole('button', {name: 'Try all again'}).isVisible());
}

async function assertGoesOn(page, count) {
  await numberOfCards(page, 'recognized', count);
  assert.equal(await page.locator('.held').textContent(), '');
  assert.equal(await page.getByRole('button', {name: 'Try all again'}).isVisible(), false);
}

test('without a worker pictures wait, and go on when the list shows one', async () => {
  const page = await openPage(await programs.startDispatcher([deadAddress]));
  const sent = [];
  page.on('request', (request) => { if (request.url().includes('classify')) sent.push(request); });
  await upload(page, ['a', 'b', 'c', 'd', 'e']);
  await assertHeld(page, nobody, 5);
  assert.equal(sent.length, 1);
  await screenshot(page, 'no-worker');
  await page.getByLabel('Add a worker').fill(worker);
  await page.keyboard.press('Enter');
  await assertGoesOn(page, 5);
});

test('without a worker and without the list pictures wait, and go on when the server is ready', async () => {
  const site = await programs.startDispatcher([deadAddress], guard);
  const page = await openPage(site);
  await upload(page, ['a', 'b']);
  await assertHeld(page, nobody, 2);
  const added = await fetch(`${site}api/v1/workers/${worker}`,
                            {method: 'POST', headers: {Authorization: `Bearer ${token}`}});
  assert.equal(added.status, 200);
  await assertGoesOn(page, 2);
});

test('while the server is away pictures wait, and go on when it is back', async () => {
  const site = await programs.startDispatcher([worker]);
  const page = await openPage(site);
  await page.locator('.worker.ready').waitFor();
  await programs.kill(new URL(site).host);
  await page.locator('.workers.lost').waitFor();
  await upload(page, ['a', 'b', 'c', 'd']);
  await assertHeld(page, noServer, 4);
  await screenshot(page, 'no-server');
  await programs.restartDispatcher(site, [worker]);
  await assertGoesOn(page, 4);
  browser.forgive();  // The browser reports each lost connection.
});

test('a proxy without its server is no reason to give up', async () => {
  const page = await openPage(await programs.startDispatcher([worker]));
  const answer = {status: 502, contentType: 'text/html', body: '<h1>Bad gateway</h1>'};
  let away = true;
  for (const address of [classify, '**/readyz']) {
    await page.route(address, (route) => away ? route.fulfill(answer) : route.continue());
  }
  await upload(page, ['a', 'b']);
  await assertHeld(page, noServer, 2);
  away = false;
  await page.getByRole('button', {name: 'Try all again'}).click();
  await assertGoesOn(page, 2);
});

test('one button tries all failed pictures again', async () => {
  const page = await openPage(await programs.startDispatcher([worker]));
  const problem = {status: 502, contentType: 'application/problem+json',
                   body: JSON.stringify({detail: 'It failed.', reason: 'worker_failed'})};
  await page.route(classify, (route) => route.fulfill(problem), {times: 3});
  await upload(page, ['a', 'b', 'c', 'd']);
  await numberOfCards(page, 'failed', 3);
  await numberOfCards(page, 'recognized', 1);
  await page.getByRole('button', {name: 'Try all again'}).click();
  await assertGoesOn(page, 4);
});

test('a lost connection of one upload is tried again', async () => {
  const page = await openPage(await programs.startDispatcher([worker]));
  await page.route(classify, (route) => route.abort('connectionreset'), {times: 1});
  await upload(page, ['a']);
  await assertGoesOn(page, 1);
  browser.forgive();  // The browser reports it too.
});

test('a file that can no longer be read is no reason to wait', async () => {
  const page = await openPage(await programs.startDispatcher([worker]));
  const file = path.join(folder, 'gone.jpg');
  await writeFile(file, image);
  await page.route(classify, async (route) => {
    await rm(file, {force: true});
    await route.abort('failed');
  }, {times: 1});
  await page.setInputFiles('#file', file);
  await numberOfCards(page, 'failed', 1);
  assert.match(await page.locator('.card .detail').textContent(), /Couldn't read this file/);
  assert.equal(await page.locator('.held').textContent(), '');
  browser.forgive();
});

test('a canceled picture stays canceled when the server is back', async () => {
  const page = await openPage(await programs.startDispatcher([deadAddress]));
  await upload(page, ['a', 'b']);
  await assertHeld(page, nobody, 2);
  await page.getByRole('button', {name: 'Cancel: a'}).click();
  await page.getByLabel('Add a worker').fill(worker);
  await page.keyboard.press('Enter');
  await numberOfCards(page, 'recognized', 1);
  assert.match(await page.locator('.card.cancelled').textContent(), /^\s*a/);
});

test('the list of workers says that it is lost, and since when, until it is back', async () => {
  const site = await programs.startDispatcher([worker]);
  const page = await openPage(site);
  await page.locator('.worker.ready').waitFor();
  const colorOf = () => page.locator('.worker .word').evaluate((word) => getComputedStyle(word).color);
  const before = await colorOf();
  await programs.kill(new URL(site).host);
  await page.locator('.stale', {hasText: /No connection to the server.*Last seen \d\d:\d\d:\d\d\./}).waitFor();
  assert.notEqual(await colorOf(), before);
  await screenshot(page, 'lost');
  await programs.restartDispatcher(site, [worker]);
  await page.locator('.workers:not(.lost)').waitFor();
  assert.equal(await page.locator('.stale').textContent(), '');
  assert.equal(await colorOf(), before);
  browser.forgive();
});

test('the list of workers says when its session has ended', async () => {
  const site = await programs.startDispatcher([worker], guard);
  const page = await browser.newPage();
  await page.goto(site);
  await page.getByLabel('Admin token').fill(token);
  await page.getByRole('button', {name: 'Sign in'}).click();
  await page.locator('.worker.ready').waitFor();
  await page.locator('html.script').waitFor();
  await programs.kill(new URL(site).host);
  await page.locator('.workers.lost').waitFor();
  // A session survives a restart, but not another token.
  await writeFile(guard[1], 'another secret & more than enough of it\n');
  await programs.restartDispatcher(site, [worker], guard);
  await page.locator('.stale', {hasText: /You are signed out/}).waitFor();
  await screenshot(page, 'session-ended');
  await page.getByRole('link', {name: 'Sign in'}).click();
  await page.getByLabel('Admin token').waitFor();
  browser.forgive();
});
