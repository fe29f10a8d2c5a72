/** What weights can be: edge values, edge shapes, few values, many values. */
import { node, valueInfo } from '../onnx-builder.js';
import { bytesOf } from '../protobuf.js';
import { Random } from '../random.js';
import { expected, floats, other, raw, type TestTensor, weight } from '../tensors.js';
import { type GeneratedModel, generated, identities, io, matmul } from './model.js';

export function valueModels(): GeneratedModel[] {
  return [...shapeModels(), ...edgeModels(), ...largeModels()];
}

function shapeModels(): GeneratedModel[] {
  const empty = raw('empty', 'float32', [0, 4], new Uint8Array(0));
  const scalar = floats('scalar', []);
  const single = floats('single', [1]);
  const shape5 = floats('five axes', [1, 2, 1, 3, 1]);
  return [
    generated('empty graph', {}, [], { runnable: false }),
    generated('no tensors', { graph: { nodes: [node('Relu', ['X'], ['Y'])], ...io(['batch', 4]) } }, []),
    generated('a graph of nothing but its name, no operator set', { graph: { name: '' }, opset: 0 }, [], {
      runnable: false,
    }),
    generated('zero elements', { graph: identities([empty, scalar]) }, [
      expected(empty, undefined, undefined, { optional: true }),
      other(scalar),
    ]),
    generated(
      'scalars and other shapes',
      { graph: identities([scalar, single, shape5]) },
      [scalar, single, shape5].map((tensor) => other(tensor)),
    ),
    matmul('one weight', floats('W', [1, 1])),
  ];
}

function edgeModels(): GeneratedModel[] {
  const random = new Random(7);
  const constantly = (value: number) => new Float32Array(40 * 30).fill(value);
  const bits = Uint32Array.from([
    0x00000000, 0x80000000, 0x7f800000, 0xff800000, 0x7fc00000, 0x7f800001, 0xffc12345, 0x00000001, 0x807fffff,
    0x7f7fffff, 0x3f800000, 0xbf800000,
  ]);
  const halves = Uint16Array.from([
    0, 0x8000, 0x7c00, 0xfc00, 0x7e00, 0x7c01, 0xfe12, 1, 0x83ff, 0x7bff, 0x3c00, 0xbc00,
  ]);
  const brains = Uint16Array.from([
    0, 0x8000, 0x7f80, 0xff80, 0x7fc0, 0x7f81, 0xffc1, 1, 0x807f, 0x7f7f, 0x3f80, 0xbf80,
  ]);
  const special = (dtype: 'float32' | 'float16' | 'bfloat16', values: Uint32Array | Uint16Array, runnable = true) =>
    matmul(`special values of ${dtype}`, raw('W', dtype, [4, 3], bytesOf(values)), {}, runnable);
  const bothZeros = Float32Array.from({ length: 1200 }, () => (random.below(2) ? 0 : -0));
  const sprinkled = random.clustered(1200, 16, 0.5);
  sprinkled.set([Number.NaN, Infinity, -Infinity, -0], 100);
  return [
    special('float32', bits),
    special('float16', halves),
    special('bfloat16', brains, false),
    matmul('all zeros', floats('W', [40, 30], constantly(0))),
    matmul('all minus zeros', floats('W', [40, 30], constantly(-0))),
    matmul('zeros of both signs', floats('W', [40, 30], bothZeros)),
    matmul('K = 1, dense', floats('W', [40, 30], constantly(0.125))),
    matmul('K = 1, sparse', floats('W', [40, 30], random.clustered(1200, 1, 0.2))),
    matmul('K = 2, dense', floats('W', [40, 30], random.clustered(1200, 2))),
    matmul('K = 2, sparse', floats('W', [40, 30], random.clustered(1200, 2, 0.3))),
    matmul('clustered, with NaN, infinities and minus zero', floats('W', [40, 30], sprinkled)),
  ];
}

function largeModels(): GeneratedModel[] {
  const random = new Random(8);
  const sparse = floats('W', [200, 300], random.clustered(60_000, 32, 0.08));
  const verySparse = floats('W', [400, 500], random.clustered(200_000, 16, 0.001));
  const lastOnly = new Float32Array(70_000);
  lastOnly[69_999] = 0.5;
  const half = raw('W', 'float16', [300, 250], bytesOf(clusteredHalves(random, 75_000, 20)));
  const int8 = raw('W', 'int8', [300, 250], random.bytes(75_000));
  const layers: TestTensor[] = [
    floats('fc1', [784, 100], random.clustered(78_400, 32, 0.08)),
    floats('fc2', [100, 40], random.clustered(4000, 64, 0.2)),
    floats('fc3', [40, 10], random.clustered(400, 256)),
  ];
  return [
    matmul('sparse clustered, 60 000', sparse),
    matmul('very sparse clustered, 200 000', verySparse),
    matmul('one weight at the end of 70 000', floats('W', [700, 100], lastOnly)),
    matmul('dense clustered, 65 536', floats('W', [256, 256], random.clustered(65_536, 32))),
    matmul('dense clustered, 65 537', floats('W', [1, 65_537], random.clustered(65_537, 32))),
    matmul('dense clustered, 70 000', floats('W', [700, 100], random.clustered(70_000, 64))),
    matmul('dense clustered, 200 000', floats('W', [400, 500], random.clustered(200_000, 256))),
    matmul('clustered, 300 values of 70 000', floats('W', [700, 100], random.clustered(70_000, 300))),
    matmul('unclustered, 50 000', floats('W', [200, 250], random.floats(50_000))),
    matmul('clustered float16, 75 000', half),
    generated('int8, 75 000', { graph: identities([int8]) }, [other(int8)]),
    generated(
      'three clustered layers',
      {
        graph: {
          nodes: [
            node('MatMul', ['X', 'fc1'], ['h1']),
            node('Relu', ['h1'], ['r1']),
            node('MatMul', ['r1', 'fc2'], ['h2']),
            node('Relu', ['h2'], ['r2']),
            node('MatMul', ['r2', 'fc3'], ['Y']),
          ],
          initializers: layers.map((tensor) => tensor.proto),
          inputs: [valueInfo('X', 'float32', ['batch', 784])],
          outputs: [valueInfo('Y', 'float32', ['batch', 10])],
        },
      },
      layers.map((tensor) => weight(tensor, 'MatMul')),
    ),
  ];
}

/** Float16 bit patterns of a few distinct values around ±0.1, four in ten of them zero. */
function clusteredHalves(random: Random, count: number, clusters: number): Uint16Array {
  const centroids = Uint16Array.from(
    { length: clusters },
    () => (random.below(2) << 15) | (0x2c00 + random.below(0x800)),
  );
  return Uint16Array.from({ length: count }, () => (random.float() < 0.4 ? 0 : centroids[random.below(clusters)]));
}
