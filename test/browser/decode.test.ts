import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as ort from 'onnxruntime-node';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { simulate } from '../../src/calibrate/simulate.js';
import type { FxqError } from '../../src/errors.js';
import { openOnnx } from '../../src/onnx/open.js';
import { written } from '../stages/support.js';
import { encode, modelOf, readBytes } from '../support/container.js';
import { packageModels } from '../support/packages.js';
import { Random } from '../support/random.js';
import { mnist } from '../tune/support.js';
import { type Server, serve } from './server.js';
import { buildPage, complaints, HAS_CHROMIUM, launch } from './support.js';

/** What page/page.js offers. */
interface Window {
  isReady: boolean;
  decodeUrl(request: {
    url: string;
    inWorker?: boolean;
    abortAt?: number;
    arrivedAt?: number;
    watch?: boolean;
  }): Promise<Outcome>;
  runUrl(request: {
    url: string;
    inWorker?: boolean;
    forOrt: boolean;
    inputs: Record<string, { type: string; value: number; dims: number[] }>;
  }): Promise<{ outside: number; outputs: Record<string, number[]> }>;
  hasWorkers(): Promise<boolean>;
  longestBlock(work: () => void): Promise<{ longest: number }>;
  hasWasm(): Promise<boolean>;
}

interface Outcome {
  progress: { phase: string; loaded: number; total: number | undefined }[];
  hash?: string;
  /** What `longestBlock` says, if asked to watch. */
  longest?: number;
  error?: Pick<FxqError, 'name' | 'code' | 'offset'> & { isFxqError: boolean };
}

declare const window: Window;

/** Without 'wasm-unsafe-eval' a page may not compile WebAssembly. */
const STRICT = "default-src 'none'; script-src 'self'; connect-src 'self'; worker-src 'self'; img-src data:";

