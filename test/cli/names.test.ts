import { spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../../src/cli/program.js';
import { encode } from '../support/container.js';
import { externalChain, MATRIX_BYTES } from '../support/external.js';
import { bytesOf } from '../support/protobuf.js';
import { Random } from '../support/random.js';
import { BIN, filesIn, makeFolder } from './support.js';

const data = bytesOf(new Random(9).floats(MATRIX_BYTES / 4));

/** A container whose external data has this name. */
const containerOf = (location: string, content = data) =>
  encode(externalChain([{ location }]), { [location]: content });

async function fxq(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const text = { stdout: '', stderr: '' };
  const streams = {
    stdout: { write: (more: string) => (text.stdout += more) },
    stderr: { write: (more: string) => (text.stderr += more) },
  };
  return { code: await run(args, streams), ...text };
}

async function put(folder: string, location: string): Promise<string> {
  const path = join(folder, 'in.fxq');
  writeFileSync(path, await containerOf(location));
  return path;
}

describe('decode', () => {
  it.each(['package.json', 'src/index.ts', 'Makefile', 'a/b/c.bin', 'in.fxq.bak', 'ü 名.bin'])(
    'does not replace %s, unless told to; names it',
    async (location) => {
      const folder = makeFolder();
      const input = await put(folder, location);
      const out = join(folder, 'm.onnx');
      const there = join(folder, location);
      mkdirSync(dirname(there), { recursive: true });
      for (const mine of ['mine', 'm'.repeat(data.length)]) {
        writeFileSync(there, mine);
        const before = filesIn(folder);
        const { code, stderr } = await fxq('decode', input, '-o', out);
        expect([code, stderr]).toEqual([1, expect.stringContaining(`${there}: exists already`)]);
        expect(filesIn(folder)).toEqual(before);
      }
      const forced = await fxq('decode', input, '-o', out, '--force');
      expect([forced.code, forced.stdout]).toEqual([0, expect.stringContaining(`wrote ${there}`)]);
      expect(readFileSync(there).equals(data)).toBe(true);
      // What an earlier run has written may be written again.
      const again = await fxq('decode', input, '-o', out, '--json');
      expect([again.code, JSON.parse(again.stdout).files]).toEqual([0, [out, there]]);
      writeFileSync(input, await containerOf(location, bytesOf(new Random(1).floats(MATRIX_BYTES / 4))));
      expect((await fxq('decode', input, '-o', out)).stderr).toContain('exists already');
      expect(readFileSync(there).equals(data)).toBe(true);
    },
  );

  it.each([
    '.npmrc',
    '.git/hooks/pre-commit',
    'a/.env',
    '.vscode/tasks.json',
    'node_modules/x/index.js',
    'a/node_modules/y',
    '...',
  ])('writes no %s, told to or not', async (location) => {
    const folder = makeFolder();
    const input = await put(folder, location);
    const before = readdirSync(folder, { recursive: true });
    for (const force of [[], ['--force']]) {
      const { code, stderr } = await fxq('decode', input, '-o', join(folder, 'm.onnx'), ...force);
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(/not written to; give the data another name \(IO\)\n$/),
      ]);
    }
    expect(readdirSync(folder, { recursive: true })).toEqual(before);
  });

  const links: [string, string, (folder: string, outside: string) => void][] = [
    ['a folder that is a link', 'a/w.bin', (folder, outside) => symlinkSync(outside, join(folder, 'a'))],
    ['a folder below it', 'a/b/w.bin', (folder, outside) => symlinkSync(outside, join(folder, 'a'))],
    ['a relative link', 'a/w.bin', (folder) => symlinkSync('..', join(folder, 'a'))],
    ['a link to a file', 'w.bin', (folder, outside) => symlinkSync(join(outside, 'there'), join(folder, 'w.bin'))],
    [
      'a link in a folder',
      'a/w.bin',
      (folder, outside) => {
        mkdirSync(join(folder, 'a'));
        symlinkSync(join(outside, 'there'), join(folder, 'a/w.bin'));
      },
    ],
    [
      'a link to a link',
      'a/w.bin',
      (folder, outside) => {
        symlinkSync(outside, join(folder, 'b'));
        symlinkSync('b', join(folder, 'a'));
      },
    ],
  ];
  it.each(links)('goes through no link that leaves the folder: %s', async (_, location, link) => {
    const [folder, outside] = [makeFolder(), makeFolder()];
    const input = await put(folder, location);
    writeFileSync(join(outside, 'there'), 'mine');
    link(folder, outside);
    for (const force of [[], ['--force']]) {
      const { code, stderr } = await fxq('decode', input, '-o', join(folder, 'm.onnx'), ...force);
      expect([code, stderr]).toEqual([1, expect.stringContaining('outside of the folder')]);
    }
    expect(filesIn(outside)).toEqual({ there: Buffer.from('mine') });
    expect(existsSync(join(folder, 'm.onnx'))).toBe(false);
  });

  it('takes a link that leads nowhere for a file that is there', async () => {
    const folder = makeFolder();
    const input = await put(folder, 'w.bin');
    symlinkSync('gone', join(folder, 'w.bin'));
    expect((await fxq('decode', input, '-o', join(folder, 'm.onnx'))).stderr).toContain('exists already');
    expect(lstatSync(join(folder, 'w.bin')).isSymbolicLink()).toBe(true);
  });

  it.each(['a/w.bin', 'a/b/c/w.bin', 'b/w.bin', `a/${'n'.repeat(300)}/w`, 'n'.repeat(300)])(
    'that fails leaves no folder: %s',
    async (location) => {
      const folder = makeFolder();
      const input = await put(folder, location);
      const bytes = readFileSync(input);
      bytes[bytes.length - 1] ^= 1;
      writeFileSync(input, bytes);
      const { code, stderr } = await fxq('decode', input, '-o', join(folder, 'm.onnx'));
      expect([code, stderr]).toEqual([1, expect.stringMatching(/\((CHECKSUM|IO)\)\n$/)]);
      expect(stderr).not.toMatch(/\n {4}at /);
      expect(readdirSync(folder)).toEqual(['in.fxq']);
    },
  );
});

