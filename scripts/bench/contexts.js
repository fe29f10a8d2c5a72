// What codes by what came before save: bytes of whole containers without and with them.
//
// They are used where they are worth it, and, in a column of its own, wherever they save anything.
//
//   npm run bench contexts [-- MODEL.onnx …]
//
// The bundled nets and the models that ship in the OCR and voice packages; other files by name. Each in int8, one scale a
// channel, clustered to 5 bits, and as `compress` has it without options; and, with --as-is, as the file is.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { concat } from '../../build/binary/bytes.js';
import { inThreadCoder, writeContainer } from '../../build/container/write/container.js';
import { inspect } from '../../build/decode/index.js';
import { compress, decode } from '../../build/index.js';
import { openOnnx } from '../../build/onnx/open.js';
import { ocr, vad } from './support/packaged.js';
import { plainCoder } from './support/plain-coder.js';
import { toInt8 } from './support/retype.js';

const given = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const files =
  given.length > 0
    ? given
    : [
        new URL('../../models/lenet-300-100.onnx', import.meta.url),
        new URL('../../models/lenet-5.onnx', import.meta.url),
        ocr('ch_ppocr_mobile_v2.0_cls_infer'),
        vad('v5'),
      ];

/** @type {Record<string, (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>>} */
const FORMS = process.argv.includes('--as-is')
  ? { 'as it is': (bytes) => bytes }
  : {
      int8: toInt8,
      '5 bits': async (bytes) => decode((await compress(bytes, { cluster: { bits: 5 } })).container),
      default: async (bytes) => decode((await compress(bytes)).container),
    };

async function pack(model, coder) {
  const container = concat(await writeContainer(openOnnx(model), { coder }));
  if (Buffer.compare(await decode(container, { verify: 'all' }), model) !== 0) throw new Error('wrong bytes');
  return container;
}

const percent = (part, whole) => `${((100 * part) / whole - 100).toFixed(2)} %`;
console.log(
  '| model | form | without | with | | smallest | | layers, distances of these |\n|---|---|--:|--:|--:|--:|--:|---|',
);
for (const file of files) {
  const bytes = new Uint8Array(readFileSync(file));
  for (const [form, make] of Object.entries(FORMS)) {
    const model = await make(bytes);
    const without = (await pack(model, plainCoder)).length;
    const usual = (await pack(model, inThreadCoder())).length;
    const smallest = await pack(model, inThreadCoder({ smallest: true }));
    const followed = (await inspect(smallest)).tensors.filter(({ contexts }) => contexts.distance > 0);
    const distances = [...new Set(followed.map(({ contexts }) => contexts.distance))].join(', ');
    const figures = [without, usual, percent(usual, without), smallest.length, percent(smallest.length, without)];
    console.log(`| ${[basename(String(file)), form, ...figures, `${followed.length}: ${distances}`].join(' | ')} |`);
  }
}
