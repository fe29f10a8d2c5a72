import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { startOutput } from '../../src/cli/output/output.js';
import { planOutput } from '../../src/cli/output/plan.js';
import { Random } from '../support/random.js';
import { BIN, filesIn, fxq, LENET, makeFolder, putModel } from './support.js';

const mounted: string[] = [];

/** A disk of its own of this size, where this user may have one. */
function smallDisk(bytes: number): string | undefined {
  const folder = makeFolder();
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder]);
  if (status !== 0) return undefined;
  mounted.push(folder);
  return folder;
}

afterEach(() => {
  for (const folder of mounted.splice(0)) spawnSync('umount', [folder]);
});

const container = () => {
  const path = join(makeFolder(), 'model.fxq');
  expect(fxq('encode', LENET, '-o', path, '-q').code).toBe(0);
  return path;
};

describe('a full disk', () => {
  it.for([
    ['encode', () => LENET, []],
    ['cluster', () => LENET, ['--bits', '8']],
    ['decode', container, []],
  ] as const)('%s tells what it needs and leaves nothing', ([command, input, args], { skip }) => {
    const folder = smallDisk(1 << 18) ?? skip('no disk of its own may be mounted');
    const out = join(folder, 'out');
    const { code, stdout, stderr } = fxq(command, input(), '-o', out, ...args);
    expect([code, stdout]).toEqual([1, '']);
    const [, needed, free] = /at least (\d+) bytes are needed, (\d+) are free/.exec(stderr) ?? [];
    expect(stderr).toBe(
      `error: ${out}: no space is left on the disk: at least ${needed} bytes are needed, ${free} are free; ` +
        'make room or choose another folder with -o (nothing was kept) (IO)\n',
    );
    expect(Number(needed)).toBeGreaterThan(Number(free));
    expect(Number(free)).toBeGreaterThan(0);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('leaves the file that was there', ({ skip }) => {
    const folder = smallDisk(1 << 18) ?? skip('no disk of its own may be mounted');
    writeFileSync(join(folder, 'out'), 'old');
    expect(fxq('encode', LENET, '-o', join(folder, 'out')).code).toBe(1);
    expect(Object.entries(filesIn(folder)).map(([name, bytes]) => [name, String(bytes)])).toEqual([['out', 'old']]);
  });
});

describe('a limit on the size of files', () => {
  it.each(['encode', 'decode'])('%s tells that it is one', (command) => {
    const input = command === 'decode' ? container() : LENET;
    const folder = makeFolder();
    const out = join(folder, 'out');
    const line = 'ulimit -f 200; exec "$@"';
    const args = ['-c', line, 'sh', process.execPath, BIN, command, input, '-o', out, '--json'];
    const { status, stdout, stderr } = spawnSync('bash', args, { encoding: 'utf8' });
    expect([status, stdout]).toEqual([1, '']);
    const { error } = JSON.parse(stderr);
    expect(error).toMatchObject({ code: 'IO', file: out });
    expect(error.message).toMatch(/ulimit -f.* at least \d{6,} bytes are needed; raise the limit or choose another/);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('a folder that may not be written', () => {
  it.each(['encode', 'decode', 'cluster'])('%s says so', (command) => {
    const input = command === 'decode' ? container() : LENET;
    const folder = makeFolder();
    const copy = join(folder, 'input');
    writeFileSync(copy, readFileSync(input));
    chmodSync(folder, 0o555);
    try {
      // The rights of a folder do not bind a superuser.
      const user = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
      const args = [BIN, command, copy, '-o', join(folder, 'out')];
      const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', ...user });
      expect([status, stderr]).toEqual([
        1,
        `error: ${join(folder, 'out')}: may not be written; check the permissions of its folder (IO)\n`,
      ]);
    } finally {
      chmodSync(folder, 0o755);
    }
    expect(readdirSync(folder)).toEqual(['input']);
  });
});

describe('killed at any moment', () => {
  const random = new Random(7);
  /** The outcome of a run that is killed after so many milliseconds: whether it had ended by itself. */
  async function kill(args: string[], ms: number): Promise<boolean> {
    const child = spawn(process.execPath, [BIN, ...args], { stdio: 'ignore' });
    const ended = new Promise<boolean>((resolve) => child.on('close', (code) => resolve(code === 0)));
    const timer = setTimeout(() => child.kill('SIGKILL'), ms);
    const isDone = await ended;
    clearTimeout(timer);
    return isDone;
  }

  it.each([
    ['compress', ['--bits', '5']],
    ['decode', []],
    ['cluster', ['--bits', '5']],
  ] as const)('%s leaves no output or the whole output', async (command, settings) => {
    const input = command === 'decode' ? container() : LENET;
    const whole = join(makeFolder(), 'whole');
    const start = performance.now();
    expect(fxq(command, input, '-o', whole, ...settings).code).toBe(0);
    const span = performance.now() - start;
    let killed = 0;
    for (let i = 0; i < 8; i++) {
      const folder = makeFolder();
      const out = join(folder, 'out');
      const hadOld = i % 2 === 1;
      if (hadOld) writeFileSync(out, 'old');
      const isDone = await kill([command, input, '-o', out, ...settings], (span * (i + random.below(1000) / 1000)) / 8);
      if (!isDone) killed++;
      const bytes = existsSync(out) ? readFileSync(out) : undefined;
      const isWhole = bytes?.equals(readFileSync(whole)) ?? false;
      const isAsBefore = hadOld ? bytes?.toString() === 'old' : bytes === undefined;
      expect(isWhole || (!isDone && isAsBefore)).toBe(true);
    }
    expect(killed).toBeGreaterThan(2);
  });
});

describe('several files', () => {
  it('are put in place together, or those from before come back', () => {
    const folder = makeFolder();
    const [main, data, other] = ['model.onnx', 'a.bin', 'b.bin'].map((name) => join(folder, name));
    for (const path of [main, data]) writeFileSync(path, `old ${path}`);
    const before = filesIn(folder);
    const output = startOutput(planOutput(main, { external: ['a.bin', 'b.bin'], mayReplace: () => true }));
    for (const file of [0, 1, 2]) output.write(file, new TextEncoder().encode('new'));
    // In the way of the last one to be renamed before the main file.
    mkdirSync(other);
    writeFileSync(join(other, 'x'), '');
    expect(() => output.commit()).toThrow(/b\.bin: expected a file name, got a folder/);
    rmSync(other, { recursive: true });
    expect(filesIn(folder)).toEqual(before);

    const again = startOutput(planOutput(main, { external: ['a.bin', 'b.bin'], mayReplace: () => true }));
    for (const file of [0, 1, 2]) again.write(file, new TextEncoder().encode('new'));
    again.commit();
    expect(Object.values(filesIn(folder)).map(String)).toEqual(['new', 'new', 'new']);
  });

  it('of a model decode over those of another', () => {
    const [from, to] = [makeFolder(), makeFolder()];
    const path = putModel(from, 'external: several files');
    expect(fxq('encode', path, '-o', join(to, 'm.fxq'), '-q').code).toBe(0);
    const out = join(to, 'model.onnx');
    writeFileSync(join(to, 'a.bin'), 'old');
    writeFileSync(out, 'old');
    const refused = fxq('decode', join(to, 'm.fxq'), '-o', out, '-q');
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringMatching(/a\.bin: exists already.* --force \(IO\)\n$/),
    ]);
    expect(String(filesIn(to)['a.bin'])).toBe('old');
    expect(fxq('decode', join(to, 'm.fxq'), '-o', out, '-q', '--force')).toEqual({ code: 0, stdout: '', stderr: '' });
    rmSync(join(to, 'm.fxq'));
    expect(filesIn(to)).toEqual(filesIn(from));
    expect(statSync(out).size).toBe(statSync(path).size);
  });
});
