// How near the size of a container comes to what its contents ask for, and next to brotli 11.
//
// What they ask for is the zero-order entropy of the indices of all clustered tensors, each by itself, and beside it what a
// file needs to be decoded.
//
//   npm run bench entropy [MODEL.onnx …]
//
// The bundled nets, those of the OCR and voice packages and a generated one of ResNet-50's shapes whose channels differ in
// scale; other files by name. Each clustered as `compress` does without options, with --bits 5, --density .3 --bits 5 and
// --density .1 --bits 4; and the retrained nets in models/ as they are.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { asUnits, indexUnits } from '../../build/container/write/symbols.js';
import { compress, decode, decodeTensors, inspectContainer } from '../../build/index.js';
import { resnet50 } from './support/nets/resnet50.js';
import { ocr, vad } from './support/packaged.js';

const fileAt = (path) => () => new Uint8Array(readFileSync(path));
const bundled = (name) => fileAt(new URL(`../../models/${name}`, import.meta.url));

const files = process.argv.slice(2);
const MODELS =
  files.length > 0
    ? Object.fromEntries(files.map((path) => [basename(path), fileAt(path)]))
    : {
        'LeNet-300-100': bundled('lenet-300-100.onnx'),
        'LeNet-5': bundled('lenet-5.onnx'),
        'PP-OCR classifier': fileAt(ocr('ch_ppocr_mobile_v2.0_cls_infer')),
        'PP-OCR detector': fileAt(ocr('ch_PP-OCRv4_det_infer')),
        'PP-OCR recogniser': fileAt(ocr('ch_PP-OCRv4_rec_infer')),
        'Silero VAD': fileAt(vad('v5')),
        'ResNet-50 shapes': () => resnet50({ spread: 0.35 }),
      };

const SETTINGS = {
  default: {},
  'bits 5': { cluster: { bits: 5 } },
  'density .3, bits 5': { prune: { density: 0.3 }, cluster: { bits: 5 } },
  'density .1, bits 4': { prune: { density: 0.1 }, cluster: { bits: 4 } },
};

/** Bytes of a text with these symbol counts, at best. */
function entropy(counts) {
  const total = counts.reduce((sum, times) => sum + times, 0);
  return counts.reduce((bits, times) => bits - (times > 0 ? times * Math.log2(times / total) : 0), 0) / 8;
}

function brotli(bytes) {
  const { BROTLI_PARAM_QUALITY: quality, BROTLI_PARAM_LGWIN: window } = constants;
  return brotliCompressSync(bytes, { params: { [quality]: 11, [window]: 24 } }).length;
}

async function measure(container) {
  const { bytes, tensors } = await inspectContainer(container);
  // Both in the order of the file; names may repeat, in branches.
  const isCoded = ({ codebookBytes, sharedWith }) => codebookBytes > 0 && sharedWith === null;
  let zeroOrder = 0;
  let next = 0;
  for await (const { name, data } of decodeTensors(container)) {
    const tensor = tensors[next++];
    if (tensor.name !== name) throw new Error(`${name} stands where ${tensor.name} is reported`);
    if (!isCoded(tensor)) continue;
    const units = asUnits(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), data.BYTES_PER_ELEMENT);
    zeroOrder += entropy(indexUnits(units).counts);
  }
  const sum = (key) => tensors.filter(isCoded).reduce((all, tensor) => all + tensor[key], 0);
  const indices = sum('bytes');
  const books = sum('codebookBytes');
  const tables = sum('tableBytes');
  return { bytes, indices, books, tables, others: bytes - indices - books - tables, zeroOrder };
}

const percent = (part, whole) => `${((100 * part) / whole - 100).toFixed(2)} %`;
const rows = [];

async function add(model, setting, container) {
  const { bytes, indices, books, tables, others, zeroOrder } = await measure(container);
  const rival = brotli(await decode(container));
  const least = zeroOrder + books + tables + others;
  const figures = [
    rival,
    percent(bytes, rival),
    zeroOrder,
    indices,
    percent(indices, zeroOrder),
    books,
    tables,
    others,
  ];
  rows.push([model, setting, bytes, ...figures, percent(bytes, least)]);
  const cells = rows.at(-1).map((cell) => (typeof cell === 'number' ? Math.round(cell).toLocaleString('en') : cell));
  console.log(`| ${cells.join(' | ')} |`);
}

const HEAD = ['model', 'setting', 'bytes', 'brotli 11', 'next to it', 'entropy', 'indices', 'above'];
const COLUMNS = [...HEAD, 'codebooks', 'code tables', 'all else', 'file above entropy + needs'];
console.log(`| ${COLUMNS.join(' | ')} |\n| ${COLUMNS.map((_, i) => (i < 2 ? '---' : '---:')).join(' | ')} |`);
for (const [model, load] of Object.entries(MODELS)) {
  const bytes = load();
  for (const [setting, options] of Object.entries(SETTINGS)) {
    await add(model, setting, (await compress(bytes, options)).container);
  }
}
if (files.length === 0)
  for (const name of ['lenet-300-100', 'lenet-5']) await add(name, 'retrained', bundled(`${name}.fxq`)());
