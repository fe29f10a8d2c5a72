import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BIN, filesIn, fxq, fxqIn, LENET, makeFolder, putModel } from './support.js';

/** A folder with a model in it, one below, and what is none. */
function setUp(): { folder: string; path: (name: string) => string } {
  const folder = makeFolder();
  putModel(folder, 'raw_data/float32', 'a.onnx');
  mkdirSync(join(folder, 'below/.hidden'), { recursive: true });
  putModel(join(folder, 'below'), 'raw_data/float32', 'b.ONNX');
  putModel(join(folder, 'below/.hidden'), 'raw_data/float32', 'c.onnx');
  writeFileSync(join(folder, 'notes.txt'), '');
  return { folder, path: (name) => join(folder, name) };
}

const namesIn = (folder: string) => Object.keys(filesIn(folder)).filter((name) => name.endsWith('.fxq'));

describe('where containers go', () => {
  it('is beside the model without a command and an output; what is there stays unless it is named', () => {
    const { folder } = setUp();
    const { code, stdout } = fxqIn(folder, 'a.onnx');
    expect([code, stdout.split('\n')[0]]).toEqual([0, expect.stringMatching(/^a\.onnx \(.*\) → a\.fxq \(/)]);
    expect(namesIn(folder)).toEqual(['a.fxq']);
    const again = fxq(join(folder, 'a.onnx'));
    expect([again.code, again.stdout]).toEqual([1, '']);
    expect(again.stderr).toContain('a.fxq: exists already; replace it with --force, or name another file with -o (IO)');
    expect(fxq(join(folder, 'a.onnx'), '--force', '-q').code).toBe(0);
    expect(fxq(join(folder, 'a.onnx'), '-o', join(folder, 'a.fxq'), '-q').code).toBe(0);
  });

  it('is a folder, as deep as the models lie in one that is named', () => {
    const { folder, path } = setUp();
    const { code, stdout } = fxq('encode', folder, '-o', path('out/'), '--json');
    expect(code).toBe(0);
    expect(namesIn(folder)).toEqual(['out/a.fxq', 'out/below/b.fxq']);
    const { models, inputBytes, outputBytes, ratio } = JSON.parse(stdout);
    expect(models.map(({ output }: { output: string }) => output)).toEqual([
      path('out/a.fxq'),
      path('out/below/b.fxq'),
    ]);
    expect(models[0]).toMatchObject({
      input: path('a.onnx'),
      answers: { isMeasured: true },
      stages: expect.any(Array),
    });
    expect(ratio).toBe(inputBytes / outputBytes);
  });

  it('is told for globs that no shell has expanded, and for all models together', () => {
    const { folder } = setUp();
    const { code, stdout } = fxq('encode', join(folder, '**/?.[oO]*').replace('[oO]', '*'));
    expect(code).toBe(0);
    expect(namesIn(folder)).toEqual(['a.fxq', 'below/b.fxq']);
    expect(stdout).toMatch(/^2 models \(.*\) → together \(.*\)/m);
    expect(stdout.match(/^time: /gm)).toHaveLength(2);
    expect(stdout.match(/^next:$/gm)).toHaveLength(1);
  });

  it('is told of all but those that fail, each of which is told once; warnings name theirs', () => {
    const { folder, path } = setUp();
    writeFileSync(path('b.onnx'), '{"error": 404}');
    copyFileSync(path('a.onnx'), path('c.onnx'));
    const flags = ['--density', '0', '--no-cluster'];
    // Whatever the order.
    for (const [i, names] of [
      ['a', 'b', 'c'],
      ['b', 'gone', 'a', 'c'],
    ].entries()) {
      const out = `${i}/`;
      const { code, stdout, stderr } = fxqIn(folder, ...names.map((name) => `${name}.onnx`), ...flags, '-o', out);
      expect([code, stdout.split('\n')[0]]).toEqual([1, expect.stringMatching(/^a\.onnx \(.*\) → .\/a\.fxq \(/)]);
      expect(stdout).toMatch(new RegExp(`^2 of ${names.length} models \\(.*\\) → together`, 'm'));
      expect(stderr).toMatch(/^warning: a\.onnx: /m);
      expect(stderr.match(/b\.onnx: .* got JSON/g)).toHaveLength(1);
      expect(stderr).toMatch(/\nerror: (1 of 3 models failed: b\.onnx|2 of 4 models failed: b\.onnx, gone\.onnx)\n/);
      expect(namesIn(path(`${i}`))).toEqual(['a.fxq', 'c.fxq']);
    }
  });

  it('has those that fail in its JSON, and on stderr what went wrong', () => {
    const { folder, path } = setUp();
    writeFileSync(path('b.onnx'), '');
    const { code, stdout, stderr } = fxqIn(folder, 'encode', 'b.onnx', 'a.onnx', '--json');
    const { models, failed } = JSON.parse(stdout);
    expect([code, models.length, failed]).toEqual([1, 1, [expect.objectContaining({ input: 'b.onnx' })]]);
    const { code: name, message } = JSON.parse(stderr).error;
    expect({ code: name, message }).toEqual({ code: failed[0].code, message: failed[0].message });
    // What all have in common is told once, and what is wrong with the command ends it.
    const missing = fxqIn(folder, 'a.onnx', 'below/b.ONNX', '--calibrate', 'none.npz', '-o', 'out/');
    expect([missing.code, missing.stderr.match(/none\.npz: /g)]).toEqual([1, ['none.npz: ']]);
    const wrong = fxqIn(folder, 'a.onnx', 'below/b.ONNX', '--lambda', '1', '-o', 'out/');
    expect([wrong.code, wrong.stderr]).toEqual([2, 'error: --lambda needs --calibrate with inputs to look at\n']);
  });

  it.each<[string, string[], number, RegExp]>([
    [
      'two models and one file',
      ['a.onnx', 'below/b.ONNX', '-o', 'x.fxq'],
      2,
      /2 models need a folder .*; write -o x\.fxq\//,
    ],
    [
      'two of the same name',
      ['a.onnx', 'copy/a.onnx', '-o', 'out/'],
      2,
      /a\.onnx and copy.a\.onnx would both go there/,
    ],
    ['a glob for nothing', ['z*.onnx'], 1, /z\*\.onnx: no file has such a name/],
    ['a folder without models', ['below/.hidden/..none'], 1, /no such file/],
    ['a word that is no command', ['help', 'nonsense'], 2, /^error: unknown command 'nonsense'/],
  ])('is refused for %s, before any work', (_, args, code, message) => {
    const { folder, path } = setUp();
    mkdirSync(path('copy'));
    copyFileSync(path('a.onnx'), path('copy/a.onnx'));
    const finished = fxqIn(folder, ...args);
    expect([finished.code, finished.stdout, finished.stderr]).toEqual([code, '', expect.stringMatching(message)]);
    expect(namesIn(folder)).toEqual([]);
  });
});

describe('-', () => {
  const piped = (input: Uint8Array, ...args: string[]) =>
    spawnSync(process.execPath, [BIN, ...args], { input, maxBuffer: 1 << 24 });

  it('is stdin and stdout, for bytes that are the same as those of files', () => {
    const { path } = setUp();
    expect(fxq('encode', LENET, '-o', path('x.fxq'), '-q').code).toBe(0);
    const packed = piped(readFileSync(LENET), 'encode', '-');
    expect(packed.status).toBe(0);
    expect(packed.stdout.equals(readFileSync(path('x.fxq')))).toBe(true);
    expect(packed.stderr.toString()).toMatch(
      /^stdin \(1\.07 MB\) → stdout \(.*\n.*answers: the same, no weight has changed\n/s,
    );
    const rebuilt = piped(packed.stdout, 'decode', '-', '-o', '-');
    expect([rebuilt.status, rebuilt.stdout.equals(readFileSync(LENET))]).toEqual([0, true]);
  });

  it('says nothing when its reader has had enough', () => {
    const { folder } = setUp();
    expect(fxqIn(folder, 'encode', LENET, '-o', 'x.fxq', '-q').code).toBe(0);
    const command = `"${process.execPath}" "${BIN}" decode x.fxq -o - -q | head -c 4 | wc -c`;
    const { stdout, stderr } = spawnSync('sh', ['-c', command], { cwd: folder, encoding: 'utf8' });
    expect([stdout.trim(), stderr]).toEqual(['4', '']);
  });

  it('is refused beside JSON, which goes to stdout, too', () => {
    const { code, stdout, stderr } = fxq('encode', LENET, '-o', '-', '--json');
    expect([code, stdout]).toEqual([2, '']);
    expect(JSON.parse(stderr).error.message).toContain('-o - and --json both write to stdout');
  });
});

describe('--dry-run', () => {
  it('does everything but write', () => {
    const { folder, path } = setUp();
    const { code, stdout } = fxq('encode', LENET, '-o', path('new/'), '--dry-run', '--json');
    expect(code).toBe(0);
    const summary = JSON.parse(stdout);
    expect(summary).toMatchObject({ output: path('new/lenet-300-100.fxq'), dryRun: true, stages: expect.any(Array) });
    expect(summary.tensors.length).toBeGreaterThan(3);
    expect(fxq('encode', LENET, '-o', path('x.fxq'), '--dry-run').stdout).toContain('x.fxq (not written) (');
    expect(namesIn(folder)).toEqual([]);
    expect(fxq('encode', LENET, '-o', path('x.fxq'), '-q').code).toBe(0);
    expect(readFileSync(path('x.fxq'))).toHaveLength(summary.outputBytes);
  });
});

describe('an output', () => {
  it('lies in a folder that is made for it', () => {
    const { folder, path } = setUp();
    expect(fxq('encode', path('a.onnx'), '-o', path('new/deep/x.fxq'), '-q').code).toBe(0);
    expect(namesIn(folder)).toEqual(['new/deep/x.fxq']);
  });

  it('keeps its settings to itself in a dry run', () => {
    const { folder, path } = setUp();
    const flags = ['--weights', 'int8', '--equivalent-bits', '5', '--save-config', path('x.yaml'), '--dry-run', '-q'];
    const before = filesIn(folder);
    for (const output of ['-', path('x.fxq')]) expect(fxq('compress', LENET, '-o', output, ...flags).code).toBe(0);
    expect(filesIn(folder)).toEqual(before);
    expect(fxq('compress', LENET, '-o', path('x.fxq'), ...flags.filter((flag) => flag !== '--dry-run')).code).toBe(0);
    expect(existsSync(path('x.yaml'))).toBe(true);
  });

  it('has its table beside it, line by line, where it is a pipe', () => {
    const { stderr } = fxqIn(makeFolder(), 'encode', LENET, '-o', '-', '--table');
    expect(stderr).toMatch(/^fc1\.weight .*\n(?:.*\n)?fc2\.weight /m);
  });

  it('of another ending than its own is refused', () => {
    const { code, stderr } = fxq('encode', LENET, '-o', join(makeFolder(), 'x.txt'));
    expect([code, stderr]).toEqual([2, expect.stringMatching(/a \.fxq container is written; write -o .*x\.fxq/)]);
  });
});

describe('complete', () => {
  it('offers commands, options, their values and files, and prints what a shell needs for that', () => {
    const { folder } = setUp();
    const offered = (...words: string[]) =>
      fxqIn(folder, 'complete', '--', ...words)
        .stdout.split('\n')
        .map((line) => line.split('\t')[0]);
    expect(offered('qu')).toContain('quantize');
    expect(offered('a')).toContain('a.onnx');
    expect(offered('compress', '--max-')).toEqual(expect.arrayContaining(['--max-loss', '--max-error']));
    expect(offered('cluster', '--init', 'k')).toContain('kmeans++');
    expect(offered('compress', 'be')).toEqual(expect.arrayContaining(['below/', 'below/b.ONNX']));
    expect(offered('compress', '--config', 'no')).toContain('notes.txt');
    writeFileSync(join(folder, 'complete.bash'), fxqIn(folder, 'complete', 'bash').stdout);
    const twice = '. ./complete.bash; . ./complete.bash; complete -p fxq-compress';
    const { stdout, stderr } = spawnSync('bash', ['-c', twice], { cwd: folder, encoding: 'utf8' });
    expect([stdout, stderr]).toEqual([expect.stringContaining('complete -F'), '']);
    const { code, stderr: problem } = fxq('complete', 'csh');
    expect([code, problem]).toEqual([2, expect.stringContaining('expected the name of a shell, bash, zsh,')]);
  });
});