describe('a command that writes a model with external data', () => {
  it.each([
    ['prune', '--density', '.5'],
    ['cluster', '--bits', '3'],
  ])('%s replaces nothing but the data of the model that it replaces', async (...command) => {
    const [folder, to] = [makeFolder(), makeFolder()];
    const path = join(folder, 'm.onnx');
    writeFileSync(path, externalChain([{ location: 'sub/w.bin' }]));
    mkdirSync(join(folder, 'sub'));
    writeFileSync(join(folder, 'sub/w.bin'), data);
    mkdirSync(join(to, 'sub'));
    writeFileSync(join(to, 'sub/w.bin'), 'mine');
    const out = join(to, 'o.onnx');
    const [name, ...flags] = command;
    const refused = await fxq(name, path, '-o', out, ...flags);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('exists already')]);
    expect(Object.keys(filesIn(to))).toEqual(['sub/w.bin']);
    expect((await fxq(name, path, '-o', out, ...flags, '--force')).code).toBe(0);
    const again = await fxq(name, path, '-o', out, ...flags);
    expect([again.code, again.stdout]).toEqual([0, expect.stringContaining(`wrote ${join(to, 'sub/w.bin')}`)]);
    expect((await fxq(name, path, '-o', join(to, 'other.onnx'), ...flags)).code).toBe(1);
  });
});