describe.runIf(HAS_CHROMIUM)('the decoder in Chromium', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fxq-decode-'));
  const random = new Random(16);
  const model = modelOf(random.clustered(60_000, 32, 0.4));
  let container: Uint8Array;
  let browser: Browser;
  let server: Server;
  let page: Page;
  let said: string[];
  let workers: string[];

  beforeAll(async () => {
    browser = await launch();
    await buildPage(fileURLToPath(new URL('page', import.meta.url)), folder, false);
    container = await encode(model);
    writeFileSync(join(folder, 'model.fxq'), container);
    server = await serve(folder);
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  beforeEach(async () => {
    server.behaviours.clear();
    await page?.close();
    page = await browser.newPage();
    said = complaints(page);
    workers = [];
    page.on('worker', (worker) => workers.push(worker.url()));
    await open();
  });

  async function open(): Promise<void> {
    await page.goto(`${server.origin}/`);
    await page.waitForFunction(() => window.isReady);
  }

  for (const inWorker of [false, true]) {
    const decodeModel = (at: { abortAt?: number; arrivedAt?: number } = {}) =>
      page.evaluate((request) => window.decodeUrl(request), { url: 'model.fxq', inWorker, ...at });

    describe(inWorker ? 'in a worker' : 'in the page', () => {
      it('gives the bytes that Node gives, and counts to the true totals', async () => {
        server.behaviours.set('/model.fxq', { pause: 5 });
        const { hash, error, progress } = await decodeModel();
        expect(error).toBeUndefined();
        expect(hash).toBe(sha256(model));
        expect(workers).toHaveLength(inWorker ? 1 : 0);
        for (const [phase, total] of [
          ['download', container.length],
          ['decode', model.length],
        ] as const) {
          const steps = progress.filter((step) => step.phase === phase);
          expect(steps.at(-1)).toEqual({ phase, loaded: total, total });
          expect(steps.map(({ loaded }) => loaded)).toEqual(steps.map(({ loaded }) => loaded).sort((a, b) => a - b));
        }
        expect(said).toEqual([]);
      });

      it('stops in the middle when told to', async () => {
        const half = container.length >> 1;
        server.behaviours.set('/model.fxq', { bytes: half, ending: 'held' });
        const { error, progress } = await decodeModel({ abortAt: 1 });
        expect(error).toMatchObject({ name: 'FxqError', code: 'ABORTED', isFxqError: true });
        expect(progress.at(-1)!.loaded).toBeLessThanOrEqual(half);
        // The page, too, ends its connection.
        await server.held.get('/model.fxq');
      });

      it('tells a connection that broke from a file that is too short', async () => {
        const half = container.length >> 1;
        server.behaviours.set('/model.fxq', { bytes: half, ending: 'broken once arrived' });
        const broken = await decodeModel({ arrivedAt: half });
        expect(broken.error).toMatchObject({ code: 'IO', offset: half, isFxqError: true });
        server.behaviours.set('/model.fxq', { bytes: half });
        expect((await decodeModel()).error).toMatchObject({
          code: 'CONTAINER_MALFORMED',
          offset: half,
          isFxqError: true,
        });
      });
    });
  }

  const MODELS = [
    { path: bundled('lenet-5'), inputs: { input: { type: 'float32', value: 1, dims: [1, 1, 28, 28] } } },
    { path: packaged('cls_infer'), inputs: { x: { type: 'float32', value: 1, dims: [1, 3, 48, 192] } } },
    {
      path: packaged('silero_vad_v5'),
      inputs: {
        input: { type: 'float32', value: 0.1, dims: [1, 512] },
        state: { type: 'float32', value: 0, dims: [2, 1, 128] },
        sr: { type: 'int64', value: 16000, dims: [] },
      },
    },
  ];
  for (const { path, inputs } of MODELS) {
    it(`${basename(path)}: onnxruntime-web gives the same for a model with its payloads beside it`, async () => {
      writeFileSync(join(folder, 'net.fxq'), await encode(readBytes(path)));
      const run = (request: { forOrt: boolean; inWorker?: boolean }) =>
        page.evaluate((all) => window.runUrl(all), { url: 'net.fxq', inputs, ...request });
      const expected = await run({ forOrt: false });
      for (const inWorker of [false, true]) {
        const { outputs, outside } = await run({ forOrt: true, inWorker });
        expect(outputs).toEqual(expected.outputs);
        if (!path.includes('silero')) expect(outside).toBeGreaterThan(0.7 * readBytes(path).length);
      }
      expect(said).toEqual([]);
    });
  }

  it('LeNet-5 in 8 bits: its container runs on integer kernels, with the answers that Node has', async () => {
    const original = readBytes(bundled('lenet-5'));
    const stage = simulate({ as: 'qdq', dataset: mnist('t10k', 64), threads: 1, rounding: 'nearest' });
    const [quantized] = written(await stage.run(openOnnx(original)));
    const container = await encode(quantized);
    // Of the integers, not of the floats that they stand for.
    expect(container.length).toBeLessThan(0.25 * original.length);
    writeFileSync(join(folder, 'net.fxq'), container);
    const dims = [1, 1, 28, 28];
    const inputs = { input: { type: 'float32', value: 0.5, dims } };
    const { hash } = await page.evaluate(() => window.decodeUrl({ url: 'net.fxq' }));
    expect(hash).toBe(sha256(quantized));
    const { outputs } = await page.evaluate(
      (all) => window.runUrl({ url: 'net.fxq', forOrt: false, inputs: all }),
      inputs,
    );
    const session = await ort.InferenceSession.create(quantized, { intraOpNumThreads: 1 });
    const pixels = Float32Array.from({ length: 784 }, (_, i) => 0.5 * Math.sin(i));
    const { logits } = await session.run({ input: new ort.Tensor('float32', pixels, dims) });
    expect(outputs.logits).toEqual(Array.from(logits.data as Float32Array));
    expect(said).toEqual([]);
  });

  it('decodes in the page where workers are forbidden', async () => {
    expect(await page.evaluate(() => window.hasWorkers())).toBe(true);
    server.behaviours.set('/', { headers: { 'Content-Security-Policy': "worker-src 'none'" } });
    await open();
    expect(await page.evaluate(() => window.hasWorkers())).toBe(false);
    const { hash, error } = await page.evaluate(() => window.decodeUrl({ url: 'model.fxq', inWorker: true }));
    expect(error).toBeUndefined();
    expect(hash).toBe(sha256(model));
  });

  it('decodes where WebAssembly is forbidden', async () => {
    expect(await page.evaluate(() => window.hasWasm())).toBe(true);
    server.behaviours.set('/', { headers: { 'Content-Security-Policy': STRICT } });
    await open();
    expect(await page.evaluate(() => window.hasWasm())).toBe(false);
    const { hash, error } = await page.evaluate(() => window.decodeUrl({ url: 'model.fxq' }));
    expect(error).toBeUndefined();
    expect(hash).toBe(sha256(model));
  });

  // A matter of time, so not part of `npm test`, where other files take the processor away: `npm run bench page`.
  const isBench = process.env.FXQ_BENCH === 'page';
  it.runIf(isBench)('keeps the page free while a worker decodes 64 MB', async () => {
    // Large enough to hold a page for well over 50 ms if it were decoded there.
    const large = modelOf(random.clustered(16_000_000, 32, 0.4), [4000, 4000]);
    writeFileSync(join(folder, 'large.fxq'), await encode(large));
    const busy = await page.evaluate(() =>
      window.longestBlock(() => {
        const end = performance.now() + 80;
        while (performance.now() < end);
      }),
    );
    expect(busy.longest, 'a block that is there is seen').toBeGreaterThanOrEqual(80);
    const { longest, error, hash } = await page.evaluate(() =>
      window.decodeUrl({ url: 'large.fxq', inWorker: true, watch: true }),
    );
    expect(error).toBeUndefined();
    expect(hash).toBe(sha256(large));
    expect(longest).toBeLessThan(50);
  });
});

function bundled(name: string): string {
  return fileURLToPath(new URL(`../../models/${name}.onnx`, import.meta.url));
}

function packaged(name: string): string {
  return packageModels().find((path) => path.includes(name))!;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
