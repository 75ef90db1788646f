// Sends one image to the API.

import {basePath} from './base_path.js';

const address = `${basePath}/api/v1/classify?top=5`;

/// The network that the user has chosen at the form. Empty for the default one, or if there is no choice.
export function chosenModel() {
  return document.querySelector('form.upload select[name=model]')?.value ?? '';
}

/// The problem of a request that got no response. The user may try again; nothing retries automatically.
function unreached(sentence) {
  return {sentence, mayHelp: true, pauseS: null};
}

/// Seconds to wait according to Retry-After, or null without one. Reads only numbers, because this server
/// sends no dates.
function readPause(request) {
  const text = request.getResponseHeader('Retry-After');
  return text !== null && /^\d+$/.test(text) ? Number(text) : null;
}

function readEnd(request) {
  const body = request.response;
  if (request.status === 200 && Array.isArray(body?.labels)) return {answer: body};
  const sentence = typeof body?.detail === 'string' ? body.detail
                                                    : `The server answered with status ${request.status}.`;
  const temporary = request.status >= 500 || request.status === 429 || request.status === 408;
  return {problem: {sentence, mayHelp: temporary, pauseS: temporary ? readPause(request) : null}};
}

/// Resolves to {answer}, as the API returns it, to {problem: {sentence, mayHelp, pauseS}}, or to {} after
/// an abort. `mayHelp` is true if another attempt may succeed; `pauseS` is the number of seconds to wait
/// before it, or null if unknown. `model` is the network's name, or empty for the default one. Calls
/// `onProgress` with the fraction of the image that is sent, 0..1.
export function sendImage(file, model, signal, onProgress) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();  // fetch() reports no progress.
    request.open('POST', model ? `${address}&model=${encodeURIComponent(model)}` : address);
    request.responseType = 'json';
    request.upload.addEventListener('progress', (event) => {
      onProgress(event.total > 0 ? event.loaded / event.total : 0);
    });
    request.addEventListener('load', () => resolve(readEnd(request)));
    request.addEventListener('error', () => resolve(
      {problem: unreached("Couldn't upload. Check your connection; the file may have moved.")}));
    request.addEventListener('abort', () => resolve({}));
    signal.addEventListener('abort', () => request.abort());
    const form = new FormData();
    form.append('file', file);
    request.send(form);
  });
}
