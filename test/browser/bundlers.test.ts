import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as esbuild } from 'esbuild';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encode, modelOf } from '../support/container.js';
import { Random } from '../support/random.js';
import { type Server, serve } from './server.js';
import { HAS_CHROMIUM, launch, openPage } from './support.js';
import { WAYS } from './ways.js';

declare const window: { run(): Promise<string> };

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'fxq-bundlers-'));
const WORKER = { from: 'fxq-compress/decode/worker', name: 'decode-worker' };

/** An app as a user would write it. */
const app = (worker = 'true') => `import { decode } from 'fxq-compress/decode';
window.run = async () => {
  const onnx = await decode('/model.fxq', { worker: ${worker} });
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', onnx));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
};`;

describe.runIf(HAS_CHROMIUM)('an app that decodes in a worker, bundled by', async () => {
  const model = modelOf(new Random(8).clustered(60_000, 30, 0.5));
  const hash = createHash('sha256').update(model).digest('hex');
  let browser: Browser;
  let server: Server;
  let elsewhere: Server;

  beforeAll(async () => {
    browser = await launch();
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(root, join(folder, 'node_modules/fxq-compress'), 'junction');
    writeFileSync(join(folder, 'package.json'), '{ "type": "module", "private": true }');
    writeFileSync(join(folder, 'model.fxq'), await encode(model));
    cpSync(join(root, 'dist/decode'), join(folder, 'fxq'), { recursive: true });
    server = await serve(folder);
    elsewhere = await serve(folder, { 'Access-Control-Allow-Origin': '*' });
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
    elsewhere?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Writes a page around a script, runs it, and says what came of it. */
  async function tryPage(
    name: string,
    head: string,
  ): Promise<{ result: string; workers: number; said: readonly string[] }> {
    const { page, said, workers } = await openPage(browser, { folder, name, head, origin: server.origin });
    const result = await page.evaluate(() => window.run());
    await page.close();
    return { result, workers: workers(), said };
  }

  const entryOf = (name: string, text = app()) => {
    writeFileSync(join(folder, `${name}.js`), text);
    return join(folder, `${name}.js`);
  };
  const MODULE = '<script type="module" src="./app.js"></script>';

  it.each(Object.entries(WAYS))('%s', async (name, build) => {
    await build({ folder, entry: entryOf(name), out: join(folder, name), worker: WORKER });
    expect(await tryPage(name, MODULE)).toEqual({ result: hash, workers: 1, said: [] });
  });

  it('nothing: an import map, or a server that only serves what is copied there', async () => {
    const map = { imports: { 'fxq-compress/decode': '/fxq/index.js' } };
    const head = `<script type="importmap">${JSON.stringify(map)}</script><script type="module">${app()}</script>`;
    expect(await tryPage('map', head)).toEqual({ result: hash, workers: 1, said: [] });
  });

  it('nothing, from another origin', async () => {
    const cdn = `${elsewhere.origin}/fxq`;
    const head = (worker: string) =>
      `<script type="module">${app(worker).replace('fxq-compress/decode', `${cdn}/index.js`)}</script>`;
    // A page may start no worker of another origin, but one of its own that imports it.
    const blob = `URL.createObjectURL(new Blob(["import '${cdn}/decode-worker.js'"], { type: 'text/javascript' }))`;
    expect(await tryPage('cdn', head(blob))).toEqual({ result: hash, workers: 1, said: [] });
    const { result, workers, said } = await tryPage('cdn', head('true'));
    expect([result, workers]).toEqual([hash, 0]);
    expect(said).toEqual([expect.stringMatching(/no worker could be started \(.*cannot be accessed from origin/)]);
  });

  it('esbuild without the worker: it is done in the page, which is said', async () => {
    const outfile = join(folder, 'lost/app.js');
    await esbuild({ entryPoints: [entryOf('lost')], outfile, bundle: true, format: 'esm', absWorkingDir: folder });
    const { result, said } = await tryPage('lost', MODULE);
    expect(result).toBe(hash);
    expect(said.filter((text) => text.startsWith('fxq-compress:'))).toEqual([
      expect.stringMatching(
        /^fxq-compress: no worker could be started \(its file could not be loaded\), so it is done/,
      ),
    ]);
  });
});
