// Decoding weights on a grid for each line, and on one with escapes, against the same integers on one grid.
//
//   npm run bench grids [rounds]
//
// 4 Mi weights. CPU time of one thread; all take turns, and what is told is the median of the ratios to one grid in the
// same round.
import os from 'node:os';
import { concat } from '../../build/binary/bytes.js';
import { decodeSection } from '../../build/container/read/index.js';
import { writeContainer } from '../../build/container/write/container.js';
import { inspect } from '../../build/decode/index.js';
import { loadKernels } from '../../build/kernels/decode/index.js';
import { openOnnx } from '../../build/onnx/open.js';
import { createRandom, normal } from '../../build/random.js';
import { median, onnxOf } from './support/weights.js';

const WEIGHTS = 1 << 22;
const rounds = Number(process.argv[2] ?? 15);

/** Deviations of the integers: about three bits a weight, where several are looked up at once, and about six. */
const SPREADS = [2, 18];

const CASES = [
  { name: 'one grid' },
  { name: 'a step a row of 1 024', dims: [4096, 1024], axis: 0 },
  { name: 'a step a kernel of 288', dims: [14_563, 32, 9], axis: 0 },
  { name: 'a step a kernel of 9, along the second dimension', dims: [128, 3640, 9], axis: 1 },
  { name: 'a step a column of 1 000', dims: [4194, 1000], axis: 1 },
  { name: 'one weight in a thousand beyond the table', far: 1000 },
];

const random = createRandom(7);
const { below } = random;

/** The tensor's entry and section. */
async function coded({ dims = [WEIGHTS], axis = 0, far = 0, isByLine }, integers) {
  const count = dims.reduce((a, b) => a * b, 1);
  const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  const steps = Float32Array.from({ length: isByLine ? dims[axis] : 1 }, () => (1 + below(1024) / 1024) / 64);
  const values = Float32Array.from({ length: count }, (_, i) => {
    const integer = far && i % far === 0 ? 3000 + below(1000) : integers[i];
    return integer * steps[Math.floor(i / inner) % steps.length] + 0;
  });
  const container = concat(await writeContainer(openOnnx(onnxOf(values, dims))));
  const [tensor] = (await inspect(container)).tensors;
  const { offset, length } = tensor.section;
  return { tensor, section: container.slice(offset, offset + length), out: new Uint8Array(4 * count), values };
}

console.log(`Node ${process.version}, ${os.cpus()[0].model}; ${rounds} rounds\n`);
const kernels = await loadKernels();
for (const spread of SPREADS) {
  const integers = Int32Array.from({ length: WEIGHTS }, () => Math.round(spread * normal(random)));
  const methods = [];
  for (const spec of CASES) {
    const made = await coded({ ...spec, isByLine: spec.axis !== undefined }, integers);
    decodeSection(made.tensor, made.section, made.out, kernels);
    if (Buffer.compare(made.out, Buffer.from(made.values.buffer)) !== 0) throw new Error(`${spec.name}: wrong bytes`);
    methods.push({ ...spec, ...made, ms: [] });
  }
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < methods.length; i++) {
      const { tensor, section, out, ms } = methods[(i + round) % methods.length];
      const start = process.cpuUsage();
      for (let again = 0; again < 3; again++) decodeSection(tensor, section, out, kernels);
      const { user, system } = process.cpuUsage(start);
      ms.push((user + system) / 3000 / tensor.units);
    }
  }
  for (const { name, tensor, section, ms } of methods) {
    const speed = median(ms.map((time, i) => methods[0].ms[i] / time));
    const bits = ((8 * section.length) / tensor.units).toFixed(2);
    console.log(`${name.padEnd(50)} ${tensor.codebookKind.padEnd(6)} ${bits} bits  × ${speed.toFixed(2)}`);
  }
  console.log();
}
