// Starts the real programs on free ports, and stops them at the end.
import {spawn} from 'node:child_process';
import {existsSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {createInterface} from 'node:readline';

// Limits against hanging; they don't measure speed.
const readyTimeoutMs = 60_000;
const stopTimeoutMs = 30_000;

function required(variable) {
  const value = process.env[variable];
  if (!value) throw new Error(`set ${variable}; test/CMakeLists.txt lists the variables that these tests need`);
  return value;
}

export const model = required('SAMOYED_MODEL');
/// True if workers run without a network and don't decode images.
export const modelIsNull = model === 'null';
export const modelIsTrained = !modelIsNull && !readFileSync(model).includes('samoyed.untrained');

/// A photo with a known answer: dog.jpg, whose exact answer is known, if ../shared exists; otherwise chelsea.png.
export function sampleImage() {
  const dog = path.join(process.env.SAMOYED_SHARED_DIR || '', 'images', 'dog.jpg');
  if (process.env.SAMOYED_SHARED_DIR && existsSync(dog)) return {file: dog, isDog: true};
  return {file: path.join(required('SAMOYED_SAMPLE_DIR'), 'chelsea.png'), isDog: false};
}

/// An address where nothing listens, so connections are refused.
export const deadAddress = '127.0.0.1:1';

export class Programs {
  #running = [];

  /// Resolves to HOST:PORT once the program logs that it listens there.
  async #start(name, args) {
    const child = spawn(path.join(required('SAMOYED_BIN_DIR'), name), args, {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#running.push(child);
    const lines = [];
    return new Promise((resolve, reject) => {
      const fail = (why) => reject(new Error(`${name} ${why}\n${lines.join('\n')}`));
      const timer = setTimeout(() => fail('did not listen in time'), readyTimeoutMs);
      child.once('error', fail);
      child.once('exit', (code) => fail(`ended with ${code}`));
      createInterface({input: child.stderr}).on('line', (line) => {
        lines.push(line);
        const listening = /listening on (\S+:\d+)/.exec(line);
        if (!listening) return;
        clearTimeout(timer);
        child.address = listening[1];
        resolve(child.address);
      });
    });
  }

  startWorker(port = '0', options = []) {
    return this.#start('samoyed-worker', ['127.0.0.1', port, '--model', model, ...options]);
  }

  /// A worker without a network, which makes up its answers.
  startNullWorker() {
    return this.#start('samoyed-worker', ['127.0.0.1', '0', '--model', 'null']);
  }

  /// Sends a signal to the program that listens on that address. SIGKILL ends it without a shutdown.
  signal(address, name) {
    this.#running.findLast((child) => child.address === address).kill(name);
  }

  /// Kills the program that listens on that address, and resolves once it is gone.
  async kill(address) {
    const child = this.#running.findLast((one) => one.address === address);
    const gone = new Promise((resolve) => { child.once('exit', resolve); });
    child.kill('SIGKILL');
    await gone;
  }

  /// Starts a dispatcher again at the address of one that was killed.
  restartDispatcher(site, workers, options = []) {
    return this.startDispatcher(workers, options, '127.0.0.1', new URL(site).port);
  }

  async startDispatcher(workers, options = [], host = '127.0.0.1', port = '0') {
    const listed = workers.flatMap((address) => ['--worker', address]);
    const address = await this.#start(
      'samoyed-dispatcher', ['--address', host, '--port', port, ...listed, ...options]);
    return `http://${address}/`;
  }

  async stop() {
    await Promise.all(this.#running.splice(0).map((child) => new Promise((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) return resolve();
      const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
      child.once('exit', () => {
        clearTimeout(timer);
        resolve();
      });
      child.kill('SIGTERM');
    })));
  }
}
