// Whether the layers that `sensitivity` calls the worst are those to spare.
//
// Accuracy on test data with nothing left out, with the three worst layers left as they were, and with three others, drawn
// at random, over and over.
//
//   npm run bench sensitivity -- --model model.onnx --data calibration.npz --test test.npz --bits 3
//
// Without options: the bundled LeNet-5, ranked on MNIST's training images, tested on its test images.
import os from 'node:os';
import { parseArgs } from 'node:util';
import { cluster, evaluate, openOnnx, sensitivity } from '../../build/index.js';
import { createRandom, shuffle } from '../../build/random.js';
import { bytesOf, openSubject, SUBJECT } from './support/subject.js';

const { values } = parseArgs({
  options: {
    ...SUBJECT,
    bits: { type: 'string', default: '3' },
    samples: { type: 'string', default: '1024' },
    draws: { type: 'string', default: '20' },
    spared: { type: 'string', default: '3' },
    seed: { type: 'string', default: '0' },
  },
});
const [bits, limit, draws, spared, seed] = ['bits', 'samples', 'draws', 'spared', 'seed'].map((key) =>
  Number(values[key]),
);
const { bytes, dataset, test } = await openSubject(values);
const original = openOnnx(bytes);
const compressed = await cluster({ bits }).run(original);

/** Share of test samples that are right, in percent, with these layers as they were. */
async function accuracy(names) {
  const before = new Map(original.tensors.map((tensor) => [tensor.name, tensor]));
  const tensors = compressed.tensors.map((tensor) => (names.includes(tensor.name) ? before.get(tensor.name) : tensor));
  const { top1 } = await evaluate({ model: bytesOf({ ...compressed, tensors }), dataset: test });
  return 100 * top1;
}

console.log(`Node ${process.version}, ${os.cpus()[0].model}; ${values.bits} bits, ranked on ${limit} samples\n`);
const { layers } = await sensitivity(original, compressed, { dataset, limit });
const names = layers.map(({ name }) => name);
const worst = names.slice(0, spared);
const row = async (what, left) => console.log(`${(await accuracy(left)).toFixed(2).padStart(6)} %  ${what}`);
await row(
  'original',
  original.tensors.map(({ name }) => name),
);
await row('all compressed', []);
const best = await accuracy(worst);
console.log(`${best.toFixed(2).padStart(6)} %  without the worst: ${worst.join(', ')}`);

const random = createRandom(seed);
const found = [];
for (let draw = 0; draw < draws; draw++) {
  const drawn = shuffle(names.slice(spared), random).slice(0, spared);
  found.push(await accuracy(drawn));
  console.log(`${found.at(-1).toFixed(2).padStart(6)} %  without ${drawn.join(', ')}`);
}
const beaten = found.filter((value) => value < best).length;
const mean = found.reduce((sum, value) => sum + value, 0) / found.length;
console.log(
  `\nthe worst beat ${beaten} of ${draws} draws: ${best.toFixed(2)} % against ${Math.min(...found).toFixed(2)} to ${Math.max(...found).toFixed(2)} %, mean ${mean.toFixed(2)} %`,
);
