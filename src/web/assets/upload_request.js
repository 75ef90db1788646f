// Sends one image to the API.

import {basePath} from './base_path.js';
import {whatIsMissing} from './upload_gate.js';

const address = `${basePath}/api/v1/classify?top=5`;

/// The network that the user has chosen at the form. Empty for the default one, or if there is no choice.
export function chosenModel() {
  return document.querySelector('form.upload select[name=model]')?.value ?? '';
}

const lostPauseS = 2;

/// Returns whether the file's bytes can be read. A folder's can't, nor can those of a file that was moved,
/// deleted or changed since it was chosen.
async function isReadable(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

/// The problem of a request that got no response.
async function explainLoss(file) {
  if (!await isReadable(file)) {
    return {sentence: "Couldn't read this file. It is a folder, or was moved or changed; choose it again.",
            mayHelp: false, pauseS: null, missing: ''};
  }
  return {sentence: "Couldn't upload. Check your connection and try again.", mayHelp: true,
          pauseS: lostPauseS, missing: await whatIsMissing()};
}

/// Seconds to wait according to Retry-After, or null without one. Reads only numbers, because this server
/// sends no dates.
function readPause(request) {
  const text = request.getResponseHeader('Retry-After');
  return text !== null && /^\d+$/.test(text) ? Number(text) : null;
}

/// What an error says is missing. A proxy without the server behind it gives no reason.
function missingBy(status, reason) {
  if (reason === 'no_active_worker') return 'worker';
  const away = [502, 503, 504].includes(status) && reason === undefined;
  return away || reason === 'stopping' ? 'server' : '';
}

function readEnd(request) {
  const {response: body, status} = request;
  if (status === 200 && Array.isArray(body?.labels)) return {answer: body};
  const sentence = typeof body?.detail === 'string' ? body.detail
                                                    : `The server answered with status ${status}.`;
  const temporary = status >= 500 || status === 429 || status === 408;
  return {problem: {sentence, mayHelp: temporary, pauseS: temporary ? readPause(request) : null,
                    missing: missingBy(status, body?.reason)}};
}

/// Resolves to {answer}, as the API returns it, to {problem: {sentence, mayHelp, pauseS, missing}}, or to {}
/// after an abort. `mayHelp` is true if another attempt may succeed; `pauseS` is the number of seconds to wait
/// before it, or null if unknown; `missing` says what no upload can succeed without now, as whatIsMissing()
/// does. `model` is the network's name, or empty for the default one. Calls `onProgress` with the fraction of the image that is sent, 0..1.
export function sendImage(file, model, signal, onProgress) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();  // fetch() reports no progress.
    request.open('POST', model ? `${address}&model=${encodeURIComponent(model)}` : address);
    request.responseType = 'json';
    request.upload.addEventListener('progress', (event) => {
      onProgress(event.total > 0 ? event.loaded / event.total : 0);
    });
    request.addEventListener('load', () => resolve(readEnd(request)));
    request.addEventListener('error', async () => resolve({problem: await explainLoss(file)}));
    request.addEventListener('abort', () => resolve({}));
    signal.addEventListener('abort', () => request.abort());
    const form = new FormData();
    form.append('file', file);
    request.send(form);
  });
}