describe('what is no file', () => {
  it.each(['w.bin', 'a/w.bin', 'linked', 'zero', 'null'])(
    'is refused as external data before it is opened: %s',
    async (location) => {
      const folder = makeFolder();
      writeFileSync(join(folder, 'm.onnx'), externalChain([{ location }]));
      mkdirSync(dirname(join(folder, location)), { recursive: true });
      if (location === 'zero' || location === 'null') {
        if (spawnSync('mknod', [join(folder, location), 'c', '1', location === 'zero' ? '5' : '3']).status !== 0)
          return;
      } else if (location === 'linked') {
        spawnSync('mkfifo', [join(folder, 'pipe')]);
        symlinkSync('pipe', join(folder, location));
      } else spawnSync('mkfifo', [join(folder, location)]);
      const { code, stderr } = await fxq('encode', join(folder, 'm.onnx'), '-o', join(folder, 'm.fxq'));
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(/expected a file, got (a pipe|something that is no regular file) \(EXTERNAL_DATA\)\n$/),
      ]);
    },
  );

  it.each(['encode', 'inspect', 'decode', 'compress', 'init'])('is refused as an input of %s', async (command) => {
    const folder = makeFolder();
    spawnSync('mkfifo', [join(folder, 'pipe')]);
    for (const path of [join(folder, 'pipe'), '/dev/zero', '/dev/null', folder]) {
      const output = command === 'inspect' ? [] : ['-o', join(folder, 'o')];
      const { code, stderr } = await fxq(command, path, ...output);
      expect([code, stderr]).toEqual([1, expect.stringMatching(/expected a file(, got| or a folder)/)]);
    }
  });
});

describe('a name', () => {
  const input = () => {
    const path = join(makeFolder(), 'm.onnx');
    writeFileSync(join(dirname(path), 'w'), data);
    writeFileSync(path, externalChain([{ location: 'w' }]));
    return path;
  };

  it.each([
    ['', 2, '-o: expected the name of a file, got nothing'],
    ['m.onnx/x', 1, '"@m.onnx" is no folder, but a file; choose another name with -o'],
    ['n'.repeat(300), 1, 'longer than the disk takes'],
    [`${'n'.repeat(300)}/x`, 1, ''],
  ])('%j is told what is wrong with it', async (name, code, message) => {
    const path = input();
    const folder = dirname(path);
    const output = name === '' ? name : `${folder}/${name}`;
    for (const command of ['encode', 'cluster']) {
      const result = await fxq(command, path, '-o', output);
      expect([result.code, result.stderr]).toEqual([code, expect.stringContaining(message.replace('@', `${folder}/`))]);
      expect(result.stderr).not.toMatch(/\n {4}at |fault of fxq-compress/);
    }
    expect(readdirSync(folder).sort()).toEqual(['m.onnx', 'w']);
  });

  it.each([200, 235, 250, 254, 255])('of %i characters is one like any other', async (length) => {
    const path = input();
    const output = join(dirname(path), 'n'.repeat(length));
    expect((await fxq('encode', path, '-o', output)).code).toBe(0);
    expect(readdirSync(dirname(path)).sort()).toEqual(['m.onnx', 'n'.repeat(length), 'w']);
    rmSync(output);
  });

  it('of 300 characters is told of an input, too', async () => {
    const { code, stderr } = await fxq('inspect', 'n'.repeat(300));
    expect(code).toBe(1);
    expect(stderr).toMatch(/cannot be read|no such file/);
  });
});

describe('a full stdout', () => {
  it.each([[['inspect']], [['inspect', '--json']], [['inspect', '--all']], [['--help']], [['encode', '-o', '@x']]])(
    '%j: an error in a line',
    (command) => {
      const folder = makeFolder();
      writeFileSync(join(folder, 'w'), data);
      writeFileSync(join(folder, 'm.onnx'), externalChain([{ location: 'w' }]));
      const file = command[0] === '--help' ? [] : [join(folder, 'm.onnx')];
      const args = [BIN, ...command.map((word) => word.replace('@', `${folder}/`)), ...file];
      const { status, stderr } = spawnSync('bash', ['-c', 'exec "$@" > /dev/full', 'sh', process.execPath, ...args], {
        encoding: 'utf8',
      });
      expect(status).toBe(1);
      expect(stderr).toContain('stdout: no space is left where it goes; what was printed is not whole');
      expect(stderr).not.toMatch(/\n {4}at /);
      if (command.includes('--json')) expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'IO' } });
    },
  );
});
