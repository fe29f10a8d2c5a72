import { describe, expect, it } from 'vitest';
import type { Batch } from '../../src/data/dataset.js';
import { type Batches, runBatches, runPieces, withSession } from '../../src/runtime/batches.js';
import { loadRuntime } from '../../src/runtime/runtime.js';
import type { Session } from '../../src/runtime/session.js';
import { buildModel, node } from '../gradient/support.js';

const batchOf = (...values: number[]): Batch => ({
  inputs: { x: { data: Float32Array.from(values), dims: [values.length, 1] } },
  labels: values,
});
const given = [batchOf(1, 2, 3), batchOf(4, 5)];
const x = { dims: [1, 1], data: Float32Array.of(0) };
const bytes = buildModel({ nodes: [node('Neg', ['x'], ['y'])], inputs: { x } });

async function withNegation<T>(work: (session: Session) => Promise<T>): Promise<T> {
  return withSession(await loadRuntime(), bytes, { threads: 1 }, work);
}

function whole(options: Partial<Batches>) {
  return withNegation(async (session) => {
    const seen: { samples: number; labels: number[]; y: number[] }[] = [];
    for await (const run of runBatches(session, { batches: () => given, ...options })) {
      seen.push({ samples: run.samples, labels: Array.from(run.labels!), y: Array.from(run.outputs.y.data) });
    }
    return seen;
  });
}

describe('runBatches', () => {
  it('gives the outputs of every batch, with its labels', async () => {
    expect(await whole({})).toEqual([
      { samples: 3, labels: [1, 2, 3], y: [-1, -2, -3] },
      { samples: 2, labels: [4, 5], y: [-4, -5] },
    ]);
  });

  it.each([
    [2, [[1, 2]]],
    [3, [[1, 2, 3]]],
    [4, [[1, 2, 3], [4]]],
  ])('cuts the batch in which a limit of %i ends, labels included', async (limit, labels) => {
    const seen = await whole({ limit });
    expect(seen.map((run) => run.labels)).toEqual(labels);
    expect(seen.map((run) => run.samples)).toEqual(labels.map(({ length }) => length));
  });

  it('reads no batch before the one before it is dealt with, and none beyond the limit', async () => {
    const log: string[] = [];
    const batches = function* () {
      for (const [i, batch] of given.entries()) {
        log.push(`read ${i}`);
        yield batch;
      }
    };
    await withNegation(async (session) => {
      for await (const { samples } of runBatches(session, { batches })) log.push(`${samples} done`);
      for await (const _ of runBatches(session, { batches, limit: 1 }));
    });
    expect(log).toEqual(['read 0', '3 done', 'read 1', '2 done', 'read 0']);
  });

  it('stops when it is told to', async () => {
    const controller = new AbortController();
    const batches = function* () {
      yield given[0];
      controller.abort();
      yield given[1];
    };
    await expect(whole({ batches, signal: controller.signal })).rejects.toMatchObject({ code: 'ABORTED' });
  });
});

describe('runPieces', () => {
  it('runs a batch to its end, and none behind the limit', async () => {
    const seen = await withNegation(async (session) => {
      const samples: number[] = [];
      for await (const run of runPieces(session, { batches: () => given, limit: 1 })) samples.push(run.samples);
      return samples;
    });
    expect(seen).toEqual([3]);
  });
});

describe('withSession', () => {
  it('frees the session, also where the work fails', async () => {
    let released = 0;
    const work = withNegation((session) => {
      const release = session.release;
      session.release = async () => {
        released++;
        await release();
      };
      throw new Error('of the work');
    });
    await expect(work).rejects.toThrow('of the work');
    expect(released).toBe(1);
  });
});
