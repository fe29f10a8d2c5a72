import { spawn } from 'node:child_process';
import { linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { noteInput, withInputs } from '../../src/cli/inputs.js';
import { startOutput } from '../../src/cli/output/output.js';
import { planOutput } from '../../src/cli/output/plan.js';
import { writeWhole } from '../../src/cli/output/write.js';
import { FxqError } from '../../src/errors.js';
import { generatedModels } from '../support/models.js';
import { packageModels } from '../support/packages.js';
import { BIN, filesIn, fxq, LENET, makeFolder, putModel } from './support.js';

const text = (value: string) => new TextEncoder().encode(value);
const codeOf = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    if (error instanceof FxqError) return `${error.code} ${error.message}`;
    throw error;
  }
  return 'no error';
};

describe('an output', () => {
  it('appears when it is complete, in place of what was there', () => {
    const folder = makeFolder();
    const path = join(folder, 'out');
    writeFileSync(path, 'old');
    const output = startOutput(planOutput(path));
    output.write(0, text('ne'));
    output.write(0, text('w'));
    expect(readFileSync(path, 'utf8')).toBe('old');
    output.commit();
    output.discard();
    expect(Object.entries(filesIn(folder)).map(([name, bytes]) => [name, String(bytes)])).toEqual([['out', 'new']]);
  });

  it('that is discarded leaves nothing, not even a folder', () => {
    const folder = makeFolder();
    writeFileSync(join(folder, 'a'), 'old');
    const output = startOutput(planOutput(join(folder, 'a'), { external: ['x/y/b', 'x/c'] }));
    output.write(1, text('new'));
    expect(readdirSync(folder)).not.toContain('x');
    output.discard();
    expect(readdirSync(folder)).toEqual(['a']);
    expect(String(filesIn(folder).a)).toBe('old');
  });

  it('of several files makes the folders it needs', () => {
    const folder = makeFolder();
    const output = startOutput(planOutput(join(folder, 'a'), { external: ['x/y/b'] }));
    output.write(0, text('A'));
    output.write(1, text('B'));
    output.commit();
    expect(Object.keys(filesIn(folder))).toEqual(['a', join('x', 'y', 'b')]);
  });

  it('goes where a link leads', () => {
    const folder = makeFolder();
    writeFileSync(join(folder, 'real'), 'old');
    symlinkSync('real', join(folder, 'link'));
    const output = startOutput(planOutput(join(folder, 'link')));
    output.write(0, text('new'));
    output.commit();
    expect(readFileSync(join(folder, 'real'), 'utf8')).toBe('new');
    expect(lstatSync(join(folder, 'link')).isSymbolicLink()).toBe(true);
  });

  it('is refused where it cannot be or would overwrite an input', () => {
    const folder = makeFolder();
    const path = (name: string) => join(folder, name);
    writeFileSync(path('in'), '');
    symlinkSync('in', path('soft'));
    linkSync(path('in'), path('hard'));
    mkdirSync(path('folder'));
    withInputs(() => {
      noteInput(path('in'));
      for (const same of ['in', 'soft', 'hard', join('folder', '..', 'in')]) {
        expect(codeOf(() => planOutput(join(folder, same)))).toMatch(/^IO .*never overwritten/);
      }
      const beside = () => planOutput(path('out'), { external: ['in'], mayReplace: () => true });
      expect(codeOf(beside)).toMatch(/^IO .*choose another folder/);
    });
    expect(codeOf(() => planOutput(path('out'), { external: ['out'] }))).toMatch(/^IO .*choose another name/);
    expect(codeOf(() => planOutput(path('folder')))).toMatch(/^IO .*got a folder/);
    for (const below of ['in/out', 'in/far/out']) {
      expect(codeOf(() => planOutput(join(folder, below)))).toMatch(/^IO .*(no folder|where a folder is needed)/);
    }
  });
});

describe('a folder that is missing', () => {
  it('is made with the output, and goes again where nothing comes of it', () => {
    const folder = makeFolder();
    mkdirSync(join(folder, 'there'));
    const plan = planOutput(join(folder, 'there/new/deep/out'));
    startOutput(plan).discard();
    expect(readdirSync(join(folder, 'there'))).toEqual([]);
    writeWhole(plan, Uint8Array.of(7));
    expect(Object.keys(filesIn(folder))).toEqual(['there/new/deep/out']);
  });
});

