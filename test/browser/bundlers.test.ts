import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as esbuild } from 'esbuild';
import type { Browser } from 'playwright-core';
import { build as vite } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encode, modelOf } from '../support/container.js';
import { Random } from '../support/random.js';
import { type Server, serve } from './server.js';
import { HAS_CHROMIUM, launch, openPage } from './support.js';

declare const window: { run(): Promise<string> };

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'fxq-bundlers-'));
const WORKER = 'fxq-compress/decode/worker';

/** A package by its name alone: what it exports is not looked at. */
const load = (name: string) => import(/* @vite-ignore */ name);

/** An app as a user would write it. */
const app = (worker = 'true') => `import { decode } from 'fxq-compress/decode';
window.run = async () => {
  const onnx = await decode('/model.fxq', { worker: ${worker} });
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', onnx));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
};`;

/** The ways of the README, each with what it leaves in `out`; the page loads `app.js` from there. */
const WAYS: Record<string, (entry: string, out: string) => Promise<unknown>> = {
  Vite: (entry, outDir) => {
    const rolldownOptions = { input: entry, output: { entryFileNames: 'app.js' } };
    return vite({ root: folder, logLevel: 'error', base: './', build: { outDir, rolldownOptions } });
  },
  webpack: async (entry, path) => {
    const { default: webpack } = await load('webpack');
    const output = { path, filename: 'app.js' };
    const compiler = webpack({ mode: 'production', optimization: { minimize: false }, context: folder, entry, output });
    const problems = await new Promise((resolve, reject) =>
      compiler.run((error: unknown, stats: { toString(options: object): string }) =>
        error ? reject(error) : resolve(stats.toString({ all: false, errors: true, warnings: true })),
      ),
    );
    expect(problems).toBe('');
  },
  esbuild: (entry, outdir) => {
    const entryPoints = { app: entry, 'decode-worker': WORKER };
    return esbuild({ entryPoints, outdir, bundle: true, format: 'esm', absWorkingDir: folder, minify: true });
  },
  Rollup: async (entry, dir) => {
    const { rollup } = await load('rollup');
    // In place of @rollup/plugin-node-resolve.
    const packages: Record<string, string> = { 'fxq-compress/decode': 'index.js', [WORKER]: 'decode-worker.js' };
    const resolveId = (id: string) => (id in packages ? join(root, 'dist/decode', packages[id]) : null);
    const bundle = await rollup({
      input: { app: entry, 'decode-worker': WORKER },
      plugins: [{ name: 'resolve', resolveId }],
    });
    await bundle.write({ dir, format: 'es', entryFileNames: '[name].js' });
  },
};

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
    elsewhere = await serve(folder);
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
    await build(entryOf(name), join(folder, name));
    expect(await tryPage(name, MODULE)).toEqual({ result: hash, workers: 1, said: [] });
  });

  it('nothing: an import map, or a server that only serves what is copied there', async () => {
    const map = { imports: { 'fxq-compress/decode': '/fxq/index.js' } };
    const head = `<script type="importmap">${JSON.stringify(map)}</script><script type="module">${app()}</script>`;
    expect(await tryPage('map', head)).toEqual({ result: hash, workers: 1, said: [] });
  });

  it('nothing, from another origin', async () => {
    for (const file of ['index.js', 'decode-worker.js'])
      elsewhere.behaviours.set(`/fxq/${file}`, { headers: { 'Access-Control-Allow-Origin': '*' } });
    const text = await (await fetch(`${elsewhere.origin}/fxq/index.js`)).text();
    for (const [, chunk] of text.matchAll(/from "\.\/([^"]+)"/g))
      elsewhere.behaviours.set(`/fxq/${chunk}`, { headers: { 'Access-Control-Allow-Origin': '*' } });
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
