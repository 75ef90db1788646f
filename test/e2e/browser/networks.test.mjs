// Several networks behind one dispatcher: the form's list, with and without JavaScript.
import './needs_worker.mjs';

import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';

import {Browser, desktop, sample, screenshot} from './browser.mjs';
import {modelIsNull, Programs} from './programs.mjs';

const browser = new Browser();
const programs = new Programs();
const skip = modelIsNull && 'needs a second network besides null';
const notice = 'The network is untrained: its labels mean nothing.';
let site;
let names;

before(async () => {
  if (skip) return;
  const workers = [await programs.startWorker(), await programs.startNullWorker()];
  site = await programs.startDispatcher(workers, ['--default-model', 'null']);
  names = await bothNames();
});

after(() => programs.stop());

/// Resolves to the models' names once both workers have answered a hello.
async function bothNames() {
  for (;;) {
    const {models} = await (await fetch(new URL('api/v1/models', site))).json();
    if (models.length === 2) return models.map(({name}) => name);
  }
}

async function openForm(options) {
  const page = await browser.newPage({...desktop, ...options});
  await page.goto(site);
  return page;
}

test('the form lists the networks and marks the default one', {skip}, async () => {
  const page = await openForm({javaScriptEnabled: false});
  const options = await page.getByLabel('Network').locator('option').allTextContents();
  assert.equal(options.length, 2);
  assert.equal(await page.getByLabel('Network').inputValue(), '');
  assert.match(await page.getByLabel('Network').locator('option:checked').textContent(), /^null \(default\)/);
  assert.equal(await page.getByText(notice).count(), 0, 'the form itself warns of nothing');
  await screenshot(page, 'networks');
});

test('without JavaScript the chosen network answers, and stays chosen', {skip}, async () => {
  const page = await openForm({javaScriptEnabled: false});
  const [other] = names;
  await page.getByLabel('Network').selectOption(other);
  await page.setInputFiles('#file', sample.file);
  await Promise.all([page.waitForEvent('load'), page.getByRole('button', {name: 'Recognize'}).click()]);
  assert.ok((await page.locator('.facts').textContent()).includes(other));
  assert.equal(await page.getByLabel('Network').inputValue(), other);
});

test('an answer of an untrained network has a notice', {skip}, async () => {
  const page = await openForm({javaScriptEnabled: false});
  await page.setInputFiles('#file', sample.file);
  await Promise.all([page.waitForEvent('load'), page.getByRole('button', {name: 'Recognize'}).click()]);
  assert.equal(await page.locator('.result').getByText(notice).count(), 1);
  await screenshot(page, 'untrained-answer');
});

test('the script sends each picture to the network that is chosen when it is added', {skip}, async () => {
  const page = await openForm({});
  await page.locator('html.script').waitFor();
  const facts = (count) => page.waitForFunction(
    (wanted) => document.querySelectorAll('.card.recognized').length === wanted, count)
    .then(() => page.locator('.card .card-facts').allTextContents());
  const [other] = names;
  await page.setInputFiles('#file', sample.file);
  assert.ok((await facts(1)).at(-1).includes('null'));
  await page.getByLabel('Network').selectOption(other);
  await page.setInputFiles('#file', sample.file);
  const all = await facts(2);
  assert.ok(all.some((text) => text.includes(other)), all.join('; '));
});
