import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tinyModel, writeTiny } from '../transformers/tiny.js';
import { type Server, serve } from './server.js';
import { complaints, HAS_CHROMIUM, launch } from './support.js';

interface Outcome {
  scores: unknown;
  /** Bytes of the model file that were told of, and how many there are. */
  loaded: number[];
  totals: number[];
}
declare const window: { run(model: string, packed: boolean): Promise<Outcome> };

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'fxq-transformers-'));

/** An app as a user would write it. */
const APP = `import { env, pipeline } from '@huggingface/transformers';
import { useFxq } from 'fxq-compress/transformers';
env.allowLocalModels = true;
env.allowRemoteModels = false;
env.localModelPath = '/models/';
env.backends.onnx.wasm.wasmPaths = '/ort/';
window.run = async (model, packed) => {
  if (packed) useFxq(env);
  const loaded = [];
  const totals = [];
  const classify = await pipeline('text-classification', model, {
    dtype: 'fp32',
    progress_callback: ({ status, file, loaded: bytes, total }) => {
      if (status === 'progress' && file.endsWith('.onnx')) [loaded, totals].map((list, i) => list.push([bytes, total][i]));
    },
  });
  return { scores: await classify(['a very good film', 'not good, bad music']), loaded, totals };
};`;

describe.runIf(HAS_CHROMIUM)('transformers.js in Chromium', () => {
  let browser: Browser;
  let server: Server;

  beforeAll(async () => {
    browser = await launch();
    await writeTiny(join(folder, 'models/plain'), 'onnx');
    await writeTiny(join(folder, 'models/packed'), 'fxq');
    writeFileSync(join(folder, 'app.js'), APP);
    mkdirSync(join(folder, 'node_modules/@huggingface'), { recursive: true });
    symlinkSync(root, join(folder, 'node_modules/fxq-compress'), 'junction');
    symlinkSync(
      join(root, 'node_modules/@huggingface/transformers'),
      join(folder, 'node_modules/@huggingface/transformers'),
      'junction',
    );
    symlinkSync(join(root, 'node_modules/onnxruntime-web/dist'), join(folder, 'ort'), 'junction');
    await build({
      entryPoints: ['app.js'],
      outfile: join(folder, 'bundle.js'),
      bundle: true,
      format: 'esm',
      absWorkingDir: folder,
      logLevel: 'error',
    });
    writeFileSync(
      join(folder, 'index.html'),
      '<!doctype html><link rel="icon" href="data:,"><script type="module" src="bundle.js"></script>',
    );
    server = await serve(folder);
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('loads model.fxq in place of model.onnx, and the next time from its cache', async () => {
    const page = await browser.newPage();
    const said = complaints(page);
    let requests: string[] = [];
    page.on('request', (request) => requests.push(new URL(request.url()).pathname));
    await page.goto(`${server.origin}/`);
    await page.waitForFunction(() => 'run' in window);
    const run = (model: string) => {
      requests = [];
      return page.evaluate((name) => window.run(name, name === 'packed'), model);
    };
    const plain = await run('plain');
    const packed = await run('packed');
    expect(packed.scores).toEqual(plain.scores);
    expect(packed.totals).toEqual(packed.loaded.map(() => tinyModel.length));
    expect(packed.loaded.at(-1)).toBe(tinyModel.length);
    expect(requests).toContain('/models/packed/onnx/model.fxq');
    expect(requests).not.toContain('/models/packed/onnx/model.onnx');
    const again = await run('packed');
    expect(again.scores).toEqual(plain.scores);
    expect(requests.filter((path) => path.startsWith('/models/packed/onnx/'))).toEqual([]);
    expect(said).toEqual([]);
    await page.close();
  });
});
