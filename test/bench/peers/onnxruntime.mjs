// Runs SqueezeNet from an ONNX file with ONNX Runtime (onnxruntime-node from npm).
//
// usage: node onnxruntime.mjs MODEL.onnx INPUT.f32 IMAGES_AT_ONCE THREADS_PER_IMAGE SECONDS
//
// IMAGES_AT_ONCE processes run one image each at a time. All of them start at the same time.

import { fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { InferenceSession, Tensor } from "onnxruntime-node";

const WARM_UP_CALLS = 5;

function median(values) {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

async function makeForward(model, input, threads) {
  const session = await InferenceSession.create(model, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
  });
  const bytes = readFileSync(input);
  const planes = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const feeds = { [session.inputNames[0]]: new Tensor("float32", planes, [1, 3, 224, 224]) };
  return async () => (await session.run(feeds))[session.outputNames[0]].data;
}

// Runs in a child process. Sends "warm" when it is warmed up, waits for the reply, measures, and sends
// the result.
async function measure(model, input, threads, seconds) {
  const forward = await makeForward(model, input, threads);
  let logits;
  for (let call = 0; call < WARM_UP_CALLS; ++call) logits = await forward();
  process.send("warm");
  await new Promise((resolve) => process.once("message", resolve));
  const timesMs = [];
  const begin = performance.now();
  let last = begin;
  while (last - begin < seconds * 1000) {
    await forward();
    const now = performance.now();
    timesMs.push(now - last);
    last = now;
  }
  process.send({ timesMs, perS: (timesMs.length * 1000) / (last - begin), top1: logits.indexOf(Math.max(...logits)) });
  process.disconnect();
}

async function runChildren(count, words) {
  const children = Array.from({ length: count }, () => fork(fileURLToPath(import.meta.url), [...words, "child"]));
  const message = (child) =>
    new Promise((resolve, reject) => {
      child.once("message", resolve);
      child.once("exit", () => reject(new Error("an ONNX Runtime process ended early")));
    });
  await Promise.all(children.map(message));
  const results = children.map(message);
  for (const child of children) child.send("go");
  return Promise.all(results);
}

const [model, input, images, threads, seconds, isChild] = process.argv.slice(2);
if (isChild) {
  await measure(model, input, Number(threads), Number(seconds));
} else {
  const results = await runChildren(Number(images), [model, input, images, threads, seconds]);
  console.log(
    JSON.stringify({
      threads: Number(images),
      median_ms: median(results.flatMap((result) => result.timesMs)),
      per_s: results.reduce((sum, result) => sum + result.perS, 0),
      top1: results[0].top1,
    }),
  );
}
