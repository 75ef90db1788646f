// Adds and deletes workers without leaving the page, so its images stay.

import {basePath} from './base_path.js';

const listAddress = `${basePath}/api/v1/workers`;

/// Resolves to the error sentence, or to an empty string if the request succeeded.
async function troubleOf(address, options) {
  try {
    const response = await fetch(address, options);
    if (response.ok) return '';
    const {detail} = await response.json();
    return detail;
  } catch {
    return "Couldn't reach the server. Check your connection and try again.";
  }
}

function add(address) {
  return troubleOf(listAddress, {method: 'POST', headers: {'Content-Type': 'application/json'},
                                 body: JSON.stringify({address})});
}

function remove(address) {
  return troubleOf(`${listAddress}/${encodeURIComponent(address)}`, {method: 'DELETE'});
}

/// Updates the table sooner than the event stream does. If this fails, the stream still reports the change.
async function refresh(table) {
  const response = await fetch(listAddress).catch(() => null);
  if (response?.ok) table.show((await response.json()).workers);
}

/// Handles the forms of `section`, which also work without a script.
export function watchWorkerForms(section, table) {
  const trouble = section.querySelector('.trouble');
  const field = section.querySelector('#address');
  section.addEventListener('submit', async (event) => {
    const row = event.target.closest('.worker');
    const adds = event.target.matches('.add');
    if (!row && !adds) return;
    event.preventDefault();
    trouble.textContent = '';
    trouble.textContent = adds ? await add(field.value.trim()) : await remove(table.addressOf(row));
    if (adds && trouble.textContent === '') field.value = '';
    await refresh(table);
  });
}
