// The API's description: valid, free of lint, and true. The samples of the API page run against a real service.
import assert from 'node:assert/strict';
import {execFile, spawn} from 'node:child_process';
import {copyFile, mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {after, before, describe, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';

import {Validator} from '@seriousme/openapi-schema-validator';
import Ajv from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

import {Programs, sampleImage} from './programs.mjs';

const run = promisify(execFile);
const programs = new Programs();
const needsWorker = process.env.SAMOYED_WITHOUT_WORKER &&
                    'needs samoyed-worker, which this build leaves out (SAMOYED_BUILD_WORKER=OFF)';
const needsNode = Number(process.versions.node.split('.')[0]) < 20 && 'needs Node.js 20';
/// Limits against hanging; they don't measure speed.
const sampleTimeoutMs = 120_000;

let site;
let document;

before(async () => {
  site = await programs.startDispatcher([]);
  document = await (await fetch(new URL('api/openapi.json', site))).json();
});

after(() => programs.stop());

test('the API description is valid OpenAPI 3.1', async () => {
  const validator = new Validator();
  const {valid, errors} = await validator.validate(document);
  assert.ok(valid, JSON.stringify(errors, null, 1));
  assert.equal(validator.version, '3.1');
});

test('the API description passes the linter', {skip: needsNode}, async () => {
  const linter = fileURLToPath(new URL('node_modules/@redocly/cli/bin/cli.js', import.meta.url));
  const source = path.join(process.env.SAMOYED_SOURCE_DIR, 'src', 'web', 'assets', 'openapi.json');
  const quiet = {REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true'};
  const options = {cwd: tmpdir(), env: {...process.env, ...quiet}};
  // The status says whether there are errors.
  const {stdout} = await run(process.execPath, [linter, 'lint', '--format=json', source], options)
    .catch((error) => assert.fail(`${error.stdout}\n${error.stderr}`));
  assert.equal(JSON.parse(stdout).totals.errors, 0, stdout);
});

/// All operations, each with its path, its method in capitals, and its successful answer.
function operations() {
  return Object.entries(document.paths).flatMap(([address, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      address, method: method.toUpperCase(), id: operation.operationId,
      answer: operation.responses['200'] ?? operation.responses['202'],
    })));
}

/// Returns a function that checks a value against a schema in the description.
function validatorOf(schema) {
  const ajv = new Ajv({strict: false, allErrors: true});
  addFormats(ajv);
  ajv.addFormat('binary', true);
  return ajv.compile({...schema, components: document.components});
}

function assertMatches(schema, value, what) {
  const check = validatorOf(schema);
  assert.ok(check(value), `${what}: ${JSON.stringify(check.errors, null, 1)}\n${JSON.stringify(value, null, 1)}`);
}

test('every JSON answer has an example that fits its schema', () => {
  for (const {id, answer} of operations()) {
    const content = answer?.content?.['application/json'];
    if (!content || id === 'apiDescription') continue;
    assert.ok(content.example, `${id} has an example`);
    assertMatches(content.schema, content.example, id);
  }
  const {Problem: problem, InferenceError: error} = document.components.responses;
  const {schema, example} = problem.content['application/problem+json'];
  assertMatches(schema, example, 'Problem');
  const inference = error.content['application/json'];
  assertMatches(inference.schema, inference.example, 'InferenceError');
});

/// The samples of the page by operation: {id: {sh, python, javascript}}.
async function samplesOfPage() {
  const page = await (await fetch(new URL('api', site))).text();
  const decode = (text) => text.replace(/&(lt|gt|quot|#39|amp);/g, (_, name) => (
    {lt: '<', gt: '>', quot: '"', '#39': "'", amp: '&'})[name]);
  const samples = {};
  for (const [, id, text] of page.matchAll(/<h3 id="(\w+)">(.*?)<\/article>/gs)) {
    samples[id] = Object.fromEntries(
      [...text.matchAll(/<code data-language="(\w+)">(.*?)<\/code>/gs)]
        .map(([, language, code]) => [language, decode(code)]));
  }
  return samples;
}

const interpreters = {
  sh: ['sh', '-c'],
  python: ['/usr/bin/python3', '-c'],
  javascript: [process.execPath, '--input-type=module', '-e'],
};

describe('the samples of the API page', {skip: needsWorker || needsNode}, () => {
  let folder;
  let live;
  let idle;
  let worker;
  let samples;

  before(async () => {
    worker = await programs.startNullWorker();
    const results = ['--results-by', 'address'];
    folder = await mkdtemp(path.join(tmpdir(), 'samoyed-samples-'));
    live = await programs.startDispatcher([worker], [...results, '--data-dir', path.join(folder, 'live')]);
    // Nothing that is submitted here is ever recognized.
    idle = await programs.startDispatcher([], [...results, '--data-dir', path.join(folder, 'idle')]);
    await copyFile(sampleImage().file, path.join(folder, 'dog.jpg'));
    samples = await samplesOfPage();
    while ((await ask('api/v1/models')).models.length === 0) ;  // Until the worker has answered a hello.
    await ask('api/v1/classify', 'POST', await image());
  });

  after(() => rm(folder, {recursive: true, force: true}));

  async function image() {
    return new Blob([await readFile(sampleImage().file)], {type: 'image/jpeg'});
  }

  async function ask(address, method = 'GET', body = undefined, server = live) {
    const answer = await fetch(new URL(address, server), {method, body});
    return answer.json();
  }

  async function submitJob(server) {
    const {jobs: [{id}]} = await ask('api/v1/jobs', 'POST', await image(), server);
    return id;
  }

  async function newestResult() {
    await ask('api/v1/classify', 'POST', await image());
    for (;;) {
      const {results: [result]} = await ask('api/v1/results');
      if (result) return result.id;
    }
  }

  /// The samples name things that don't exist here. Returns the sample about things that do.
  async function adapt(sample, id) {
    const server = ['cancelJob'].includes(id) ? idle : live;
    let text = sample.replaceAll('http://localhost:9999/', server)
      .replaceAll('localhost:8888', worker).replaceAll('squeezenet1_1', 'null');
    if (text.includes('9f86d081884c7d659a2feaa0c55ad015')) {
      text = text.replaceAll('9f86d081884c7d659a2feaa0c55ad015', await submitJob(server));
    }
    if (id === 'thumbnail') text = text.replace('/results/7/', `/results/${await newestResult()}/`);
    return text;
  }

  /// Runs a program until it ends, or until it has printed an event of an endless stream.
  function outputOf(language, text, endless) {
    const [program, ...options] = interpreters[language];
    const command = language === 'sh' ? `exec ${text}` : text;  // So that a signal reaches curl.
    const child = spawn(program, [...options, command], {cwd: folder, stdio: ['ignore', 'pipe', 'pipe']});
    const timer = setTimeout(() => child.kill('SIGKILL'), sampleTimeoutMs);
    return new Promise((resolve, reject) => {
      let out = '';
      let errors = '';
      child.stderr.on('data', (piece) => { errors += piece; });
      child.stdout.on('data', (piece) => {
        out += piece;
        if (endless && out.includes('\n\n')) child.kill('SIGTERM');
      });
      child.once('error', reject);
      child.once('close', (status, signal) => {
        clearTimeout(timer);
        const stopped = endless && signal === 'SIGTERM';
        if (status === 0 || stopped) resolve(out);
        else reject(new Error(`${program} ended with ${status ?? signal}\n${text}\n${errors}${out}`));
      });
    });
  }

  /// Checks what a sample has printed, or has written to its file.
  async function assertAnswer({id, address, answer}, output) {
    const content = answer?.content ?? {};
    if (content['text/event-stream']) {
      assert.match(output, /^event: (job|workers)\n(id: .*\n)?data: \{/, id);
    } else if (content['text/csv'] || content['image/jpeg']) {
      const bytes = await readFile(path.join(folder, path.basename(address)));
      assert.ok(bytes.length > 0, id);
      await rm(path.join(folder, path.basename(address)));
    } else if (content['application/json']) {
      assertMatches(content['application/json'].schema, JSON.parse(output), id);
    } else if (answer) {  // curl doesn't follow a redirect, which has no content.
      assert.ok(output.length > 0, id);
    }
  }

  // Without an admin token, nobody can sign in.
  const refused = ['signIn'];
  // A worker without a network makes no thumbnails.
  const missing = ['thumbnail'];

  for (const language of Object.keys(interpreters)) {
    test(`in ${language} run and get the answers that the description promises`, async () => {
      for (const operation of operations()) {
        if (refused.includes(operation.id) || missing.includes(operation.id)) continue;
        const text = await adapt(samples[operation.id][language], operation.id);
        const output = await outputOf(language, text, operation.id === 'watchWorkers');
        await assertAnswer(operation, output);
        // Others need the worker again.
        if (/^delete(Worker|By)/.test(operation.id)) await ask(`api/v1/workers/${worker}`, 'POST');
      }
    });
  }
});
