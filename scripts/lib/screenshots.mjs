// Takes the pictures for scripts/screenshots: node screenshots.mjs SITE FOLDER SCALED-IMAGES IMAGE...
import {readdirSync} from 'node:fs';
import {createRequire} from 'node:module';
import path from 'node:path';

// scripts/setup --test installs the browser tests' packages.
const require = createRequire(new URL('../../test/e2e/browser/package.json', import.meta.url));
const {chromium} = require('playwright-core');

const [site, folder, scaledImages, ...images] = process.argv.slice(2);
const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
               '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const devices = {
  desktop: {viewport: {width: 1100, height: 1000}},
  phone: {viewport: {width: 390, height: 960}, hasTouch: true, isMobile: true, deviceScaleFactor: 2},
};

async function upload(page, files) {
  await page.goto(site);
  await page.locator('html.script').waitFor();
  await page.locator('#file').setInputFiles(files);
  await page.waitForFunction((count) => document.querySelectorAll('.card.recognized').length === count,
                             files.length, {timeout: 120_000});
  // Drops the keyboard's focus, which a picture would show.
  await page.evaluate(() => document.activeElement?.blur());
}

/// NAME_SCALE.jpg by their scale, so that different images follow each other.
function inTurn(names) {
  const scale = (name) => Number(name.match(/\d+/)[0]);
  return names.sort((one, other) => scale(one) - scale(other));
}

const browser = await chromium.launch({executablePath: '/usr/bin/chromium', args: flags});
try {
  for (const [device, options] of Object.entries(devices)) {
    for (const colorScheme of ['light', 'dark']) {
      const context = await browser.newContext({...options, colorScheme});
      const page = await context.newPage();
      const take = (name) => page.screenshot({path: path.join(folder, `${name}-${device}-${colorScheme}.png`)});
      await upload(page, images);
      await page.evaluate(() => window.scrollTo(0, 0));
      await take('recognize');
      if (colorScheme === (device === 'desktop' ? 'light' : 'dark')) {
        await upload(page, inTurn(readdirSync(scaledImages)).map((name) => path.join(scaledImages, name)));
        await page.goto(`${site}/results`);
        await take('results');
        await page.goto(`${site}/stats`);
        await page.locator('canvas').first().waitFor();
        await take('statistics');
      }
      await context.close();
    }
  }
} finally {
  await browser.close();
}
