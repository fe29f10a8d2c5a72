// What each of four ways to smaller files is worth: bytes that it saves at equal answers, with it alone switched off.
//
//   npm run bench sizes [-- MODEL.onnx … --test DATA --data CALIBRATION --only "synthetic|escape|two-sided|contexts"]
//
// The bundled nets on MNIST, those of the OCR and voice packages on made inputs that no search sees; a model of your own on its
// test data. `synthetic`: weights by their own noise, and not by answers. `escape`: without it, means of clusters in place of a grid.
// `two-sided` (with --data, or of the bundled nets): rows that do not make up for each other's errors, all layers at once.
// `contexts`: one code a section, and none by what came before; there answers are the same by themselves. Elsewhere bytes are
// read off a line between points on either side of the divergence of what is compared with; without any on one side, the nearest point is told.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { RECIPE, startCalibration } from '../../build/calibrate/start.js';
import { disk } from '../../build/cli/disk.js';
import { containerSize } from '../../build/container/write/container.js';
import { cluster, compress, decode, openDataset, openOnnx, syntheticDataset } from '../../build/index.js';
import { readInterface } from '../../build/onnx/interface.js';
import { statesOf } from '../../build/runtime/carried.js';
import { loadRuntime } from '../../build/runtime/runtime.js';
import { createAnswerJudge } from '../../build/search/answers.js';
import { ocr, vad } from './support/packaged.js';
import { plainCoder } from './support/plain-coder.js';
import { bundled, SUBJECT } from './support/subject.js';

const mnist = SUBJECT.test.default;

const { values, positionals } = parseArgs({
  options: { data: { type: 'string' }, test: { type: 'string' }, only: { type: 'string', default: '' } },
  allowPositionals: true,
});
const only = new RegExp(values.only);
const given = positionals.map((path) => ({ path, data: values.data, test: values.test }));
/** @type {{ path: string, data?: string, test?: string }[]} */
const SUBJECTS =
  given.length > 0
    ? given
    : [
        ...['lenet-300-100', 'lenet-5'].map((name) => ({
          path: bundled(name),
          data: SUBJECT.data.default,
          test: mnist,
        })),
        ...['legacy', 'v5', 'v6'].map((name) => ({ path: vad(name) })),
        ...['ch_ppocr_mobile_v2.0_cls_infer', 'ch_PP-OCRv4_det_infer'].map((name) => ({ path: ocr(name) })),
      ];

/** Inputs that are judged on: of a data set, or made; a seed that no search has. */
const JUDGED = 2000;
const MADE = 32;
const WINDOWS = 1024;
const SEED = 77;
/** Inputs of the calibration, and where its prices start. */
const SAMPLES = 512;
const FIRST_LAMBDA = 1e-8;
/** Nats that answers may be off where ways are compared, and decibels by which a price falls that leaves them more. */
const MOST_OFF = 0.02;
const PRICE_STEP = 6;
/** Decibels of the weights that plain ways start at. */
const FIRST_SNR = 40;
/** Points looked at, and how near, in decibels, is near enough. */
const STEPS = 6;
const NEAR = 0.5;

const runtime = await loadRuntime();
const decibels = (ratio) => 10 * Math.log10(ratio);

/** How far answers are off the original's: in nats where they are decisions, else noise beside the signal. */
async function meterOf(model, test) {
  const ports = readInterface(model);
  const states = statesOf(ports) ?? [];
  const samples = states.length > 0 ? WINDOWS : MADE;
  const whole = test === undefined ? undefined : await openDataset(test, disk);
  const dataset = whole
    ? (options = {}) => whole({ limit: JUDGED, ...options })
    : syntheticDataset(ports.inputs, { samples, seed: SEED });
  const judge = await createAnswerJudge(model, { dataset, states, runtime, threads: 1 });
  if (!judge) return undefined;
  return async (changed) => {
    const { snr, divergence } = await judge(changed);
    return divergence ?? 10 ** (-snr / 10);
  };
}

/**
 * The bytes at which a way's answers are as far off as wanted, between the nearest points on either side; where it comes from one
 * side only, those of the nearest point, and that it stays off.
 */
