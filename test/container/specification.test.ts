import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inspect } from '../../src/decode/index.js';
import { encode } from '../support/container.js';
import { DATA_TYPE, type DataTypeName, modelProto, rawData, tensorProto } from '../support/onnx-builder.js';
import { bytesOf } from '../support/protobuf.js';
import { Random } from '../support/random.js';
import { decodeBySpecification } from '../support/specification/container.js';

const TYPES = {
  float32: Float32Array,
  float16: Uint16Array,
  uint8: Uint8Array,
  int8: Int8Array,
  int64: BigInt64Array,
} as const;

interface Tensor {
  readonly type: keyof typeof TYPES;
  readonly dims: readonly number[];
  readonly clusters: number;
  readonly density: number;
  readonly seed: number;
  /** A dimension whose indices have scales of their own; none if there is no such. */
  readonly axis: number;
}

/** Values of a few clusters; on a grid, in float16 or not, as it comes. */
function payloadOf({ type, dims, clusters, density, seed, axis }: Tensor): Uint8Array {
  const random = new Random(seed);
  const count = dims.reduce((a, b) => a * b, 1);
  const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  const levels = random.floats(clusters).map((level, i) => (seed % 3 ? level : (i + 1) / 8));
  const place = (i: number) => {
    const spread = axis < dims.length && (Math.floor(i / inner) % dims[axis]) % 3 ? 3 : clusters;
    return random.float() < density ? 1 + random.below(Math.min(spread, clusters)) : 0;
  };
  const places = Array.from({ length: count }, (_, i) => place(i));
  if (type === 'float32') return bytesOf(Float32Array.from(places, (i) => (i ? levels[i - 1] : 0)));
  if (type === 'int64') return bytesOf(BigInt64Array.from(places, (i) => BigInt(i)));
  return bytesOf(TYPES[type].from(places.map((i) => 7 * i)));
}

const modelOf = (tensors: readonly Tensor[]) =>
  modelProto({
    graph: {
      initializers: tensors.map((tensor, i) =>
        tensorProto({
          name: `w${i}`,
          dataType: DATA_TYPE[tensor.type as DataTypeName],
          dims: [...tensor.dims],
          content: rawData(payloadOf(tensor)),
        }),
      ),
    },
  });

describe('the specification alone is enough to decode', () => {
  it('a container of any tensors', async () => {
    const seen = new Set<string>();
    const dims = fc.oneof(
      fc.array(fc.nat(12), { maxLength: 4 }),
      fc.constantFrom([128, 130], [90, 200], [3, 6000], [7000, 3], [40, 50, 9], [20_001]),
    );
    const tensor: fc.Arbitrary<Tensor> = fc.record({
      type: fc.constantFrom('float32', 'float32', 'float16', 'uint8', 'int8', 'int64'),
      dims,
      clusters: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 1100 })),
      density: fc.constantFrom(0, 0.03, 0.3, 1),
      seed: fc.nat(1e6),
      axis: fc.nat(4),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(tensor, { minLength: 1, maxLength: 3 }), fc.boolean(), async (tensors, isTwice) => {
        const model = modelOf(isTwice ? [...tensors, ...tensors] : tensors);
        const container = await encode(model);
        const [rebuilt] = decodeBySpecification(container);
        expect(Buffer.compare(rebuilt, model)).toBe(0);
        for (const { layout, lines } of (await inspect(container)).tensors)
          seen.add(lines.classes > 1 ? `${layout}, lines` : layout);
      }),
      { numRuns: 60, seed: 9 },
    );
    for (const kind of ['inline', 'verbatim', 'packed', 'dense', 'gap', 'planes', 'dense, lines'])
      expect(seen).toContain(kind);
  });
});
