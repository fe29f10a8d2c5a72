// node scripts/screenshots.js: pictures of the playground and the site, wide and narrow, light and dark, in out/screenshots. They are looked at, and
// not kept. Needs Chromium, at $CHROMIUM or where Debian has it, and what `npm run site` makes.
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const root = fileURLToPath(new URL('..', import.meta.url));
const site = join(root, 'out/site');
const out = join(root, 'out/screenshots');
const SIZES = [
  { width: 1280, height: 900 },
  { width: 390, height: 844 },
];
const SCHEMES = /** @type {const} */ (['light', 'dark']);
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.wasm': 'application/wasm' };

/** What is shown, and what is done for it. */
const SCENES = {
  start: async (page) => page.goto(`${origin()}/playground/index.html`),
  model: async (page) => {
    await page.goto(`${origin()}/playground/index.html`);
    await page.click('[data-sample=lenet-5]');
    await page.getByText('By bits').click();
    await page.locator('#status', { hasText: 'compressed' }).waitFor();
    await page.locator('#work[aria-busy=false]').waitFor();
    await page.getByText('int8 + gzip').waitFor();
    await page.click('#compare');
    await page.locator('#answers dl').waitFor();
  },
  site: async (page) => page.goto(`${origin()}/index.html`),
  guide: async (page) => page.goto(`${origin()}/documents/The_format.html`),
};

const server = createServer((request, response) => {
  const path = join(site, decodeURIComponent(new URL(request.url, 'http://localhost').pathname));
  try {
    const bytes = readFileSync(path);
    response.writeHead(200, { 'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream' }).end(bytes);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
try {
  mkdirSync(out, { recursive: true });
  for (const viewport of SIZES) {
    for (const colorScheme of SCHEMES) {
      for (const [name, act] of Object.entries(SCENES)) {
        const page = await browser.newPage({ viewport, colorScheme });
        await act(page);
        await page.waitForTimeout(400);
        const path = join(out, `${name}-${viewport.width}-${colorScheme}.png`);
        await page.screenshot({ path, fullPage: name === 'model' });
        console.log(path);
        await page.close();
      }
    }
  }
} finally {
  await browser.close();
  server.close();
}

function origin() {
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address.port : ''}`;
}
