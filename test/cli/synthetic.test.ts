import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decode } from '../../src/decode/index.js';
import { readRecords } from '../../src/onnx/metadata.js';
import { openOnnx } from '../../src/onnx/open.js';
import { packageModels } from '../support/packages.js';
import { fxq, LENET, makeFolder } from './support.js';

describe('compress --synthetic', () => {
  it('tells what it made and how near the answers are, and is smaller than without', async () => {
    const out = join(makeFolder(), 'model.fxq');
    const { code, stdout, stderr } = fxq('compress', LENET, '-o', out, '--synthetic', '--json', '--threads', '1');
    expect(code).toBe(0);
    expect(stderr).toMatch(/calibrated on 64 made pictures; on others answers stand [\d.]+ dB out of what has changed/);
    const { synthetic, outputBytes, warnings } = JSON.parse(stdout);
    expect(warnings).toEqual([]);
    expect(synthetic).toEqual({
      ...{ kind: 'pictures', samples: 64, snr: expect.any(Number), isReached: true, lambda: expect.any(Number) },
      ...{ exact: [], skipped: [] },
    });
    expect(synthetic.snr).toBeGreaterThanOrEqual(33);
    expect(outputBytes).toBeLessThan(97_000);
    const model = openOnnx(await decode(new Uint8Array(readFileSync(out))));
    expect(readRecords(model).at(-1)?.text).toMatch(/calibrate lambda=.* fast=true/);
  });

  it('clusters where made inputs do not serve, and says why', () => {
    const silero = packageModels().find((path) => path.includes('silero_vad_v6')) ?? '';
    const [one, other] = [join(makeFolder(), 'model.fxq'), join(makeFolder(), 'model.fxq')];
    const { code, stdout, stderr } = fxq('compress', silero, '-o', one, '--synthetic', '--json');
    expect(code).toBe(0);
    expect(stderr).toContain('keeps a state');
    const { synthetic, warnings } = JSON.parse(stdout);
    expect(synthetic).toEqual({ reason: expect.stringContaining('keeps a state') });
    expect(warnings).toContainEqual(expect.stringMatching(/do not serve this model: it keeps a state.*are clustered/));
    expect(fxq('compress', silero, '-o', other, '-q').code).toBe(0);
    expect(readFileSync(one).equals(readFileSync(other))).toBe(true);
  });

  it.each([
    ['--bits', '5'],
    ['--density', '0.5'],
    ['--calibrate', 'x.npz'],
    ['--no-cluster'],
    ['--config', 'fxq.yaml'],
  ])('does not go with %s', (...flags) => {
    const { code, stderr } = fxq('compress', LENET, '-o', join(makeFolder(), 'x.fxq'), '--synthetic', ...flags);
    expect(code).toBe(2);
    expect(stderr).toMatch(/cannot be used with option/);
  });
});
