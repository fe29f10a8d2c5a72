import { describe, expect, it } from 'vitest';
import { Repeats } from '../../src/container/write/repeats.js';
import { type CodedTensor, codeTensor } from '../../src/container/write/section.js';
import { createRandom } from '../../src/random.js';

const frame = { dtype: 'float32', dims: [100], form: 'raw', length: 400 } as const;

/** Payloads of floats on a coarse grid. */
function payloadOf(seed: number, count = 100): Uint8Array {
  const { below } = createRandom(seed);
  return new Uint8Array(Float32Array.from({ length: count }, () => below(9) / 4).buffer);
}

describe('payloads that repeat', () => {
  it('are coded once, and as they would be each by itself', () => {
    const repeats = new Repeats();
    let coded = 0;
    const codeOf = (tensor: typeof frame | (Omit<typeof frame, 'dims'> & { dims: number[] }), payload: Uint8Array) =>
      repeats.of(tensor, payload, (): CodedTensor => {
        coded++;
        return codeTensor(tensor, payload);
      });
    for (let i = 0; i < 12; i++) {
      const payload = payloadOf(i % 3);
      expect(codeOf(frame, payload)).toEqual(codeTensor(frame, payload));
      // Whoever read it may use the memory again.
      payload.fill(i);
    }
    expect(coded).toBe(3);
    codeOf({ ...frame, dims: [10, 10] }, payloadOf(0));
    codeOf({ ...frame, dims: [10, 10] }, payloadOf(0));
    expect(coded, 'other dimensions').toBe(4);
  });

  it('are forgotten before they take much memory, and not remembered if they are large', () => {
    const repeats = new Repeats();
    const coded: CodedTensor = { entry: { g: 0 } as CodedTensor['entry'], section: new Uint8Array() };
    let times = 0;
    const look = (length: number, first: number) => {
      const payload = new Uint8Array(length).fill(first % 256);
      payload[1] = first >> 8;
      repeats.of({ ...frame, length }, payload, () => {
        times++;
        return coded;
      });
    };
    look(1 << 15, 0);
    look(1 << 15, 0);
    expect(times).toBe(2);
    for (let i = 0; i < 300; i++) look(1 << 14, i);
    look(1 << 14, 299);
    expect(times).toBe(302);
    look(1 << 14, 0);
    expect(times).toBe(303);
  });
});
