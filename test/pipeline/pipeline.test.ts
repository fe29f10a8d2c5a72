import { describe, expect, it } from 'vitest';
import type { Model } from '../../src/model/model.js';
import { openOnnx } from '../../src/onnx/open.js';
import { runStages } from '../../src/pipeline/pipeline.js';
import { selfTimer } from '../../src/pipeline/timer.js';
import type { Stage } from '../../src/stages/stage.js';
import { generatedModels } from '../support/models.js';

/** A clock that stands still unless it is moved. */
function fakeClock() {
  let time = 1000;
  return { now: () => time, pass: (ms: number) => (time += ms) };
}

function model(): Model {
  return openOnnx(generatedModels()[0].bytes);
}

/** A stage that takes this long to run and to read each tensor. */
function slow(name: string, clock: ReturnType<typeof fakeClock>, runMs: number, readMs: number): Stage {
  return {
    name,
    run(before) {
      clock.pass(runMs);
      const tensors = before.tensors.map((tensor) => {
        const read = () => {
          const bytes = tensor.payload.read();
          clock.pass(readMs);
          return bytes;
        };
        return { ...tensor, payload: { read } };
      });
      return { ...before, tensors };
    },
  };
}

describe('runStages', () => {
  it('gives each stage its own time, without that of the stages it waits for', async () => {
    const clock = fakeClock();
    const stages = [slow('a', clock, 5, 100), slow('b', clock, 7, 20)];
    const run = await runStages(model(), stages, { now: clock.now });
    expect(run.times()).toEqual([
      { name: 'a', ms: 5 },
      { name: 'b', ms: 7 },
    ]);
    const { timer } = run;
    timer.measure(timer.add('sink'), () => {
      for (const tensor of run.model.tensors) tensor.payload.read();
      clock.pass(3);
    });
    const { length } = run.model.tensors;
    expect(run.times()).toEqual([
      { name: 'a', ms: 5 + 100 * length },
      { name: 'b', ms: 7 + 20 * length },
      { name: 'sink', ms: 3 },
    ]);
  });

  it('counts what a stage reads while it runs for the stage before', async () => {
    const clock = fakeClock();
    const looks: Stage = {
      name: 'looks',
      async run(before) {
        for (const tensor of before.tensors) tensor.payload.read();
        await Promise.resolve();
        clock.pass(1);
        return before;
      },
    };
    const run = await runStages(model(), [slow('a', clock, 0, 10), looks], { now: clock.now });
    expect(run.times()).toEqual([
      { name: 'a', ms: 10 * run.model.tensors.length },
      { name: 'looks', ms: 1 },
    ]);
  });

  it('leaves tensors alone that no stage has changed', async () => {
    const before = model();
    const same: Stage = { name: 'same', run: (given) => ({ ...given }) };
    const { model: after } = await runStages(before, [same]);
    expect(after.tensors.map(({ payload }) => payload)).toEqual(before.tensors.map(({ payload }) => payload));
  });

  it('stops between two stages', async () => {
    const controller = new AbortController();
    const stops: Stage = {
      name: 'stops',
      run(given, { signal } = {}) {
        expect(signal).toBe(controller.signal);
        controller.abort();
        return given;
      },
    };
    const work = runStages(model(), [stops, stops], { signal: controller.signal });
    await expect(work).rejects.toMatchObject({ code: 'ABORTED' });
  });
});

describe('selfTimer', () => {
  it('keeps counting when the work throws', () => {
    const clock = fakeClock();
    const timer = selfTimer(clock.now);
    const [outer, inner] = [timer.add('outer'), timer.add('inner')];
    timer.measure(outer, () => {
      clock.pass(1);
      expect(() =>
        timer.measure(inner, () => {
          clock.pass(2);
          throw new Error('no');
        }),
      ).toThrow('no');
      clock.pass(4);
    });
    expect(timer.times()).toEqual([
      { name: 'outer', ms: 5 },
      { name: 'inner', ms: 2 },
    ]);
  });
});
