// Time and peak memory of calibrating a generated net of ResNet-50's shapes (He et al. 2016, table 1; 25.5 million weights,
// all random) on 256 random inputs of 3 × 224 × 224, at one price of a bit.
//
//   npm run bench:resnet50 [-- --fast]
import onnxProto from 'onnx-proto';
import { threadPool } from '../../build/cli/calibration-pool.js';
import { calibrate, encode, openOnnx } from '../../build/index.js';
import { normal, random } from '../train/random.js';

const { ModelProto, TensorProto } = onnxProto.onnx;
const INPUTS = 256;
const SIDE = 224;
const fast = process.argv.includes('--fast');

const uniform = random(1);
const initializer = [];
const nodes = [];
const emit = (opType, input, attribute = []) => {
  const output = `v${nodes.length}`;
  nodes.push({ opType, name: output, input, output: [output], attribute });
  return output;
};
const ints = (name, values) => ({ name, type: 7, ints: values });

function tensor(dims, scale) {
  const name = `w${initializer.length}`;
  const values = Float32Array.from({ length: dims.reduce((a, b) => a * b) }, () => {
    return scale * normal(uniform);
  });
  initializer.push({ name, dims, dataType: TensorProto.DataType.FLOAT, rawData: new Uint8Array(values.buffer) });
  return name;
}

function conv(x, from, to, side, stride, gain = 1) {
  const weights = tensor([to, from, side, side], gain * Math.sqrt(2 / (from * side * side)));
  const pad = side >> 1;
  const attributes = [
    ints('kernel_shape', [side, side]),
    ints('strides', [stride, stride]),
    ints('pads', Array(4).fill(pad)),
  ];
  return emit('Conv', [x, weights, tensor([to], 0.1)], attributes);
}

function bottleneck(x, from, width, stride) {
  const first = emit('Relu', [conv(x, from, width, 1, 1)]);
  const second = emit('Relu', [conv(first, width, width, 3, stride)]);
  const third = conv(second, width, 4 * width, 1, 1, 0.3);
  const shortcut = from === 4 * width && stride === 1 ? x : conv(x, from, 4 * width, 1, stride);
  return emit('Relu', [emit('Add', [third, shortcut])]);
}

function resnet50() {
  let x = emit('Relu', [conv('x', 3, 64, 7, 2)]);
  x = emit('MaxPool', [x], [ints('kernel_shape', [3, 3]), ints('strides', [2, 2]), ints('pads', [1, 1, 1, 1])]);
  let from = 64;
  for (const [stage, blocks] of [3, 4, 6, 3].entries()) {
    const width = 64 * 2 ** stage;
    for (let block = 0; block < blocks; block++) {
      x = bottleneck(x, from, width, stage > 0 && block === 0 ? 2 : 1);
      from = 4 * width;
    }
  }
  x = emit('Flatten', [emit('GlobalAveragePool', [x])]);
  nodes.push({ opType: 'Gemm', input: [x, tensor([2048, 1000], 0.02), tensor([1000], 0.1)], output: ['y'] });
  const dim = ['n', 3, SIDE, SIDE].map((d) => (typeof d === 'string' ? { dimParam: d } : { dimValue: d }));
  const value = (name, shape) => ({
    name,
    type: { tensorType: { elemType: 1, ...(shape && { shape: { dim: shape } }) } },
  });
  const graph = { name: 'resnet50', node: nodes, initializer, input: [value('x', dim)], output: [value('y')] };
  const bytes = ModelProto.encode({ irVersion: 8, graph, opsetImport: [{ domain: '', version: 17 }] }).finish();
  // What it was made from is not to be counted.
  initializer.length = 0;
  nodes.length = 0;
  return bytes;
}

/** Smooth noise: neighbours in an image resemble each other. One input at a time, never all in memory. */
async function* dataset() {
  const pixels = random(2);
  for (let i = 0; i < INPUTS; i++) {
    const data = new Float32Array(3 * SIDE * SIDE);
    for (let at = 0, last = 0; at < data.length; at++) data[at] = last = 0.9 * last + pixels() - 0.5;
    yield { inputs: { x: { data, dims: [1, 3, SIDE, SIDE] } } };
  }
}

const bytes = resnet50();
const pool = threadPool();
const start = performance.now();
const stage = calibrate({ dataset, samples: INPUTS, lambda: 5e-8, fast, pool });
let shown = 0;
const onProgress = (share) => {
  if (share - shown < 0.1) return;
  shown = share;
  console.log(`${Math.round(100 * share)} %, ${Math.round((performance.now() - start) / 1000)} s`);
};
const model = await stage.run(openOnnx(bytes), { onProgress });
await pool.close();
const seconds = (performance.now() - start) / 1000;
const container = await encode(model);
console.log(
  `${fast ? 'all layers at once' : 'layer after layer'}: ${(seconds / 60).toFixed(1)} minutes, ` +
    `peak ${Math.round(process.resourceUsage().maxRSS / 1024)} MB, ` +
    `${bytes.length} → ${container.length} bytes`,
);