async function bytesAt(wanted, start, pointAt) {
  const points = [];
  let at = start;
  for (let step = 0; step < STEPS; step++) {
    const point = await pointAt(at);
    const miss = decibels(point.off / wanted);
    points.push({ miss, size: Math.log(point.bytes) });
    if (step > 0 && Math.abs(miss) < NEAR) break;
    at += Math.sign(miss) * Math.max(1, Math.abs(miss));
  }
  points.sort((a, b) => Math.abs(a.miss) - Math.abs(b.miss));
  const [nearest] = points;
  const other = points.find(({ miss }) => Math.sign(miss) !== Math.sign(nearest.miss));
  if (!other) return { bytes: Math.exp(nearest.size), miss: Math.abs(nearest.miss) < NEAR ? 0 : nearest.miss };
  const slope = (other.size - nearest.size) / (other.miss - nearest.miss);
  return { bytes: Math.exp(nearest.size - slope * nearest.miss), miss: 0 };
}

const pointOf = async (off, model) => ({ bytes: await containerSize(model), off: await off(model) });

const WAYS = {
  async synthetic({ model, off, found }) {
    if (typeof found.synthetic === 'string') return undefined;
    const wanted = await off(openOnnx(await decode(found.container)));
    const plainly = async (snr) => pointOf(off, await cluster({ snr, values: 'grid' }).run(model, {}));
    return { wanted, with: found.container.length, without: await bytesAt(wanted, FIRST_SNR, plainly) };
  },
  async escape({ model, off }) {
    const grid = await pointOf(off, await cluster({ snr: FIRST_SNR, values: 'grid' }).run(model, {}));
    const means = async (snr) => pointOf(off, await cluster({ snr, values: 'means' }).run(model, {}));
    return { wanted: grid.off, with: grid.bytes, without: await bytesAt(grid.off, FIRST_SNR, means) };
  },
  async 'two-sided'({ model, off, data }) {
    if (data === undefined) return undefined;
    const dataset = await openDataset(data, disk);
    const options = { dataset, samples: SAMPLES, fast: true, threads: 1 };
    const [two, one] = [true, false].map((isTwoSided) =>
      startCalibration(model, options, undefined, { ...RECIPE, isTwoSided }),
    );
    const at = async (way, price) => pointOf(off, await (await way).run(10 ** (-price / 10)));
    let start = -decibels(FIRST_LAMBDA);
    let point = await at(two, start);
    for (; point.off > MOST_OFF; point = await at(two, start)) start += PRICE_STEP;
    const { off: wanted, bytes } = point;
    return { wanted, with: bytes, without: await bytesAt(wanted, start, (price) => at(one, price)) };
  },
  async contexts({ found }) {
    const model = openOnnx(await decode(found.container));
    const without = { bytes: await containerSize(model, { coder: plainCoder }), miss: 0 };
    return { with: await containerSize(model), without };
  },
};

const row = (cells) => console.log(`| ${cells.join(' | ')} |`);
const number = (value) => Math.round(value).toLocaleString('en');
console.log(`Node ${process.version}\n`);
row(['model', 'judged on', 'switched off', 'off by', 'bytes with', 'bytes without', 'saved']);
row(['---', '---', '---', '---:', '---:', '---:', '---:']);
for (const { path, data, test } of SUBJECTS) {
  const bytes = new Uint8Array(readFileSync(path));
  const model = openOnnx(bytes);
  const meter = await meterOf(model, test);
  const found = await compress(bytes, { synthetic: { threads: 1 } });
  for (const [name, way] of Object.entries(WAYS)) {
    if (!only.test(name)) continue;
    const result = meter && (await way({ model, off: meter, found, data }));
    if (!result) continue;
    const { bytes: without, miss } = result.without;
    const saved = miss === 0 ? `${((100 * (without - result.with)) / without).toFixed(1)} %` : '–';
    const off = miss === 0 ? '' : `, ${Math.abs(miss).toFixed(1)} dB ${miss > 0 ? 'farther' : 'nearer'}`;
    const wanted = result.wanted === undefined ? 'same' : result.wanted.toPrecision(2);
    const judged = test === undefined ? 'made inputs' : 'test data';
    row([basename(path, '.onnx'), judged, name, wanted, number(result.with), `${number(without)}${off}`, saved]);
  }
}
