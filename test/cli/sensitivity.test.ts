import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fxq, LENET, MNIST, makeFolder, stopped } from './support.js';

const FEW = ['--data', MNIST, '--limit', '200', '--threads', '1'];

/** LeNet-300-100 with two values a layer, as a container or decoded. */
function compressed(folder: string, ...flags: string[]): string {
  const out = join(folder, 'small.fxq');
  expect(fxq('compress', LENET, '-o', out, '--bits', '1', '-q', ...flags).code).toBe(0);
  return out;
}

describe('sensitivity', () => {
  it('prints the layers by their divergence, and the curve', () => {
    const folder = makeFolder();
    const { code, stdout, stderr } = fxq('sensitivity', LENET, compressed(folder), ...FEW);
    expect([code, stderr]).toEqual([0, '']);
    const names = [...stdout.matchAll(/^(fc\d\.weight) /gm)].map(([, name]) => name);
    expect(names).toHaveLength(6);
    expect(names.slice(3)).toEqual(names.slice(0, 3).reverse());
    expect(stdout).toMatch(/\n200 samples, output 'logits'\nthe original: top-1 [\d.]+%, top-5 [\d.]+%\n$/);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  it('gives JSON, alike for a container and the ONNX file it decodes to', () => {
    const folder = makeFolder();
    const small = compressed(folder, '--exclude', 'fc3.weight');
    const onnx = join(folder, 'small.onnx');
    expect(fxq('decode', small, '-o', onnx, '-q').code).toBe(0);
    const [fromContainer, fromOnnx] = [small, onnx].map((path) => {
      const { code, stdout, stderr } = fxq('sensitivity', LENET, path, ...FEW, '--json');
      expect([code, stderr]).toEqual([0, '']);
      const { files, ...rest } = JSON.parse(stdout);
      expect(files).toEqual({ original: LENET, compressed: path, data: MNIST });
      return rest;
    });
    expect(fromContainer).toEqual(fromOnnx);
    const { samples, layers, cumulative } = fromContainer;
    expect(samples).toBe(200);
    expect(layers.map(({ name }: { name: string }) => name).sort()).toEqual(['fc1.weight', 'fc2.weight']);
    expect(cumulative.map(({ layers: count }: { layers: number }) => count)).toEqual([1, 2]);
  });

  it('ranks what layers take in, alone or beside their weights', () => {
    const few = ['--data', MNIST, '--limit', '20', '--json'];
    const { code, stdout, stderr } = fxq('sensitivity', LENET, '--inputs', 'uint2', '--input-range', 'max', ...few);
    expect([code, stderr]).toEqual([0, '']);
    const { files, layers, inputs } = JSON.parse(stdout);
    expect(files).toEqual({ original: LENET, inputs: 'uint2', inputRange: 'max', data: MNIST });
    expect([layers.length, inputs.length]).toEqual([0, 3]);
    const both = fxq('sensitivity', LENET, '--inputs', 'uint2', '--weights', 'int2', ...few.slice(0, -1));
    expect(both.stdout).toMatch(/^taken in +by +numbers +format +SNR/m);
    expect(both.stdout.match(/ Gemm +\d+ +uint2 /g)).toHaveLength(3);
  });

  it('ranks layers by what rounding each to a number format does, as two files do', () => {
    const folder = makeFolder();
    const format = ['--weights', 'int2', '--by', 'channel'];
    const rounded = join(folder, 'int2.onnx');
    expect(fxq('quantize', LENET, '-o', rounded, ...format, '-q').code).toBe(0);
    const [named, files] = [format, [rounded]].map((which) => {
      const { code, stdout, stderr } = fxq('sensitivity', LENET, ...which, '--data', MNIST, '--limit', '20', '--json');
      expect([code, stderr]).toEqual([0, '']);
      return JSON.parse(stdout);
    });
    expect(named.files).toEqual({ original: LENET, weights: 'int2', by: 'channel', data: MNIST });
    expect(named.layers).toEqual(files.layers);
    expect(named.layers[0].format).toEqual({ weights: 'int2', by: 'channel', bits: 2 });
    const divergences = named.layers.map(({ divergence }: { divergence: number }) => divergence);
    expect(divergences).toEqual(divergences.toSorted((a: number, b: number) => b - a));
    expect(divergences).toHaveLength(3);
    for (const wrong of [
      [LENET, ...format],
      ['--by', 'channel'],
      ['--weights', 'int99'],
      ['--weights', 'int4', '--range', 'output'],
    ]) {
      expect(fxq('sensitivity', LENET, ...wrong, ...FEW)).toMatchObject({ code: 2, stdout: '' });
    }
  });

  it('stops when it is told to, with nothing printed', async () => {
    const small = compressed(makeFolder());
    const { code, stdout, stderr } = await stopped(
      ['sensitivity', LENET, small, '--data', 'random', '--limit', '10000000', '--threads', '1'],
      'inputs at random',
    );
    expect([code, stdout]).toEqual([130, '']);
    expect(stderr).toMatch(/\nerror: stopped by SIGINT; no file was changed \(ABORTED\)\n$/);
  });

  it('tells what is wrong with the files and options', () => {
    const folder = makeFolder();
    const small = compressed(folder);
    const other = fxq('sensitivity', LENET, LENET.replace('300-100', '5'), ...FEW);
    expect([other.code, other.stdout]).toEqual([1, '']);
    expect(other.stderr).toMatch(/^error: fc1\.weight: expected shape .* in the compressed model \(MISMATCH\)\n$/);
    const missing = fxq('sensitivity', LENET, join(folder, 'none.fxq'), ...FEW);
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('none.fxq')]);
    const output = fxq('sensitivity', LENET, small, ...FEW, '--output', 'none');
    expect([output.code, output.stderr]).toEqual([1, expect.stringMatching(/which are 'logits' \(DATASET\)/)]);
    expect(fxq('sensitivity', LENET, ...FEW).code).toBe(2);
  });
});
