import { describe, expect, it } from 'vitest';
import { DTYPES } from '../../src/binary/dtype.js';
import { inspectContainer, inspectOnnx } from '../../src/inspect/inspect.js';
import { openOnnx } from '../../src/onnx/open.js';
import { encode } from '../support/container.js';
import { int32Data, modelProto, rawData, tensorProto } from '../support/onnx-builder.js';
import { Random } from '../support/random.js';

/** Bits of the types that stand in int32_data, packed or one a number. */
const BITS = {
  uint2: 2,
  int2: 2,
  uint4: 4,
  int4: 4,
  float4e2m1: 4,
  uint8: 8,
  int8: 8,
  float8e4m3fn: 8,
  float8e5m2: 8,
  float8e8m0: 8,
  uint16: 16,
  float16: 16,
  bfloat16: 16,
} as const;

/** The patterns of the elements as raw_data has them, the first in the low bits. */
function packed(patterns: readonly number[], bits: number): Uint8Array {
  const bytes = new Uint8Array(Math.ceil((patterns.length * bits) / 8));
  for (const [i, pattern] of patterns.entries()) {
    for (let bit = 0; bit < bits; bit++) {
      const at = i * bits + bit;
      bytes[at >> 3] |= ((pattern >> bit) & 1) << (at & 7);
    }
  }
  return bytes;
}

/** The numbers of int32_data: bytes of packed elements, or the elements; signed where the type is. */
function numbersOf(patterns: readonly number[], bits: number, isSigned: boolean): number[] {
  if (bits < 8) return [...packed(patterns, bits)].map((byte) => (isSigned && byte >= 128 ? byte - 256 : byte));
  return patterns.map((pattern) => (isSigned && pattern >= 2 ** (bits - 1) ? pattern - 2 ** bits : pattern));
}

describe('elements of a tensor', () => {
  for (const dtype of Object.keys(BITS) as (keyof typeof BITS)[]) {
    const bits = BITS[dtype];
    it.each([1, 2, 3, 7, 64, 1001])(
      `${dtype}: of int32_data are counted as those of raw_data, %i of them`,
      async (count) => {
        const random = new Random(count);
        const patterns = Array.from({ length: count }, () =>
          random.below(3) ? random.below(2 ** Math.min(bits, 9)) : 0,
        );
        // A zero with a sign, too.
        if (count > 3) patterns[3] = 2 ** (bits - 1);
        const dataType = DTYPES.indexOf(dtype);
        const numbers = numbersOf(patterns, bits, dtype.startsWith('int'));
        const contents = { raw: rawData(packed(patterns, bits)), listed: int32Data(numbers) };
        const initializers = Object.entries(contents).map(([name, content]) =>
          tensorProto({ name, dataType, dims: [count], content }),
        );
        const model = modelProto({ graph: { initializers } });
        const isFloat = dtype.includes('float') && dtype !== 'float8e8m0';
        const isZero = (pattern: number) => pattern === 0 || (isFloat && pattern === 2 ** (bits - 1));
        const kept = patterns.filter((pattern) => !isZero(pattern));
        const clusters = new Set(kept).size;
        const figures = { weights: count, kept: kept.length, density: kept.length / count, clusters };
        for (const report of [inspectOnnx(openOnnx(model)), await inspectContainer(await encode(model))])
          expect(report.tensors).toMatchObject([figures, figures]);
      },
    );
  }
});
