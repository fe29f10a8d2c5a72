import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesIn, fxq, LENET, MNIST, makeFolder } from './support.js';

const HINT = '(--help lists the options)\n';

describe('wrong usage ends with 2', () => {
  const cases: [name: string, args: string[], stderr: string][] = [
    ['unknown command', ['shrink'], "error: unknown command 'shrink'\n(--help lists the commands)\n"],
    ['unknown option', ['inspect', LENET, '--fast'], `error: unknown option '--fast'\n${HINT}`],
    ['no file', ['inspect'], `error: missing required argument 'file'\n${HINT}`],
    [
      'too many files',
      ['inspect', 'a', 'b'],
      `error: too many arguments for 'inspect'. Expected 1 argument but got 2.\n${HINT}`,
    ],
    ['no output', ['decode', LENET], `error: required option '-o, --output <file>' not specified\n${HINT}`],
    [
      'no number',
      ['prune', LENET, '-o', 'x', '--density', 'half'],
      `error: option '--density <share>' argument 'half' is invalid. Expected a number.\n${HINT}`,
    ],
    [
      'out of range',
      ['prune', LENET, '-o', 'x', '--density', '2'],
      'error: prune: expected a density from 0 to 1, got 2\n',
    ],
    ['no target', ['prune', LENET, '-o', 'x'], 'error: prune: expected a density, a threshold or a quality\n'],
    [
      'a fraction of a bit',
      ['cluster', LENET, '-o', 'x', '--bits', '4.5'],
      'error: cluster: expected a whole number of bits from 1 to 10, got 4.5\n',
    ],
    [
      'two targets',
      ['compress', LENET, '-o', 'x', '--bits', '4', '--snr', '30'],
      `error: option '--bits <bits>' cannot be used with option '--snr <decibels>'\n${HINT}`,
    ],
    [
      'clusters without clustering',
      ['compress', LENET, '-o', 'x', '--no-cluster', '--bits', '4'],
      `error: option '--no-cluster' cannot be used with option '--bits <bits>'\n${HINT}`,
    ],
    [
      'an unknown choice',
      ['cluster', LENET, '-o', 'x', '--init', 'best'],
      `error: option '--init <method>' argument 'best' is invalid. Allowed choices are linear, density, random, kmeans++.\n${HINT}`,
    ],
    [
      'an empty selector',
      ['cluster', LENET, '-o', 'x', '--include', 'op:'],
      'error: selector "op:": expected a pattern, got nothing (CONFIG)\n',
    ],
    [
      'an option of other commands that has another name here',
      ['compress', LENET, '--calibrate', MNIST, '--limit', '5'],
      `error: unknown option '--limit'\n(with --calibrate, --calibrate-samples says how many inputs are looked at)\n${HINT}`,
    ],
    [
      'no samples',
      ['evaluate', LENET, '--data', MNIST, '--limit', '0'],
      `error: option '--limit <samples>' argument '0' is invalid. Expected a whole number of at least 1.\n${HINT}`,
    ],
  ];
  it.each(cases)('%s', (_, args, stderr) => {
    expect(fxq(...args)).toEqual({ code: 2, stdout: '', stderr });
  });

  it('no command prints the help to stderr', () => {
    const { code, stdout, stderr } = fxq();
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^Usage: fxq-compress /);
  });

  it('is told as JSON with --json', () => {
    const { code, stdout, stderr } = fxq('decode', LENET, '--json');
    expect([code, stdout]).toEqual([2, '']);
    const message = "required option '-o, --output <file>' not specified";
    expect(JSON.parse(stderr)).toEqual({ error: { code: 'USAGE', message } });
    const range = fxq('prune', LENET, '-o', 'x', '--density', '-1', '--json');
    expect(range.code).toBe(2);
    expect(JSON.parse(range.stderr).error).toMatchObject({ code: 'USAGE' });
  });
});

