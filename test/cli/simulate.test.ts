import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { edit } from '../../src/graph/edit/edit.js';
import { openOnnx } from '../../src/onnx/open.js';
import { fxq, LENET, MNIST, makeFolder, putImages } from './support.js';

const LENET_5 = LENET.replace('300-100', '5');
const DATA = ['--calibrate', MNIST, '--calibrate-samples', '32', '--rounding', 'nearest'];

describe('quantize --inputs', () => {
  it('writes fake quantisation with a table beside it, and tells all as JSON', () => {
    const folder = makeFolder();
    const [out, table] = [join(folder, 'fake.onnx'), join(folder, 'scales.cache')];
    const wanted = ['--inputs', 'uint8', '--weights', 'int8', '--value', 'relu*=e4m3', '--table', table];
    const { code, stdout, stderr } = fxq('quantize', LENET_5, '-o', out, ...DATA, ...wanted, '--json');
    expect([code, stderr.match(/warning: the (?:first|last) layer/g)?.length]).toEqual([0, 2]);
    const { form, weights, inputs } = JSON.parse(stdout);
    expect([form, weights.length]).toEqual(['fake', 2]);
    expect(weights[0]).toEqual({
      name: 'conv2.weight',
      format: 'int8',
      by: 'layer',
      sqnr: expect.any(Number),
      bits: 8,
    });
    const byName = Object.fromEntries(inputs.map((each: { name: string; format: string }) => [each.name, each.format]));
    expect(byName).toEqual({ pool1_out: 'int8', flatten_out: 'int8', relu1_out: 'e4m3' });
    expect(readFileSync(table, 'utf8')).toMatch(/^TRT-\d+-EntropyCalibration2\n(?:\S+: [0-9a-f]{8}\n){3}$/);
    const ops = edit(openOnnx(new Uint8Array(readFileSync(out)))).graph.nodes.map(({ opType }) => opType);
    expect(ops.filter((op) => op === 'Round').length).toBe(3);
  });

  it('finds widths of weights and inputs together, and writes them down for --config', () => {
    const folder = makeFolder();
    const [out, again] = [join(folder, 'mixed.onnx'), join(folder, 'again.onnx')];
    const data = ['--calibrate', putImages(384), '--calibrate-samples', '32', '--fast', '--threads', '1'];
    const wanted = ['--inputs', 'uint4', '--weights', 'int4', '--exclude', 'fc1*', ...data];
    const { code, stderr } = fxq('quantize', LENET, '-o', out, ...wanted, '--max-loss', '20');
    expect([code, stderr]).toEqual([0, expect.stringMatching(/ bits a weight, [\d.]+ an input of a layer, lost /)]);
    const config = readFileSync(`${out}.yaml`, 'utf8');
    expect(config).toContain('# quantize --inputs uint4 --config with this file and --calibrate rounds to the same');
    const { values } = parse(config);
    expect(Object.keys(values)).toHaveLength(1);
    const made = fxq('quantize', LENET, '-o', again, ...wanted, '--config', `${out}.yaml`, '--json');
    expect(made.code).toBe(0);
    const formats = JSON.parse(made.stdout).inputs.map(({ name, format }: Record<string, string>) => [name, format]);
    expect(formats).toEqual(Object.entries(values));
  });

  it('packs weights without data', () => {
    const out = join(makeFolder(), 'packed.onnx');
    expect(
      fxq('quantize', LENET_5, '-o', out, '--as', 'packed', '--weights', 'int8', '--by', 'channel', '-q').code,
    ).toBe(0);
    expect(readFileSync(out).length).toBeLessThan(0.3 * readFileSync(LENET_5).length);
  });

  it.each([
    [['--inputs', 'uint8'], '--inputs needs --calibrate'],
    [['--as', 'qdq'], '--as qdq needs --calibrate'],
    [['--weights', 'int8', '--sign', 'signed'], '--sign needs --inputs'],
    [['--inputs', 'uint8', '--as', 'values', ...DATA], 'with inputs, got values'],
    [['--inputs', 'e4m3', '--as', 'qdq', ...DATA], 'expected inputs in uint8 or uint16'],
    [['--value', 'relu1', ...DATA], 'such as relu1=uint8'],
    [['--inputs', 'uint8', '--table', 'x.txt', ...DATA], 'expected a name that ends in .json, .cache, .table'],
  ])('refuses %s as wrong usage', (flags, reason) => {
    const out = join(makeFolder(), 'out.onnx');
    const { code, stderr } = fxq('quantize', LENET_5, '-o', out, ...flags);
    expect([code, existsSync(out)]).toEqual([2, false]);
    expect(stderr).toContain(reason);
  });
});

describe('fold', () => {
  it('writes a model without anything to fold as it is', () => {
    const out = join(makeFolder(), 'folded.onnx');
    const { code, stderr } = fxq('fold', LENET_5, '-o', out);
    expect([code, stderr]).toEqual([0, expect.stringContaining('nothing to fold')]);
    expect(readFileSync(out).equals(readFileSync(LENET_5))).toBe(true);
  });
});
