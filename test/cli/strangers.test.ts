import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../../src/cli/program.js';
import { DATA_TYPE, modelProto, node, rawData, tensorProto, valueInfo } from '../support/onnx-builder.js';
import { MNIST, makeFolder } from './support.js';

/** Would clear the screen, set the title, recolour what follows, begin a line of its own and turn text around. */
const EVIL = 'w\u001b[2J\u001b]0;title\u0007\u009b31m\nerror: no error\r\u202eknil';

/** Y = f(X · W), every name a stranger's. */
function hostileModel({
  values = Float32Array.of(1, 2, 3, 4, 5, 6),
  operator = 'Relu',
  dtype = 'float32' as const,
} = {}) {
  const bytes = new Uint8Array(values.buffer);
  const width = values.length / 2;
  return modelProto({
    graph: {
      nodes: [node('MatMul', ['X', EVIL], ['h'], [], { name: EVIL }), node(operator, ['h'], ['Y'], [], { name: EVIL })],
      initializers: [
        tensorProto({ name: EVIL, dataType: DATA_TYPE[dtype], dims: [2, width], content: rawData(bytes) }),
      ],
      inputs: [valueInfo('X', 'float32', ['N', 2])],
      outputs: [valueInfo('Y', 'float32', ['N', width])],
    },
  });
}

async function shown(...args: string[]) {
  const written = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof written, isTTY: boolean) => ({
    isTTY,
    write(text: string) {
      written[name] += text;
    },
  });
  const code = await run(args, { stdout: stream('stdout', true), stderr: stream('stderr', true) });
  // The program's own way of drawing its progress over itself.
  return { code, stdout: written.stdout, stderr: written.stderr.replaceAll('\r\u001b[K', '') };
}

function folderWith(model: Uint8Array) {
  const folder = makeFolder();
  const path = join(folder, 'm.onnx');
  writeFileSync(path, model);
  return { path, in: (name: string) => join(folder, name) };
}

const OBEYED = /(?!\n)[\p{Cc}\u202a-\u202e]/u;

describe('names that a terminal would obey', () => {
  it('are shown as names, in tables, notes, errors and progress', async () => {
    const files = folderWith(hostileModel());
    const out = files.in('m.fxq');
    const again = files.in('n.onnx');
    const commands = [
      ['compress', files.path, '-o', out, '--bits', '1'],
      ['inspect', files.path, '--all'],
      ['inspect', out, '--all'],
      ['init', files.path, '-o', files.in('c.yaml')],
      ['cluster', files.path, '-o', again, '--bits', '1'],
      ['compress', files.path, '-o', out, '--no-synthetic', '--include', EVIL, '--exclude', EVIL],
      ['sensitivity', files.path, again, '--data', 'random', '--limit', '4'],
      ['compress', files.path, '-o', out, '--calibrate', 'random', '--calibrate-samples', '4', '--bits', '1'],
      ['inspect', EVIL],
    ];
    for (const args of commands) {
      const { stdout, stderr } = await shown(...args);
      expect(stdout + stderr, args[0]).not.toBe('');
      expect(stdout, args[0]).not.toMatch(OBEYED);
      expect(stderr, args[0]).not.toMatch(OBEYED);
      expect(stdout + stderr).not.toMatch(/^error: no error/m);
    }
  });

  it('are the same names in JSON, escaped', async () => {
    const files = folderWith(hostileModel());
    const { code, stdout } = await shown('inspect', files.path, '--json');
    expect(code).toBe(0);
    expect(stdout).not.toMatch(OBEYED);
    expect(JSON.parse(stdout).tensors[0].name).toBe(EVIL);
  });

  it('do not pass in the error about damaged bytes either', async () => {
    // Large enough for a section of its own, with a checksum of its own.
    const values = Float32Array.from({ length: 40_000 }, (_, i) => Math.sin(i * i));
    const files = folderWith(hostileModel({ values }));
    const out = files.in('m.fxq');
    await shown('compress', files.path, '-o', out, '--bits', '4');
    const bytes = readFileSync(out);
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(out, bytes);
    const { code, stderr } = await shown('decode', out, '-o', files.in('n.onnx'));
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^error: .*w�\[2J[\s\S]*\(CHECKSUM\)\n$/)]);
    expect(stderr).not.toMatch(OBEYED);
    const json = await shown('decode', out, '-o', files.in('n.onnx'), '--json');
    expect(JSON.parse(json.stderr).error).toMatchObject({ code: 'CHECKSUM', tensor: EVIL });
    expect(json.stderr).not.toMatch(OBEYED);
  });
});

describe('an error says what kind it is', () => {
  it('weights that are not finite are no damaged file', async () => {
    const files = folderWith(hostileModel({ values: Float32Array.of(1, 2, Number.NaN, 4, 5, 6) }));
    for (const [command, ...options] of [['cluster'], ['prune', '--density', '.5'], ['compress']]) {
      const { code, stderr } = await shown(command, files.path, '-o', files.in('out'), ...options);
      expect([code, stderr], command).toEqual([
        1,
        expect.stringMatching(/expected finite\s+weights[\s\S]*\(WEIGHTS\)\n$/),
      ]);
    }
  });

  it('an operator without a gradient rule is no wrong usage', async () => {
    const files = folderWith(hostileModel({ operator: 'Sin' }));
    const { code, stderr } = await shown(
      'tune',
      files.path,
      '-o',
      files.in('t.onnx'),
      '--data',
      MNIST,
      '--limit',
      '64',
    );
    expect(stderr).toMatch(/\((UNSUPPORTED|DATASET)\)\n$/);
    expect(code).toBe(1);
  });

  it('an option that is wrong still is', async () => {
    const files = folderWith(hostileModel());
    const { code, stderr } = await shown('compress', files.path, '-o', files.in('out'), '--include', 'op:');
    expect([code, stderr]).toEqual([2, expect.stringMatching(/\(CONFIG\)\n$/)]);
  });
});
