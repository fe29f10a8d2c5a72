// What is left of PaddleOCR's nets by default, by their weights' own noise and in int8: text that nobody compressed them by.
//
//   npm run bench readers [-- MODEL.onnx …] [--files "FILE …"]
//
// Those of the OCR package, unless told otherwise: a recogniser reads 40 lines of 48 × 320 pixels, a classifier says of 240 lines which way up
// they are, a detector finds lines on 8 pages. Bytes are those of whole files; divergence is in nats a decision, of frames or of
// lines; a page's error is that of the map beside the original's. `--files`: containers of the model in place of what is made here.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { cluster, compress, decode, encode, openOnnx, roundedToInt8 } from '../../build/index.js';
import { loadRuntime, openSession } from '../../build/runtime/session.js';
import { clusteringOf } from '../../build/stages/cluster.js';
import { baselineSizes } from './support/int8.js';
import { ocr } from './support/packaged.js';
import { bytesOf } from './support/subject.js';
import { textLines } from './support/text-lines.js';

const { values, positionals } = parseArgs({ options: { files: { type: 'string' } }, allowPositionals: true });
const models =
  positionals.length > 0
    ? positionals
    : ['ch_ppocr_mobile_v2.0_cls_infer', 'ch_PP-OCRv4_det_infer', 'ch_PP-OCRv4_rec_infer'].map(ocr);

/** Nothing else draws lines with this seed. */
const SEED = 2;
const HEIGHT = 48;
/** Values of a line that a model is fed at once. */
const AT_ONCE = 8;
/** Pages, and the lines on each. */
const PAGES = 8;
const ON_A_PAGE = 12;
const PAGE_WIDTH = 576;
/** Probabilities below this are taken for it. */
const LEAST = 1e-7;

/** What a model is fed: samples of these dims, side by side. */
const lines = (count, width, isTurned) => ({
  dims: [3, HEIGHT, width],
  data: textLines(count, width, SEED, isTurned),
});

/** Lines one below the other: channels stand apart. */
function pages() {
  const data = textLines(PAGES * ON_A_PAGE, PAGE_WIDTH, SEED);
  const size = HEIGHT * PAGE_WIDTH;
  const all = new Float32Array(data.length);
  for (let i = 0; i < PAGES * ON_A_PAGE; i++) {
    const [page, place] = [Math.floor(i / ON_A_PAGE), i % ON_A_PAGE];
    for (let channel = 0; channel < 3; channel++) {
      const from = data.subarray((3 * i + channel) * size, (3 * i + channel + 1) * size);
      all.set(from, ((page * 3 + channel) * ON_A_PAGE + place) * size);
    }
  }
  return { dims: [3, HEIGHT * ON_A_PAGE, PAGE_WIDTH], data: all };
}

/** What a model answers, sample by sample. */
async function answersOf(bytes, { dims, data }) {
  const session = await openSession(await loadRuntime(), bytes, { threads: 1 });
  const size = dims.reduce((product, dim) => product * dim);
  const answers = [];
  for (let at = 0; at < data.length; at += AT_ONCE * size) {
    const part = data.subarray(at, at + AT_ONCE * size);
    const count = part.length / size;
    const { outputs } = await session.run({ inputs: { x: { dims: [count, ...dims], data: part } } });
    const [output] = Object.values(outputs);
    const each = output.data.length / count;
    for (let i = 0; i < count; i++) {
      const own = Float64Array.from(output.data.subarray(i * each, (i + 1) * each), Number);
      answers.push({ values: own, classes: output.dims.at(-1) });
    }
  }
  await session.release();
  return answers;
}

/** Rows of an answer: the decision of each, and its probabilities. */
function rowsOf({ values, classes }) {
  return Array.from({ length: values.length / classes }, (_, i) => values.subarray(i * classes, (i + 1) * classes));
}
const largest = (row) => row.indexOf(row.reduce((most, value) => Math.max(most, value)));

/** What is read in a line: the class of each frame, those that repeat the one before, and blanks (class 0), left out. */
function readIn(answer) {
  const classes = rowsOf(answer).map(largest);
  return `${classes.filter((each, i) => each !== 0 && each !== classes[i - 1])}`;
}

function decisions(references, answers, isText) {
  let [divergence, rows, same, alike] = [0, 0, 0, 0];
  for (const [i, reference] of references.entries()) {
    const others = rowsOf(answers[i]);
    for (const [k, row] of rowsOf(reference).entries()) {
      for (const [j, p] of row.entries())
        if (p > 0) divergence += p * Math.log(Math.max(LEAST, p) / Math.max(LEAST, others[k][j]));
      rows++;
      if (largest(row) === largest(others[k])) same++;
    }
    if (readIn(reference) === readIn(answers[i])) alike++;
  }
  const nats = `${(divergence / rows).toPrecision(2)} nats`;
  if (!isText) return [nats, `${same} of ${rows} decisions as before`];
  return [nats, `${((100 * same) / rows).toFixed(2)} % of frames, ${alike} of ${references.length} lines as before`];
}

function maps(references, answers) {
  let [error, energy] = [0, 0];
  for (const [i, { values }] of references.entries()) {
    for (const [j, value] of values.entries()) {
      error += (answers[i].values[j] - value) ** 2;
      energy += value ** 2;
    }
  }
  return ['–', `error of ${Math.sqrt(error / energy).toPrecision(2)}`];
}

const KINDS = [
  { name: /_rec_/, inputs: () => lines(40, 320, false), compared: (one, other) => decisions(one, other, true) },
  { name: /_cls_/, inputs: () => lines(240, 192, true), compared: (one, other) => decisions(one, other, false) },
  { name: /_det_/, inputs: pages, compared: maps },
];

const row = (cells) => console.log(`| ${cells.join(' | ')} |`);
row(['model', 'way', 'bytes', 'divergence', 'what is left']);
row(Array.from({ length: 5 }, () => '---'));
for (const path of models) {
  const { inputs, compared } = KINDS.find(({ name }) => name.test(path)) ?? KINDS[0];
  const fed = inputs();
  const bytes = new Uint8Array(readFileSync(path));
  const references = await answersOf(bytes, fed);
  const show = async (way, size, changed) =>
    row([
      basename(path, '.onnx'),
      way,
      size.toLocaleString('en'),
      ...compared(references, await answersOf(changed, fed)),
    ]);
  if (values.files) {
    for (const file of values.files.split(' ')) {
      const container = new Uint8Array(readFileSync(file));
      await show(basename(file), container.length, await decode(container));
    }
    continue;
  }
  const { container } = await compress(bytes, { synthetic: { threads: 1 } });
  await show('compress', container.length, await decode(container));
  const model = openOnnx(bytes);
  const plain = await cluster(clusteringOf({})).run(model, {});
  await show('compress --no-synthetic', (await encode(plain)).length, bytesOf(plain));
  const { 'int8 + brotli 11': int8 } = await baselineSizes(bytes);
  await show('int8 + brotli 11', int8, bytesOf(roundedToInt8(model)));
}
