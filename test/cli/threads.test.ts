import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { concat } from '../../src/binary/bytes.js';
import { openThreads, tensorPool } from '../../src/cli/threads.js';
import { MemorySections } from '../../src/container/write/sections.js';
import { decodeFiles } from '../../src/decode/index.js';
import type { Model } from '../../src/model/model.js';
import { inMemory, openOnnx } from '../../src/onnx/open.js';
import { writeOnnx } from '../../src/onnx/write.js';
import { compressTo, compressWith, type Target } from '../../src/pipeline/compress.js';
import { runStages } from '../../src/pipeline/pipeline.js';
import { writeStaged } from '../../src/pipeline/threads.js';
import { cluster } from '../../src/stages/cluster.js';
import { prune } from '../../src/stages/prune.js';
import type { Stage } from '../../src/stages/stage.js';
import { modelOf } from '../support/container.js';
import { generatedModels } from '../support/models.js';
import { packageModels } from '../support/packages.js';
import { Random } from '../support/random.js';
import { memoryFiles } from '../support/sources.js';
import './support.js';

/** The built one: threads take no TypeScript. */
const ENTRY = new URL('../../dist/cli/worker.js', import.meta.url);

const opened = openThreads(2, ENTRY);
const pool = tensorPool(opened, 2);
afterAll(() => opened.close());

function memoryTarget(): { target: Target; pieces: Uint8Array[] } {
  const pieces: Uint8Array[] = [];
  const write = (bytes: Uint8Array) => void pieces.push(bytes);
  const target = { sections: () => new MemorySections(), write, written: () => inMemory('', concat(pieces)) };
  return { target, pieces };
}

async function containerOf(model: Model, stages: readonly Stage[], threads = pool): Promise<Uint8Array> {
  const { target, pieces } = memoryTarget();
  await compressTo(target, model, stages, { pool: threads });
  return concat(pieces);
}

/** Stages on every tensor, whatever it is for. */
const lossy = () => [prune({ density: 0.4, include: ['*'] }), cluster({ bits: 4, include: ['*'] })];

const corpus: [string, () => Model][] = [
  ...generatedModels().map(({ name, bytes, external = {} }): [string, () => Model] => [
    name,
    () => openOnnx(bytes, { external: memoryFiles(external) }),
  ]),
  ...[...packageModels(), 'models/lenet-300-100.onnx', 'models/lenet-5.onnx'].map((path): [string, () => Model] => [
    basename(path),
    () => openOnnx(readFileSync(path)),
  ]),
];

describe('two threads give what one does', () => {
  it.each(corpus)('%s', async (_, open) => {
    const model = open();
    const alone = (await compressWith(model, [])).container;
    const container = await containerOf(model, []);
    expect(Buffer.compare(container, alone)).toBe(0);
    const files = await decodeFiles(container, { verify: 'all' });
    for (const [i, { bytes }] of files.entries()) {
      expect(Buffer.compare(bytes, model.files[i].read(0, model.files[i].size))).toBe(0);
    }
  });

  it.each(corpus.filter(([name]) => /lenet-5|silero_vad_v5|det_infer|folder/.test(name)))(
    '%s, pruned and clustered',
    async (_, open) => {
      const alone = await compressWith(open(), lossy());
      expect(Buffer.compare(await containerOf(open(), lossy()), alone.container)).toBe(0);
      const run = await runStages(open(), lossy());
      const expected = concat([...writeOnnx(run.model)].map(({ bytes }) => bytes.slice()));
      const pieces: Uint8Array[] = [];
      for await (const { bytes } of writeStaged(await runStages(open(), lossy()), { pool })) pieces.push(bytes.slice());
      expect(Buffer.compare(concat(pieces), expected)).toBe(0);
    },
  );

  it('one global threshold, whose ties are shared out', async () => {
    const model = openOnnx(modelOf(Float32Array.from({ length: 50_000 }, (_, i) => (i % 3) - 1)));
    const stages = () => [prune({ density: 0.3, scope: 'global', include: ['*'] })];
    const alone = await compressWith(model, stages());
    expect(Buffer.compare(await containerOf(model, stages()), alone.container)).toBe(0);
  });
});

describe('threads', () => {
  it('leave the model as it was, so that it can be read again', async () => {
    const bytes = modelOf(new Random(1).floats(20_000));
    const before = bytes.slice();
    const model = openOnnx(bytes);
    await containerOf(model, lossy());
    expect(Buffer.compare(bytes, before)).toBe(0);
    expect(model.tensors[0].payload.read().length).toBe(80_000);
  });

  it('fail with the error of the work, its fields included, and go on', async () => {
    const values = new Random(2).floats(10_000);
    values[77] = Number.NaN;
    const model = openOnnx(modelOf(values));
    const alone = await compressWith(model, lossy()).catch((error) => error);
    const error = await containerOf(model, lossy()).catch((problem) => problem);
    expect(error.code).toBe('WEIGHTS');
    expect({ ...error, message: error.message }).toEqual({ ...alone, message: alone.message });
    expect((await containerOf(openOnnx(modelOf(new Random(3).floats(9_000))), [])).length).toBeGreaterThan(0);
  });

  it('tell the time of every stage, which together is no more than what passed', async () => {
    const start = performance.now();
    const { target } = memoryTarget();
    const { stages: times } = await compressTo(target, openOnnx(modelOf(new Random(4).floats(300_000))), lossy(), {
      pool,
    });
    expect(times.map(({ name }) => name)).toEqual(['prune', 'cluster', 'encode', 'verify']);
    for (const { ms } of times) expect(ms).toBeGreaterThan(0);
    expect(times.reduce((sum, { ms }) => sum + ms, 0)).toBeLessThanOrEqual(performance.now() - start + 1);
  });

  it('take no notice of changes whose place another payload has taken', async () => {
    const run = await runStages(openOnnx(modelOf(new Random(6).floats(9_000))), lossy());
    const other = new Uint8Array(new Random(7).clustered(9_000, 5).buffer);
    const model = {
      ...run.model,
      tensors: run.model.tensors.map((tensor) => ({ ...tensor, payload: { read: () => other } })),
    };
    const alone = await compressWith(model, []);
    expect(Buffer.compare(await containerOf(model, []), alone.container)).toBe(0);
  });

  it('do nothing more once they are closed', async () => {
    const closed = openThreads(1, ENTRY);
    await closed.close();
    const model = openOnnx(modelOf(new Random(5).floats(9_000)));
    await expect(containerOf(model, [], tensorPool(closed, 1))).rejects.toThrow('closed');
  });
});
