// The API page: samples for this very site, and buttons that copy them.

/// The site that the samples name in the page.
const sampleSite = 'http://localhost:9999';
const basePath = location.pathname.replace(/\/api\/?$/, '');

function addCopyButton(sample) {
  const code = sample.querySelector('code');
  const button = document.createElement('button');
  const name = sample.querySelector('summary').textContent;
  button.type = 'button';
  button.className = 'quiet copy';
  button.textContent = 'Copy';
  button.setAttribute('aria-label', `Copy the ${name} sample`);
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = 'Copied';
  });
  sample.append(button);
}

for (const sample of document.querySelectorAll('.sample')) {
  const code = sample.querySelector('code');
  code.textContent = code.textContent.replaceAll(sampleSite, location.origin + basePath);
  // Browsers offer the clipboard to secure sites only, and to this machine.
  if (navigator.clipboard) addCopyButton(sample);
}