describe('work that fails ends with 1', () => {
  it.each(['inspect', 'encode', 'decode', 'prune'])('%s of a file that is missing', (command) => {
    const folder = makeFolder();
    const path = join(folder, 'missing.onnx');
    const rest = command === 'inspect' ? [] : ['-o', join(folder, 'out')];
    const target = command === 'prune' ? ['--density', '0.5'] : [];
    expect(fxq(command, path, ...rest, ...target)).toEqual({
      code: 1,
      stdout: '',
      stderr: `error: ${path}: no such file; check the path (IO)\n`,
    });
    expect(filesIn(folder)).toEqual({});
  });

  it('a folder as input', () => {
    const folder = makeFolder();
    expect(fxq('inspect', folder).stderr).toBe(`error: ${folder}: expected a file, got a folder (IO)\n`);
  });

  it('bytes that are no model, by the name of their file', () => {
    const folder = makeFolder();
    const path = join(folder, 'notes.onnx');
    writeFileSync(path, '');
    const { code, stderr } = fxq('encode', path, '-o', join(folder, 'x.fxq'));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: .*notes\.onnx: expected an ONNX file, got an empty file; .* \(ONNX_MALFORMED\)\n$/);
    expect(Object.keys(filesIn(folder))).toEqual(['notes.onnx']);
  });

  it('a container where a model is expected, and the other way round', () => {
    const folder = makeFolder();
    const container = join(folder, 'model.fxq');
    expect(fxq('encode', LENET, '-o', container, '-q').code).toBe(0);
    const again = fxq('encode', container, '-o', join(folder, 'x.fxq'));
    expect([again.code, again.stderr]).toEqual([
      1,
      `error: ${container}: expected an ONNX file, got a .fxq container; decode it first (ONNX_MALFORMED)\n`,
    ]);
    const wrong = fxq('decode', LENET, '-o', join(folder, 'x.onnx'));
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toMatch(/lenet-300-100\.onnx: not a \.fxq container/);
  });

  it('a damaged container, with the details in JSON', () => {
    const folder = makeFolder();
    const path = join(folder, 'model.fxq');
    expect(fxq('encode', LENET, '-o', path, '-q').code).toBe(0);
    const bytes = filesIn(folder)['model.fxq'];
    bytes[bytes.length - 5] ^= 4;
    writeFileSync(path, bytes);
    const { code, stdout, stderr } = fxq('decode', path, '-o', join(folder, 'x.onnx'), '--json');
    expect([code, stdout]).toEqual([1, '']);
    const { error } = JSON.parse(stderr);
    expect(error).toMatchObject({ code: 'CHECKSUM', file: path, tensor: 'fc3.weight' });
    expect(error.offset).toBeGreaterThan(0);
    expect(Object.keys(filesIn(folder))).toEqual(['model.fxq']);
  });

  it('data that is missing', () => {
    const { code, stderr } = fxq('evaluate', LENET, '--data', 'nowhere.npz');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: nowhere\.npz: .*\(DATASET\)\n$/);
  });
});

describe('help', () => {
  const commands =
    'compress decode inspect evaluate init sensitivity report footprint fold prune cluster quantize tune encode'.split(
      ' ',
    );

  it('lists the commands', () => {
    const { code, stdout, stderr } = fxq('--help');
    expect([code, stderr]).toEqual([0, '']);
    expect(
      stdout
        .split('Commands:')[1]
        .match(/^ {2}\w+/gm)
        ?.map((line) => line.trim()),
    ).toEqual([...commands, 'complete', 'help']);
    // One line each.
    expect(stdout).not.toMatch(/^ {3,}\S/m);
  });

  it.each(commands)('%s --help has an example that parses', (command) => {
    const { code, stdout } = fxq(command, '--help');
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^ {2}\\$ fxq-compress (${command} |model)\\S`, 'm'));
    expect(stdout).toContain('--json');
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  it('prints the version of the package', () => {
    expect(fxq('--version')).toEqual({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), stderr: '' });
  });
});
