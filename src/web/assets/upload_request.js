// One image on its way to the API.

const address = '/api/v1/classify?top=5';

/// Where the server says nothing of its own, or can't be reached: worth another attempt, by hand.
function unreached(sentence) {
  return {sentence, mayHelp: true, pauseS: null};
}

/// Seconds that the server asks to wait; null where it doesn't. Only numbers: this server sends no dates.
function readPause(request) {
  const text = request.getResponseHeader('Retry-After');
  return text !== null && /^\d+$/.test(text) ? Number(text) : null;
}

function readEnd(request) {
  const body = request.response;
  if (request.status === 200 && Array.isArray(body?.labels)) return {answer: body};
  const sentence = typeof body?.detail === 'string' ? body.detail
                                                    : `The server answered with ${request.status}.`;
  const temporary = request.status >= 500 || request.status === 429 || request.status === 408;
  return {problem: {sentence, mayHelp: temporary, pauseS: temporary ? readPause(request) : null}};
}

/// Resolves to {answer}, as the API gives it, to {problem: {sentence, mayHelp, pauseS}} (`mayHelp`: another
/// attempt may succeed; `pauseS`: after so many seconds, null: nobody knows), or after an abort to {}.
/// Calls `onProgress` with the part of the image that is sent, 0..1.
export function sendImage(file, signal, onProgress) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();  // fetch() reports no progress.
    request.open('POST', address);
    request.responseType = 'json';
    request.upload.addEventListener('progress', (event) => {
      onProgress(event.total > 0 ? event.loaded / event.total : 0);
    });
    request.addEventListener('load', () => resolve(readEnd(request)));
    request.addEventListener('error', () => resolve(
      {problem: unreached('The picture could not be sent: the server, or the file, is out of reach.')}));
    request.addEventListener('abort', () => resolve({}));
    signal.addEventListener('abort', () => request.abort());
    const form = new FormData();
    form.append('file', file);
    request.send(form);
  });
}
