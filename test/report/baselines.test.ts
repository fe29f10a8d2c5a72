import { describe, expect, it } from 'vitest';
import { openOnnx } from '../../src/onnx/open.js';
import { BROTLI_BYTES, measureBaselines, roundedToInt8 } from '../../src/report/baselines.js';
import { LENET, LENET_WEIGHTS, layers, weightsOf, written } from '../stages/support.js';
import { concat } from '../support/protobuf.js';

const model = openOnnx(LENET);

/** Keeps what it is given. */
function keeper() {
  const kept: Uint8Array[] = [];
  const compressor = async (bytes: Iterable<Uint8Array>, size: number) => {
    kept.push(concat([...bytes]));
    expect(kept.at(-1)?.length).toBe(size);
    return size;
  };
  return { kept, compressor };
}

describe('baselines', () => {
  it('are of the file as it is, and of one with a byte a weight and a scale a tensor or a channel', async () => {
    const { kept, compressor } = keeper();
    const shares: number[] = [];
    const found = await measureBaselines(
      model,
      { gzip9: compressor, brotli11: compressor },
      {
        onProgress: (share) => shares.push(share),
      },
    );
    const weights = Object.values(LENET_WEIGHTS).reduce((sum, count) => sum + count, 0);
    const quantised = LENET.length - 3 * weights + 3 * 4;
    expect(found.map(({ name, bytes, reason }) => [name, bytes, reason])).toEqual([
      ['gzip 9', LENET.length, null],
      ['brotli 11', LENET.length, null],
      ['int8 + brotli 11', quantised, null],
      ['int8 by channel + brotli 11', quantised + 4 * (300 + 100 + 10 - 3), null],
    ]);
    expect(Buffer.compare(kept[0], LENET)).toBe(0);
    expect(Buffer.compare(kept[1], LENET)).toBe(0);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares.at(-1)).toBeCloseTo(1);
  });

  it('round weights to at most half a step of their largest', () => {
    const rounded = roundedToInt8(model);
    for (const name of Object.keys(LENET_WEIGHTS)) {
      const [before, after] = [weightsOf(model, name), weightsOf(rounded, name)];
      const step = before.reduce((max, weight) => Math.max(max, Math.abs(weight)), 0) / 127;
      let worst = 0;
      for (let i = 0; i < before.length; i++) worst = Math.max(worst, Math.abs(before[i] - after[i]));
      expect(worst).toBeLessThanOrEqual(0.5001 * step);
      expect(worst).toBeGreaterThan(0.4 * step);
      expect(new Set(after).size).toBeLessThanOrEqual(255);
    }
    expect(written(rounded)[0].length).toBe(LENET.length);
  });

  it('round by channel to half a step of the largest of each', () => {
    const [before, after] = [model, roundedToInt8(model, 'channel')].map((each) => weightsOf(each, 'fc2.weight'));
    for (let row = 0; row < 100; row++) {
      const [line, rounded] = [before, after].map((weights) => weights.subarray(300 * row, 300 * (row + 1)));
      const step = line.reduce((max, weight) => Math.max(max, Math.abs(weight)), 0) / 127;
      const worst = line.reduce((most, weight, i) => Math.max(most, Math.abs(weight - rounded[i])), 0);
      expect(worst / step).toBeGreaterThan(0.3);
      expect(worst / step).toBeLessThanOrEqual(0.5001);
    }
  });

  it('take weights that are no numbers, and leave the others right', () => {
    const rounded = weightsOf(roundedToInt8(layers([Number.NaN, 127, -1, Number.POSITIVE_INFINITY])), 'A');
    expect(Array.from(rounded)).toEqual([0, 127, -1, 0]);
  });

  it('leave out brotli where it would take minutes, and say so', async () => {
    const size = BROTLI_BYTES + 1;
    const large = { ...model, tensors: [], files: [{ name: 'large', size, read: () => new Uint8Array() }] };
    const compressor = async () => 7;
    const found = await measureBaselines(large, { gzip9: compressor, brotli11: compressor });
    expect(found.map(({ bytes }) => bytes)).toEqual([7, null, null, null]);
    expect(found[1].reason).toBe('larger than 64 MB, which would take minutes');
  });

  it('stop when told to', async () => {
    const signal = AbortSignal.abort('SIGINT');
    const { compressor } = keeper();
    const compressors = { gzip9: compressor, brotli11: compressor };
    await expect(measureBaselines(model, compressors, { signal })).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
