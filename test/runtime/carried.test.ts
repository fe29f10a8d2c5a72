import { describe, expect, it } from 'vitest';
import type { Batch } from '../../src/data/dataset.js';
import { carrying, statesOf, withStates } from '../../src/runtime/carried.js';
import type { Session } from '../../src/runtime/session.js';

const port = (name: string, shape: (number | string)[]) => ({ name, type: 'float32', shape });
const PORTS = {
  inputs: [port('x', ['N', 'T']), port('state', [1, 'N', 1])],
  outputs: [port('y', ['N', 1]), port('next', [1, 'N', 1])],
};

/** Adds what comes in to its state, which is its answer. */
function adder(dims = [1, 1, 1]): Session {
  return {
    inputs: [],
    outputMetadata: [],
    outputNames: ['y', 'next'],
    leftOut: [],
    async run({ inputs }: Batch) {
      const sum = Number(inputs.x.data[0]) + Number(inputs.state.data[0]);
      const data = Float32Array.of(sum);
      return {
        samples: 1,
        outputs: { y: { type: 'float32', dims: [1, 1], data }, next: { type: 'float32', dims, data } },
      };
    },
    async *runs() {},
    release: async () => {},
  };
}

async function* windows() {
  for (const value of [1, 2, 4]) {
    yield {
      inputs: {
        x: { data: Float32Array.of(value), dims: [1, 1] },
        state: { data: Float32Array.of(0), dims: [1, 1, 1] },
      },
    };
  }
}

describe('states that a model keeps', () => {
  it('come out behind the answers, in the order they go in', () => {
    expect(statesOf(PORTS)).toEqual([{ input: 'state', output: 'next' }]);
    expect(statesOf({ ...PORTS, inputs: [PORTS.inputs[0]] })).toEqual([]);
    expect(statesOf({ ...PORTS, outputs: [PORTS.outputs[0]] })).toBeUndefined();
  });

  it('are carried from window to window, from the first again for each runner', async () => {
    const states = [{ input: 'state', output: 'next' }];
    for (let pass = 0; pass < 2; pass++) {
      const runner = carrying(adder(), states);
      const answers = [];
      for await (const batch of windows()) answers.push((await runner.run(batch)).outputs.y.data[0]);
      expect(answers).toEqual([1, 3, 7]);
    }
  });

  it('are recorded with the windows, for who looks at these in any order', async () => {
    const recorded = await withStates(adder(), [{ input: 'state', output: 'next' }], windows);
    for (let pass = 0; pass < 2; pass++) {
      const seen = [];
      for await (const { inputs } of recorded()) seen.push([inputs.x.data[0], inputs.state.data[0]]);
      expect(seen).toEqual([
        [1, 0],
        [2, 1],
        [4, 3],
      ]);
    }
  });

  it('are refused where what comes out is none', async () => {
    const runner = carrying(adder([1, 1]), [{ input: 'state', output: 'next' }]);
    const all = async () => {
      for await (const batch of windows()) await runner.run(batch);
    };
    await expect(all()).rejects.toMatchObject({
      code: 'DATASET',
      message: expect.stringContaining("to be the state 'state' again"),
    });
  });
});
