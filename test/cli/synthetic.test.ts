import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decode } from '../../src/decode/index.js';
import { readRecords } from '../../src/onnx/metadata.js';
import { openOnnx } from '../../src/onnx/open.js';
import { modelOf, node } from '../calibrate/support.js';
import { Random } from '../support/random.js';
import { fxq, LENET, makeFolder, putModel } from './support.js';

describe('compress without options', () => {
  it('tells what it made and how near the answers are', async () => {
    const out = join(makeFolder(), 'model.fxq');
    const { code, stdout, stderr } = fxq('compress', LENET, '-o', out, '--json', '--threads', '1');
    expect(code).toBe(0);
    expect(stderr).toBe('');
    const { synthetic, answers, outputBytes, warnings } = JSON.parse(stdout);
    expect(warnings).toEqual([]);
    const text = expect.stringMatching(/^off by [\d.]+ % on pictures made for the model \([\d.]+ dB\)$/);
    expect(answers).toEqual({ isMeasured: true, text });
    expect(synthetic).toEqual({
      ...{
        kind: 'pictures',
        samples: 64,
        guessed: [],
        snr: expect.any(Number),
        isReached: true,
        lambda: expect.any(Number),
      },
      ...{ divergence: expect.any(Number), exact: [], skipped: [] },
    });
    expect(synthetic.snr).toBeGreaterThanOrEqual(33);
    expect(outputBytes).toBeLessThan(97_000);
    const model = openOnnx(await decode(new Uint8Array(readFileSync(out))));
    expect(readRecords(model).at(-1)?.text).toMatch(/calibrate lambda=.* fast=true/);
  });

  it('says what int8 weights would change where they take less', () => {
    const folder = makeFolder();
    const path = join(folder, 'wide.onnx');
    const random = new Random(7);
    // Most weights are small beside a few that every output uses, as tails of trained nets are: int8 keeps few levels of these.
    const values = random.floats(256 * 64, 1).map((value) => value ** 5);
    const tensors = [
      { name: 'w', dims: [256, 64], dataType: 1, rawData: new Uint8Array(Float32Array.from(values).buffer) },
    ];
    writeFileSync(path, modelOf({ nodes: [node('MatMul', ['x', 'w'], ['y'])], tensors, inputs: { x: [1, 256] } }));
    const { code, stdout, stderr } = fxq('compress', path, '-o', join(folder, 'wide.fxq'), '--json', '--threads', '1');
    expect(code).toBe(0);
    const { synthetic, outputBytes, stages } = JSON.parse(stdout);
    expect(synthetic.int8.bytes).toBeLessThan(outputBytes);
    expect(stderr).toMatch(/int8 weights through brotli would take [\d.]+ KB; answers would stand [\d.]+ dB/);
    // What is measured is told, too.
    expect(stages.at(-1)).toEqual({ name: 'compare', ms: expect.any(Number) });
  });

  it('refuses a size of a dimension that the model does not have, before any work', () => {
    const out = join(makeFolder(), 'model.fxq');
    const { code, stdout, stderr } = fxq('compress', LENET, '-o', out, '--dim', 'nonsense=5');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/error: dimension 'nonsense': expected one of the model's dynamic ones, which are /);
    expect(existsSync(out)).toBe(false);
  });

  it('clusters where made inputs do not serve, and says why', () => {
    const folder = makeFolder();
    const path = putModel(folder, 'int32_data of float16 bits');
    const [one, other] = [join(folder, 'one.fxq'), join(folder, 'other.fxq')];
    const { code, stdout, stderr } = fxq('compress', path, '-o', one, '--json');
    expect(code).toBe(0);
    expect(stderr).toContain("weights are chosen by their own noise, not by the model's answers: ");
    expect(JSON.parse(stdout)).toMatchObject({ synthetic: { reason: expect.any(String) } });
    expect(fxq('compress', path, '-o', other, '-q', '--no-synthetic').code).toBe(0);
    expect(readFileSync(one).equals(readFileSync(other))).toBe(true);
  });

  it('keeps a file that takes no more without loss, and says so', () => {
    const folder = makeFolder();
    const path = putModel(folder, 'raw_data/float32');
    const [one, other] = [join(folder, 'one.fxq'), join(folder, 'other.fxq')];
    const { stdout, stderr } = fxq('compress', path, '-o', one, '--json');
    expect(fxq('encode', path, '-o', other, '-q').code).toBe(0);
    expect(readFileSync(one).equals(readFileSync(other))).toBe(true);
    expect(stderr).toMatch(
      /^ {2}kept as it is, byte for byte: without loss the file takes \d+ B, and compressed no less$/m,
    );
    const { lossless, outputBytes } = JSON.parse(stdout);
    expect(lossless).toEqual({ bytes: outputBytes, isKept: true });
    expect(JSON.parse(fxq('compress', path, '-o', one, '--json', '--bits', '2').stdout)).not.toHaveProperty('lossless');
  });

  it.each([
    [['--no-synthetic']],
    [['--bits', '5']],
    [['--density', '0.5']],
    [['--no-cluster']],
    [['--weights', 'int8']],
  ])('but not with %j, which say what weights are to be', (flags) => {
    const out = join(makeFolder(), 'x.fxq');
    const { code, stdout } = fxq('compress', LENET, '-o', out, ...flags, '--json');
    expect(code).toBe(0);
    const { synthetic, stages } = JSON.parse(stdout);
    expect(synthetic).toBeUndefined();
    expect(stages.map(({ name }: { name: string }) => name)).not.toContain('calibrate');
  });
});
