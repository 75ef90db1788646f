// Adds, probes and deletes workers without leaving the page, so its images stay.

import {basePath} from './base_path.js';

const listAddress = `${basePath}/api/v1/workers`;

/// Resolves to {answer}, the API's answer, or to {trouble}, a sentence.
async function ask(address, options) {
  try {
    const response = await fetch(address, options);
    // A proxy's errors may have any format.
    const answer = await response.json().catch(() => null);
    if (response.ok) return {answer};
    const {detail} = answer ?? {};
    return {trouble: typeof detail === 'string' ? detail
                                                : `The server answered with status ${response.status}.`};
  } catch {
    return {trouble: "Couldn't reach the server. Check your connection and try again."};
  }
}

function add(address) {
  return ask(listAddress, {method: 'POST', headers: {'Content-Type': 'application/json'},
                           body: JSON.stringify({address})});
}

function remove(address) {
  return ask(`${listAddress}/${encodeURIComponent(address)}`, {method: 'DELETE'});
}

function probe(address) {
  return ask(`${listAddress}/${encodeURIComponent(address)}/probe`, {method: 'POST'});
}

/// Updates the table sooner than the event stream does. If this fails, the stream still reports the change.
async function refresh(table) {
  const {answer} = await ask(listAddress);
  if (answer) table.show(answer.workers);
}

/// Handles the forms of `section`, which also work without a script.
export function watchWorkerForms(section, table) {
  const trouble = section.querySelector('.trouble');
  const fine = section.querySelector('.fine');
  const field = section.querySelector('#address');
  const send = async (form, row) => {
    if (!row) return add(field.value.trim());
    const change = form.matches('.probe') ? probe : remove;
    return change(table.addressOf(row));
  };
  section.addEventListener('submit', async (event) => {
    const form = event.target;
    const row = form.closest('.worker');
    if (!row && !form.matches('.add')) return;
    event.preventDefault();
    trouble.textContent = '';
    fine.textContent = '';
    const {answer, trouble: sentence} = await send(form, row);
    trouble.textContent = sentence ?? '';
    if (answer?.added === false) fine.textContent = `${answer.address} is already in the list.`;
    if (answer && !row) field.value = '';
    await refresh(table);
  });
}
