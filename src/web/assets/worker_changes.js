// Adding and deleting workers without leaving the page, and the images on it.

const listAddress = '/api/v1/workers';

/// The sentence of what went wrong; empty if nothing did.
async function troubleOf(address, options) {
  try {
    const response = await fetch(address, options);
    if (response.ok) return '';
    const {detail} = await response.json();
    return detail;
  } catch {
    return "The server can't be reached.";
  }
}

function add(address) {
  return troubleOf(listAddress, {method: 'POST', headers: {'Content-Type': 'application/json'},
                                 body: JSON.stringify({address})});
}

function remove(address) {
  return troubleOf(`${listAddress}/${encodeURIComponent(address)}`, {method: 'DELETE'});
}

/// Sooner than the stream of events. Nothing is lost if it fails, because the stream reports it too.
async function refresh(table) {
  const response = await fetch(listAddress).catch(() => null);
  if (response?.ok) table.show((await response.json()).workers);
}

/// The forms of `section` go on to work without a script.
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
