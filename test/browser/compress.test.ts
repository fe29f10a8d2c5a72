import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compress } from '../../src/search/compress.js';
import { readBytes } from '../support/container.js';
import { packageModels } from '../support/packages.js';
import { type Server, serve } from './server.js';
import { HAS_CHROMIUM, launch, openPage } from './support.js';
import { WAYS } from './ways.js';

interface Outcome {
  hash?: string;
  /** Calls about progress. */
  shares: number;
  /** The longest task of the page, in milliseconds; 0 for less than 50. */
  longest: number;
  code?: string;
}
declare const window: { run(abortAt?: number): Promise<Outcome> };

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'fxq-compress-'));
const WORKER = { from: 'fxq-compress/worker', name: 'compress-worker' };
const DIST = 'node_modules/fxq-compress/dist';
const OPTIONS = { prune: { density: 0.5 }, cluster: { bits: 5 } };

/** An app as a user would write it. */
const app = (worker = 'true', library = 'fxq-compress') => `import { compress, inspectContainer } from '${library}';
const watch = new PerformanceObserver((list) => list.getEntries().forEach(note));
let longest = 0;
const note = ({ duration }) => { longest = Math.max(longest, duration); };
window.run = async (abortAt = 2) => {
  const file = await (await fetch('/model.onnx')).blob();
  const stop = new AbortController();
  let shares = 0;
  longest = 0;
  watch.observe({ type: 'longtask' });
  await new Promise((resolve) => setTimeout(resolve));
  const onProgress = (share) => {
    shares++;
    if (share >= abortAt) stop.abort();
  };
  try {
    const { container } = await compress(file, { ...${JSON.stringify(OPTIONS)}, worker: ${worker}, onProgress, signal: stop.signal });
    const { bytes } = await inspectContainer(container, { worker: ${worker} });
    await new Promise((resolve) => setTimeout(resolve, 100));
    watch.takeRecords().forEach(note);
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', container));
    return { hash: digest.toHex?.() ?? Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join(''), shares, longest, bytes };
  } catch ({ code, message }) {
    return { code: code ?? message, shares, longest };
  }
};`;

describe.runIf(HAS_CHROMIUM)('an app that compresses in a worker', () => {
  // Half a megabyte: a second of work.
  const model = readBytes(packageModels().find((path) => path.includes('cls_infer')) as string);
  let hash: string;
  let browser: Browser;
  let server: Server;
  let elsewhere: Server;

  beforeAll(async () => {
    const { container } = await compress(model, OPTIONS);
    hash = createHash('sha256').update(container).digest('hex');
    browser = await launch();
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(root, join(folder, 'node_modules/fxq-compress'), 'junction');
    writeFileSync(join(folder, 'package.json'), '{ "type": "module", "private": true }');
    writeFileSync(join(folder, 'app.js'), app());
    writeFileSync(join(folder, 'model.onnx'), model);
    server = await serve(folder);
    elsewhere = await serve(folder, { 'Access-Control-Allow-Origin': '*' });
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
    elsewhere?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const open = (name: string, head = '<script type="module" src="./app.js"></script>') =>
    openPage(browser, { folder, name, head, origin: server.origin });

  it.each(Object.entries(WAYS))(
    'bundled by %s: the bytes that Node gives, and a page that never waits',
    async (name, build) => {
      await build({ folder, entry: join(folder, 'app.js'), out: join(folder, name), worker: WORKER });
      const { page, said, workers } = await open(name);
      // Another process may take the processor away, and then it is the page that seems to wait.
      let outcome = await page.evaluate(() => window.run());
      for (let i = 0; i < 2 && outcome.longest >= 50; i++) outcome = await page.evaluate(() => window.run());
      expect(outcome).toMatchObject({ hash, longest: 0 });
      expect(outcome.shares).toBeGreaterThan(50);
      expect(workers()).toBeGreaterThanOrEqual(2);
      expect(said).toEqual([]);
      await page.close();
    },
  );

  it('stops in the middle when told to', async () => {
    const { page } = await open('esbuild');
    const { code, shares } = await page.evaluate(() => window.run(0.5));
    expect(code).toBe('ABORTED');
    expect(shares).toBeGreaterThan(0);
    await page.close();
  });

  it('by an import map: what is served of the package needs nothing else', async () => {
    const map = { imports: { 'fxq-compress': `/${DIST}/index.js` } };
    const head = `<script type="importmap">${JSON.stringify(map)}</script><script type="module">${app()}</script>`;
    const { page, said, workers } = await open('map', head);
    expect(await page.evaluate(() => window.run())).toMatchObject({ hash });
    expect([workers(), said]).toEqual([2, []]);
    await page.close();
  });

  it('from another origin, in a worker of the page that imports it', async () => {
    const cdn = `${elsewhere.origin}/${DIST}`;
    const blob = `URL.createObjectURL(new Blob(["import '${cdn}/compress-worker.js'"], { type: 'text/javascript' }))`;
    const { page, said, workers } = await open('cdn', `<script type="module">${app(blob, `${cdn}/index.js`)}</script>`);
    expect(await page.evaluate(() => window.run())).toMatchObject({ hash });
    expect([workers(), said]).toEqual([2, []]);
    await page.close();
  });

  it('bundled without the worker: it is done in the page, which is said once', async () => {
    cpSync(join(folder, 'esbuild/app.js'), join(folder, 'lost/app.js'));
    const { page, said } = await open('lost');
    const outcome = await page.evaluate(() => window.run());
    expect(outcome.hash).toBe(hash);
    expect(said.filter((text) => text.startsWith('fxq-compress:'))).toEqual([
      expect.stringMatching(/no worker could be started/),
    ]);
    await page.close();
  });
});
