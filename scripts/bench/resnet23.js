// nnabla's table: a ResNet-23 trained from scratch on labelled pictures, as floats, by binary weights and by BinaryConnect.
//
//   npm run bench resnet23 -- --data cifar10-train.mjs --judge cifar10-test.npz [--weights float32 --weights binary --epochs 8]
//
// Convolutions are of the format, the last layer of floats, as theirs is. The best epoch is chosen by a tenth of the pictures; those of
// --judge are looked at once a net.
import { parseArgs } from 'node:util';
import { disk } from '../../build/cli/disk.js';
import { decode, encode, evaluate, openDataset, openOnnx, tune } from '../../build/index.js';
import { untrainedResNet23 } from '../train/resnet23.js';
import { bytesOf } from './support/subject.js';

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    judge: { type: 'string' },
    weights: { type: 'string', multiple: true, default: ['float32', 'binary', 'binaryconnect'] },
    epochs: { type: 'string', default: '8' },
    rate: { type: 'string', default: '2e-3' },
    seed: { type: 'string', default: '1' },
  },
});
if (values.data === undefined || values.judge === undefined) {
  throw new Error('resnet23: expected --data with pictures to learn from and --judge with others');
}

const dataset = await openDataset(values.data, disk);
const judge = await openDataset(values.judge, disk);
const original = untrainedResNet23(Number(values.seed));
for (const weights of values.weights) {
  const isFloat = weights === 'float32';
  const stage = tune({
    dataset,
    epochs: Number(values.epochs),
    learningRate: Number(values.rate),
    seed: Number(values.seed),
    statistics: 'batch',
    augmentation: { flip: 0.5, shift: 0.1 },
    threads: 1,
    ...(!isFloat && { weights, last: 'float32', by: weights === 'binary' ? 'channel' : undefined }),
    onEpoch: ({ epoch, loss, accuracy, ms }) =>
      console.log(
        `  epoch ${epoch}: loss ${loss.toFixed(3)}, held out ${(100 * (accuracy ?? 0)).toFixed(1)} % right, ${(ms / 1000).toFixed(0)} s`,
      ),
  });
  const container = await encode(bytesOf(await stage.run(openOnnx(original))));
  const { top1 } = await evaluate({ model: await decode(container), dataset: judge, threads: 1 });
  console.log(
    `${weights}: ${(100 * (top1 ?? 0)).toFixed(1)} % right, ${container.length} bytes, ${(original.length / container.length).toFixed(1)}× smaller`,
  );
}
