import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readWeights } from '../../src/model/weights.js';
import { openOnnx } from '../../src/onnx/open.js';
import { filesIn, fxq, LENET, makeFolder } from './support.js';

const NAMES = ['fc1.weight', 'fc2.weight', 'fc3.weight'];

/** How many values each layer of a file has. */
function values(path: string): number[] {
  const { tensors } = openOnnx(readFileSync(path));
  return NAMES.map((name) => {
    const tensor = tensors.find((each) => each.name === name);
    if (!tensor) throw new Error(`${path}: no tensor ${name}`);
    return new Set(readWeights(tensor)).size;
  });
}

function quantized(...flags: string[]): { out: string; code: number | null; stdout: string; stderr: string } {
  const out = join(makeFolder(), 'out.onnx');
  return { out, ...fxq('quantize', LENET, '-o', out, ...flags) };
}

describe('quantize', () => {
  it('rounds each layer to a format, and writes an ONNX file that says so', () => {
    const before = readFileSync(LENET);
    const { out, code, stdout, stderr } = quantized('--weights', 'int3', '--json');
    expect([code, stderr]).toEqual([0, 'warning: accuracy was not measured\n']);
    expect(JSON.parse(stdout)).toMatchObject({ input: LENET, output: out });
    // The two ends of a layer need not both occur.
    for (const count of values(out)) expect([6, 7]).toContain(count);
    expect(readFileSync(LENET)).toEqual(before);
    const { tensors } = JSON.parse(fxq('inspect', out, '--json').stdout);
    const formats = tensors.filter((each: { format?: object }) => each.format !== undefined);
    expect(formats.map(({ name }: { name: string }) => name)).toEqual(NAMES);
    expect(formats[0].format).toMatchObject({ weights: 'int3', by: 'layer', bits: 3 });
  });

  it('has formats of their own for ends, layers and what is left out, spelled either way', () => {
    const ends = quantized('--weights', 'ternary', '--first', 'FIXED8_6', '--last', 'float32', '-q');
    expect([ends.code, ends.stdout, ends.stderr]).toEqual([0, '', '']);
    const [first, middle, last] = values(ends.out);
    expect(first).toBeLessThanOrEqual(256);
    expect(middle).toBe(3);
    expect(last).toBeGreaterThan(900);
    const folder = makeFolder();
    const config = join(folder, 'fxq.yaml');
    writeFileSync(config, 'quantize: { weights: int2 }\nlayers:\n  - match: fc2*\n    quantize: { weights: SIGN }\n');
    const { out, code } = quantized('--config', config, '--exclude', 'fc1*', '-q');
    expect(code).toBe(0);
    expect(values(out).slice(1)).toEqual([2, 3]);
  });

  it('gives layers widths of their own, and a config file that makes the same bytes again', () => {
    const { out, code } = quantized('--weights', 'int4', '--equivalent-bits', '3.5', '-q');
    expect(code).toBe(0);
    const config = `${out}.yaml`;
    expect(readFileSync(config, 'utf8')).toMatch(/- match: fc3\.weight\n +quantize:\n +weights: int\d\n/);
    const again = quantized('--config', config, '-q');
    expect(again.code).toBe(0);
    expect(values(again.out)).toEqual(values(out));
    const bits = values(out).map((count) => Math.ceil(Math.log2(count)));
    expect(bits[2]).toBeGreaterThan(bits[0]);
  });

  it('rounds by chance as seeds say', () => {
    const by = (seed: string) =>
      readFileSync(
        quantized('--weights', 'int4', '--exclude', 'fc1*', '--rounding', 'stochastic', '--seed', seed, '-q').out,
      );
    const [one, same, other] = ['1', '1', '2'].map(by);
    expect(one.equals(same)).toBe(true);
    expect(one.equals(other)).toBe(false);
  });

  it.each([
    [['--weights', 'int99'], /number format/],
    [[], /weights/],
    [['--weights', 'int4', '--range', 'nnabla'], /range of int4/],
    [['--weights', 'int4', '--bits', '4'], /unknown option '--bits'|--bits/],
    [['--weights', 'int4', '--min-bits', '3'], /--min-bits needs a goal/],
    [['--weights', 'int4', '--max-loss', '1'], /--max-loss needs/],
    [['--weights', 'int4', '--range', 'output'], /data/],
    [['--weights', 'binary', '--equivalent-bits', '3'], /several widths/],
  ])('refuses %j', (flags, problem) => {
    const { out, code, stdout, stderr } = quantized(...flags);
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringMatching(problem)]);
    expect(existsSync(out)).toBe(false);
  });

  it('never writes to its input, and leaves nothing behind where the input is none', () => {
    expect(fxq('quantize', LENET, '-o', LENET, '--weights', 'int4').code).toBe(1);
    const folder = makeFolder();
    writeFileSync(join(folder, 'bad.onnx'), 'no model');
    const { code } = fxq('quantize', join(folder, 'bad.onnx'), '-o', join(folder, 'out.onnx'), '--weights', 'int4');
    expect(code).toBe(1);
    expect(Object.keys(filesIn(folder))).toEqual(['bad.onnx']);
  });
});