describe('inputs are never overwritten', () => {
  it.each(['prune', 'cluster', 'encode', 'compress'])('%s', (command) => {
    const folder = makeFolder();
    const path = putModel(folder, { name: '', bytes: readFileSync(LENET), expect: { tensors: [] } });
    const target = command === 'prune' ? ['--density', '0.5'] : [];
    const { code, stdout, stderr } = fxq(command, path, '-o', path, ...target);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toBe(
      `error: ${path}: this is an input, which is never overwritten; choose another name with -o (IO)\n`,
    );
    expect(filesIn(folder)['model.onnx'].equals(readFileSync(LENET))).toBe(true);
    expect(readdirSync(folder)).toEqual(['model.onnx']);
  });

  it('external data of the same name asks for another folder', () => {
    const folder = makeFolder();
    const path = putModel(folder, 'external: folder');
    const before = filesIn(folder);
    const beside = fxq('cluster', path, '-o', join(folder, 'other.onnx'));
    expect(beside.code).toBe(1);
    expect(beside.stderr).toMatch(/weights\/a\.bin: .* choose another folder with -o \(IO\)\n$/);
    const onto = fxq('encode', path, '-o', join(folder, 'weights', 'a.bin'));
    expect([onto.code, onto.stderr]).toEqual([1, expect.stringContaining('never overwritten')]);
    expect(filesIn(folder)).toEqual(before);
  });
});

describe('models with external data', () => {
  const models = generatedModels().filter(({ external }) => external);
  it.each(models)('$name: every file comes back', (model) => {
    const [from, to] = [makeFolder(), makeFolder()];
    const path = putModel(from, model);
    const container = join(to, 'm.fxq');
    expect(fxq('encode', path, '-o', container, '-q')).toEqual({ code: 0, stdout: '', stderr: '' });
    const rebuilt = join(to, 'rebuilt');
    mkdirSync(rebuilt);
    expect(fxq('decode', container, '-o', join(rebuilt, 'model.onnx'), '--verify', '-q').stderr).toBe('');
    expect(filesIn(rebuilt)).toEqual(filesIn(from));
  });
});

describe('a signal', () => {
  // Large enough that its tensors take some seconds.
  const large = packageModels().find((path) => path.includes('rec_infer')) as string;

  /** Runs a command and stops it once a file of this kind is in the folder. */
  async function interrupt(
    folder: string,
    args: string[],
    isReady: (names: string[]) => boolean,
    signal: NodeJS.Signals,
  ) {
    const child = spawn(process.execPath, [BIN, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (text) => {
      stderr += text;
    });
    const ended = new Promise<{ code: number | null; by: NodeJS.Signals | null; stderr: string }>((resolve) =>
      child.on('close', (code, by) => resolve({ code, by, stderr })),
    );
    let running = true;
    void ended.then(() => {
      running = false;
    });
    while (running && !isReady(readdirSync(folder))) await new Promise((resolve) => setTimeout(resolve, 5));
    if (running) child.kill(signal);
    return ended;
  }

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s while a file is written leaves the old one and nothing else', async (signal, code) => {
    const folder = makeFolder();
    const out = join(folder, 'out.onnx');
    writeFileSync(out, 'old');
    const args = ['cluster', large, '-o', out, '--quiet'];
    const ended = await interrupt(folder, args, (names) => names.length > 1, signal);
    expect(ended).toEqual({ code, by: null, stderr: `error: stopped by ${signal}; no file was changed (ABORTED)\n` });
    expect(Object.entries(filesIn(folder)).map(([name, bytes]) => [name, String(bytes)])).toEqual([
      ['out.onnx', 'old'],
    ]);
  });

  it('while nothing is written yet ends the program at once', async () => {
    const folder = makeFolder();
    const out = join(folder, 'out.fxq');
    writeFileSync(out, 'old');
    const start = performance.now();
    const ready = () => performance.now() - start > 1000;
    const { code, by } = await interrupt(folder, ['compress', large, '-o', out, '--no-synthetic'], ready, 'SIGINT');
    expect(by === 'SIGINT' || code === 130).toBe(true);
    expect(Object.entries(filesIn(folder)).map(([name, bytes]) => [name, String(bytes)])).toEqual([['out.fxq', 'old']]);
  });
});
