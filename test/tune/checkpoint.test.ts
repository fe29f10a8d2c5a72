import { describe, expect, it } from 'vitest';
import { readCheckpoint, type State, writeCheckpoint } from '../../src/tune/checkpoint.js';
import { Random } from '../support/random.js';

/** A training of two parameters, the second of shared values. */
function stateOf(seed: number, best: State['best'] = undefined): State {
  const random = new Random(seed);
  return {
    epoch: seed,
    best,
    free: [random.floats(7), random.floats(2)],
    alive: [random.bytes(7).map((byte) => byte & 1), new Uint8Array(5).fill(1)],
    values: [random.floats(7), random.floats(5)],
    optimiser: [random.floats(7), random.floats(2), Float32Array.of(seed)],
  };
}

const bestOf = (seed: number) => {
  const random = new Random(seed);
  return { epoch: 2, accuracy: 0.75, loss: 0.1, judgement: null, values: [random.floats(7), random.floats(5)] };
};
const config = (message: string) =>
  expect.objectContaining({ code: 'CONFIG', message: expect.stringContaining(message) });
const readInto = (bytes: Uint8Array, subject = 'this one') => {
  const state = stateOf(9);
  readCheckpoint(bytes, state, subject);
  return state;
};

describe('a checkpoint', () => {
  it.each([undefined, bestOf(5), { ...bestOf(6), accuracy: null }])('brings back what it was made of', (best) => {
    const state = stateOf(3, best);
    const bytes = writeCheckpoint(state, 'this one');
    expect(readInto(bytes)).toEqual(state);
    const moved = new Uint8Array(bytes.length + 1);
    moved.set(bytes, 1);
    expect(readInto(moved.subarray(1))).toEqual(state);
  });

  it('is read into the arrays that training works on', () => {
    const state = stateOf(9);
    const [free] = state.free;
    readCheckpoint(writeCheckpoint(stateOf(3), 's'), state, 's');
    expect([free, state.free[0]]).toEqual([stateOf(3).free[0], free]);
    expect(state.free[0]).toBe(free);
  });

  it('keeps no hold of the training', () => {
    const state = stateOf(3, bestOf(5));
    const bytes = writeCheckpoint(state, 's');
    const before = bytes.slice();
    state.free[0].fill(0);
    readInto(bytes, 's').best?.values[0].fill(0);
    expect(bytes).toEqual(before);
  });

  it('of another training is refused, and nothing is changed', () => {
    const state = stateOf(9);
    const read = () => readCheckpoint(writeCheckpoint(stateOf(3), 'another'), state, 'this one');
    expect(read).toThrow(config('of another model, other data or other options'));
    expect(state).toEqual(stateOf(9));
  });

  it('that is not whole is refused, wherever it ends, and nothing is changed', () => {
    const bytes = writeCheckpoint(stateOf(3, bestOf(5)), 's');
    for (let length = 0; length < bytes.length; length++) {
      const state = stateOf(9);
      expect(() => readCheckpoint(bytes.subarray(0, length), state, 's'), `${length}`).toThrow(config('checkpoint: '));
      expect(state).toEqual(stateOf(9));
    }
    const longer = new Uint8Array(bytes.length + 1);
    longer.set(bytes);
    expect(() => readInto(longer, 's')).toThrow(config(`expected ${bytes.length} bytes, got ${bytes.length + 1}`));
  });

  it.each([
    ['', 'not one of fxq-compress tune'],
    ['some text\nand more\n', 'not one of fxq-compress tune'],
    ['fxq-compress tune 1\n{"subject":\n', 'its head is damaged'],
    ['fxq-compress tune 1\nnull\n', 'of another model'],
    ['fxq-compress tune 1\n[]\n', 'of another model'],
    ['fxq-compress tune 1\n{"subject":"s"}\n', 'the file is not whole'],
  ])('is not %j', (text, message) => {
    expect(() => readInto(new TextEncoder().encode(text), 's')).toThrow(config(message));
  });
});
