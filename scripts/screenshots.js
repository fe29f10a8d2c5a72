// node scripts/screenshots.js: pictures of the program at 80 columns, of a report, of the playground and of the site, wide and narrow,
// light and dark, in out/screenshots; with names, such as `report`, of these alone. They are looked at, and not kept. Needs Chromium, at
// $CHROMIUM or where Debian has it, `script` of util-linux, and for the playground and the site what `npm run site` makes.
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { printed, terminalPage } from './screenshots/terminal.js';
import { launchChromium, withFiles } from './support/browser.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const site = join(root, 'out/site');
const out = join(root, 'out/screenshots');
const folder = mkdtempSync(join(tmpdir(), 'screenshots-'));
const COLUMNS = 80;
const SIZES = [
  { width: 1280, height: 900 },
  { width: 390, height: 844 },
];
const SCHEMES = /** @type {const} */ (['light', 'dark']);

/** What is typed, in this order, into a folder with a model. */
const COMMANDS = {
  compress: 'fxq-compress lenet-5.onnx',
  table: 'fxq-compress lenet-5.onnx -o again.fxq --density 0.3 --bits 5 --table',
  inspect: 'fxq-compress inspect lenet-5.fxq',
  evaluate: 'fxq-compress evaluate lenet-5.fxq --reference lenet-5.onnx --data random',
  report: 'fxq-compress report lenet-5.onnx lenet-5.fxq --data random --limit 300 -o report.html',
  init: 'fxq-compress init lenet-5.onnx -o fxq.yaml',
  help: 'fxq-compress --help',
  'help-compress': 'fxq-compress help compress',
  mistake: 'fxq-compress lenet-5.onnx --exclude fc1.wieght -o mistake.fxq',
  unknown: 'fxq-compress help nonsense',
};

/** What is shown in a page, and what is done for it. */
const SCENES = {
  start: async (page, url) => page.goto(`${url}playground/index.html`),
  model: async (page, url) => {
    await page.goto(`${url}playground/index.html`);
    await page.click('[data-sample=lenet-5]');
    await page.getByText('By bits').click();
    await page.locator('#status', { hasText: 'compressed' }).waitFor();
    await page.locator('#work[aria-busy=false]').waitFor();
    await page.getByText('int8 + gzip').waitFor();
    await page.click('#compare');
    await page.locator('#answers dl').waitFor();
  },
  report: async (page) => page.goto(pathToFileURL(join(folder, 'report.html')).href),
  site: async (page, url) => page.goto(`${url}index.html`),
  guide: async (page, url) => page.goto(`${url}documents/The_format.html`),
};
/** Scenes of which all is shown, however long. */
const WHOLE = ['model', 'report'];

const browser = await launchChromium();
const wanted = process.argv.slice(2);
const isWanted = (name) => wanted.length === 0 || wanted.includes(name);
try {
  mkdirSync(out, { recursive: true });
  if (isWanted('terminal') || isWanted('report')) await picture();
  await withFiles(site, async (url) => {
    for (const viewport of SIZES) {
      for (const colorScheme of SCHEMES) {
        for (const [name, act] of Object.entries(SCENES).filter(([each]) => isWanted(each))) {
          const page = await browser.newPage({ viewport, colorScheme });
          page.setDefaultTimeout(180_000);
          await act(page, url);
          await page.waitForTimeout(400);
          await shoot(page, `${name}-${viewport.width}-${colorScheme}`, WHOLE.includes(name));
          await page.close();
        }
      }
    }
  });
} finally {
  await browser.close();
  rmSync(folder, { recursive: true });
}

/** Runs the commands, and shows each with what it has printed. */
async function picture() {
  cpSync(join(root, 'models/lenet-5.onnx'), join(folder, 'lenet-5.onnx'));
  for (const [name, command] of Object.entries(COMMANDS)) {
    const program = JSON.stringify(join(root, 'bin/fxq-compress.js'));
    const text = printed(command.replace(/^fxq-compress/, `node ${program}`), COLUMNS, folder);
    const path = join(folder, `${name}.terminal.html`);
    writeFileSync(path, terminalPage(command, text, COLUMNS));
    for (const colorScheme of SCHEMES) {
      const page = await browser.newPage({ viewport: { width: 800, height: 300 }, colorScheme });
      await page.goto(pathToFileURL(path).href);
      await shoot(page, `terminal-${name}-${colorScheme}`, true);
      await page.close();
    }
  }
}

async function shoot(page, name, isWhole) {
  const path = join(out, `${name}.png`);
  await page.screenshot({ path, fullPage: isWhole });
  console.log(path);
}
