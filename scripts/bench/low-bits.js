// Weights of one or two bits, trained on MNIST: error of the decoded file on the test images, and its size.
//
//   npm run bench low-bits -- --net lenet-300-100 --weights binaryconnect --epochs 10 [--teach]
//
// BinaryConnect's weights are ±1, so its layers divide by the root of what goes into them. Trainings start from the bundled net, and learn by labels, or with --teach by its answers. Choices are made on training images that are held out; the test images are looked at once.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import onnxProto from 'onnx-proto';
import { disk } from '../../build/cli/disk.js';
import { decode, encode, evaluate, openDataset, openOnnx, tune } from '../../build/index.js';
import { bundled, bytesOf, SUBJECT } from './support/subject.js';

const { ModelProto } = onnxProto.onnx;
const { values } = parseArgs({
  options: {
    net: { type: 'string', default: 'lenet-300-100' },
    weights: { type: 'string', default: 'binaryconnect' },
    by: { type: 'string', default: 'layer' },
    scales: { type: 'string', default: 'found' },
    rounding: { type: 'string', default: 'nearest' },
    epochs: { type: 'string', default: '10' },
    samples: { type: 'string', default: '60000' },
    rate: { type: 'string' },
    batch: { type: 'string', default: '100' },
    shift: { type: 'string', default: '0' },
    rotate: { type: 'string', default: '0' },
    teach: { type: 'boolean', default: false },
    first: { type: 'string' },
    last: { type: 'string' },
  },
});

/** What brings pixels, most of them zero, to about one; of 1, 3 and 5 the best on images held out. */
const GAIN = 3;

/** Layers whose products are as large as if their ±1 were weights of the usual size. */
function scaled(bytes) {
  const model = ModelProto.decode(bytes);
  const dims = new Map(model.graph.initializer.map(({ name, dims }) => [name, dims.map(Number)]));
  for (const node of model.graph.node) {
    if (node.opType !== 'Gemm') continue;
    const alpha = GAIN / Math.sqrt(Math.max(...dims.get(node.input[1])));
    node.attribute = [...node.attribute.filter(({ name }) => name !== 'alpha'), { name: 'alpha', type: 1, f: alpha }];
  }
  return ModelProto.encode(model).finish();
}

const original = new Uint8Array(readFileSync(bundled(values.net)));
const start = values.weights === 'binaryconnect' ? scaled(original) : original;
const train = await openDataset(SUBJECT.data.default, disk);
const test = await openDataset(SUBJECT.test.default, disk);
const stage = tune({
  dataset: train,
  samples: Number(values.samples),
  epochs: Number(values.epochs),
  batchSize: Number(values.batch),
  learningRate: values.rate === undefined ? undefined : Number(values.rate),
  weights: values.weights,
  by: values.by === 'layer' || values.by === 'channel' ? values.by : undefined,
  scales: values.scales === 'learned' ? 'learned' : 'found',
  rounding: values.rounding === 'stochastic' ? 'stochastic' : 'nearest',
  first: values.first,
  last: values.last,
  augmentation: { shift: Number(values.shift), rotate: Number(values.rotate) },
  teacher: values.teach ? openOnnx(original) : undefined,
  threads: 1,
  onEpoch: ({ epoch, loss, accuracy, ms }) =>
    console.log(
      `epoch ${epoch}: loss ${loss.toFixed(4)}, held out ${(100 * (1 - (accuracy ?? 0))).toFixed(2)} % wrong, ${(ms / 1000).toFixed(0)} s`,
    ),
});
const container = await encode(bytesOf(await stage.run(openOnnx(start))));
const { top1 } = await evaluate({ model: await decode(container), dataset: test });
console.log(
  `${values.net} ${values.weights}: ${(100 * (1 - (top1 ?? 0))).toFixed(2)} % wrong on the test images, ${container.length} bytes, ${(original.length / container.length).toFixed(1)}× smaller`,
);
