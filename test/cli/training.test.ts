import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Random } from '../support/random.js';
import { smallModel } from '../tune/support.js';
import { filesIn, fxq, makeFolder, stopped } from './support.js';

/** A folder with a small model and a module of inputs, 400 of which are not labelled. */
function prepared() {
  const folder = makeFolder();
  const model = join(folder, 'small.onnx');
  writeFileSync(model, smallModel());
  const data = join(folder, 'data.mjs');
  const values = [...new Random(7).floats(400 * 6, 1)].map((value) => value.toFixed(4));
  writeFileSync(
    data,
    `const data = Float32Array.of(${values.join()});\nexport default async function* () { yield { inputs: { X: { data, dims: [400, 6] } } }; }\n`,
  );
  const args = [
    'compress',
    model,
    '-o',
    join(folder, 'small.fxq'),
    '--train',
    data,
    '--max-loss',
    '20',
    '--threads',
    '1',
  ];
  return { folder, args: [...args, '--round-epochs', '2', '--rounds', '1'] };
}

describe('compress --train', () => {
  it('writes the smallest file and tells of every step', () => {
    const { folder, args } = prepared();
    // With nothing to go on from it begins anew.
    const { code, stdout, stderr } = fxq(...args, '--json', '--resume');
    expect(code).toBe(0);
    expect(stderr).toContain('small.fxq.train is not there to go on from: begins anew\n');
    const { training, outputBytes, stages } = JSON.parse(stdout);
    expect(stages.map(({ name }: { name: string }) => name)).toEqual(['train', 'encode', 'verify']);
    expect(training.chosen.bytes).toBe(outputBytes);
    expect(training.steps.some(({ what }: { what: string }) => what === 'retrain')).toBe(true);
    expect(stderr).toMatch(
      /round 1: [\d.]+ % of the weights, 2 epochs: what calibration alone cannot spare goes while the rest is trained/,
    );
    expect(Object.keys(filesIn(folder)).sort()).toEqual(['data.mjs', 'small.fxq', 'small.onnx']);
    expect(readFileSync(join(folder, 'small.fxq')).length).toBe(outputBytes);
    const tried = training.steps.filter(({ judged }: { judged: unknown }) => judged).length;
    expect(stderr).toMatch(new RegExp(`ended: [^;]*; ${tried} files were tried, judged by`));
    expect(training).toMatchObject({ samples: 360, heldOut: 40 });
    expect(training.answers ?? JSON.parse(stdout).answers.text).toMatch(/40 inputs kept apart$/);
  });

  it('gives what loses nothing where that has the size already', () => {
    const { args } = prepared();
    const { code, stdout, stderr } = fxq(
      ...args.map((word) => (word === '--max-loss' ? '--target-size' : word === '20' ? '99kB' : word)),
      '--json',
    );
    const { training, answers } = JSON.parse(stdout);
    expect([code, training.steps.length, training.isReached, answers.text]).toEqual([
      0,
      1,
      true,
      'the same, no weight has changed',
    ]);
    expect(stderr).toMatch(
      /encode {2}\S+ B {2}loses nothing .*\n {2}ended: what loses nothing has the size already; 1 file was tried/s,
    );
  });

  it('keeps what it has found when it is stopped on its way to a pipe, where nothing could go on from it', async () => {
    const { folder, args } = prepared();
    const piped = args.map((word) => (word.endsWith('.fxq') ? '-' : word));
    const { code, stdout, stderr } = await stopped([...piped, '--rounds', '5'], 'round 2:');
    expect(code).toBe(130);
    expect(stdout.slice(0, 3)).toBe('FXQ');
    expect(stderr).toMatch(/→ stdout \(.* smaller\n/);
    expect(stderr).toMatch(/stopped by SIGINT; what was found is the best so far\n$/);
    expect(Object.keys(filesIn(folder)).sort()).toEqual(['data.mjs', 'small.onnx']);
    for (const other of [piped, [...args, '--dry-run']]) {
      const { code, stderr } = fxq(...other, '--resume');
      expect([code, stderr]).toEqual([2, expect.stringContaining('--resume goes on from a file beside the output')]);
    }
  });

  it('refuses what does not go with it, and what is for it alone', () => {
    const { args } = prepared();
    for (const [flag, ...value] of [
      ['--density', '0.5'],
      ['--by', 'channel'],
      ['--per-class', '3'],
      ['--calibrate-samples', '9'],
      ['--save-config', 'x.yaml'],
      ['--no-cluster'],
    ]) {
      const stderr = expect.stringContaining(`${flag} does not go with --train`);
      expect(fxq(...args, flag, ...value)).toMatchObject({ code: 2, stderr });
    }
    const [command, model, flag, out] = args;
    expect(fxq(command, model, flag, out, '--rounds', '2')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--rounds needs --train'),
    });
  });
});
