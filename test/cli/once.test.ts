import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { run } from '../../src/cli/program.js';
import { smallModel } from '../tune/support.js';
import { makeFolder } from './support.js';

/** What is done to model files while a command runs. The functions do what they always do. */
const counts = vi.hoisted(() => ({ opened: [] as string[], scans: 0, decodes: 0 }));

// Threads run what is built, here the sources are tested.
vi.mock('../../src/cli/calibration-pool.js', async () => {
  const { inThreadPool } = await import('../../src/calibrate/pool.js');
  return { threadPool: inThreadPool };
});

vi.mock('../../src/onnx/files.js', async (original) => {
  const files = await original<typeof import('../../src/onnx/files.js')>();
  return {
    ...files,
    openFile(path: string) {
      counts.opened.push(path);
      return files.openFile(path);
    },
  };
});
vi.mock('../../src/onnx/scan.js', async (original) => {
  const { scanTensors } = await original<typeof import('../../src/onnx/scan.js')>();
  return {
    scanTensors(...args: Parameters<typeof scanTensors>) {
      counts.scans++;
      return scanTensors(...args);
    },
  };
});
vi.mock('../../src/onnx/decode-model.js', async (original) => {
  const module = await original<typeof import('../../src/onnx/decode-model.js')>();
  return {
    ...module,
    decodeModel(bytes: Uint8Array) {
      counts.decodes++;
      return module.decodeModel(bytes);
    },
  };
});

/** A data set of inputs that differ. */
const INPUTS = `export default async function* () {
  yield { inputs: { X: { data: Float32Array.from({ length: 96 * 6 }, (_, i) => Math.sin(i * i)), dims: [96, 6] } } };
}`;

/** A model and what it is compressed to, as an ONNX file and as a container. */
async function files() {
  const folder = makeFolder();
  const [model, small, container] = ['model.onnx', 'small.onnx', 'small.fxq'].map((name) => join(folder, name));
  writeFileSync(model, smallModel());
  const inputs = join(folder, 'inputs.mjs');
  writeFileSync(inputs, INPUTS);
  expect(await fxq('cluster', model, '-o', small, '--bits', '1')).toBe(0);
  expect(await fxq('encode', small, '-o', container)).toBe(0);
  return { folder, model, small, container, inputs };
}

async function fxq(...args: string[]): Promise<number> {
  const text: string[] = [];
  const stream = { write: (more: string) => text.push(more), isTTY: false };
  counts.opened = [];
  counts.scans = 0;
  counts.decodes = 0;
  const code = await run([...args, '--quiet'], { stdout: stream, stderr: stream } as never);
  if (code !== 0) throw new Error(text.join(''));
  return code;
}

/** Random inputs are made to the measure of the model, so that data, too, has to know its graph. */
const DATA = ['--data', 'random', '--limit', '40', '--threads', '1'];

let given: Awaited<ReturnType<typeof files>>;
beforeEach(async () => {
  given = await files();
});

describe('a model file is opened, scanned and decoded once by', () => {
  it.each<[string, (out: string) => string[]]>([
    ['compress', (out) => ['compress', given.model, '-o', out]],
    [
      'compress --calibrate with a search',
      (out) => [
        'compress',
        given.model,
        '-o',
        out,
        '--calibrate',
        given.inputs,
        '--calibrate-samples',
        '32',
        '--threads',
        '1',
      ],
    ],
    [
      'compress --calibrate after pruning',
      (out) => [
        ...['compress', given.model, '-o', out, '--calibrate', given.inputs, '--calibrate-samples', '32'],
        ...['--density', '0.5', '--bits', '2', '--threads', '1'],
      ],
    ],
    [
      'compress --data',
      (out) => ['compress', given.model, '-o', out, '--data', 'random', '--target-size', '1kB', '--threads', '1'],
    ],
    [
      'prune --calibrate',
      (out) => ['prune', given.model, '-o', `${out}.onnx`, '--density', '0.5', '--calibrate', given.inputs],
    ],
    ['tune', (out) => ['tune', given.model, '-o', `${out}.onnx`, '--data', given.inputs, '--epochs', '1']],
  ])('%s', async (_, args) => {
    await fxq(...args(join(given.folder, 'out.fxq')));
    expect(counts).toEqual({ opened: [given.model], scans: 1, decodes: 1 });
  });

  it.each<[string, () => string[]]>([
    ['sensitivity', () => ['sensitivity', given.model, given.small, ...DATA]],
    ['report', () => ['report', given.model, given.small, ...DATA, '-o', join(given.folder, 'report.md')]],
    ['evaluate', () => ['evaluate', given.small, '--reference', given.model, ...DATA]],
    [
      'tune with a teacher',
      () => [
        'tune',
        given.small,
        '-o',
        join(given.folder, 'tuned.onnx'),
        ...DATA,
        '--epochs',
        '1',
        '--teacher',
        given.model,
      ],
    ],
  ])('%s, each of the two', async (_, args) => {
    await fxq(...args());
    expect([...counts.opened].sort()).toEqual([given.model, given.small]);
    expect(counts).toMatchObject({ scans: 2, decodes: 2 });
  });

  it.each<[string, () => string[]]>([
    ['sensitivity', () => ['sensitivity', given.model, given.container, ...DATA]],
    ['report', () => ['report', given.model, given.container, ...DATA, '-o', join(given.folder, 'report.md')]],
  ])('%s, what a container decodes to included', async (_, args) => {
    await fxq(...args());
    expect([...counts.opened].sort()).toEqual([given.model, given.container]);
    expect(counts).toMatchObject({ scans: 2, decodes: 2 });
  });
});

it('leaves the files as they were', async () => {
  const before = readFileSync(given.model);
  await fxq('sensitivity', given.model, given.small, ...DATA);
  expect(readFileSync(given.model).equals(before)).toBe(true);
});
