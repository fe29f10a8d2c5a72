import { expect, it } from 'vitest';
import type { Fidelity, LayerSensitivity, Sensitivity } from '../../src/sensitivity/options.js';
import { formatSensitivity } from '../../src/sensitivity/table.js';

/** Of two outputs, of which the second hardly changes. */
const fidelity = (kl: number | null, snr: number): Fidelity => ({
  ...{ divergence: kl ?? 10 ** (-snr / 10), top1: kl && 0.9, top5: null, agreement: kl && 0.95, kl },
  ...{
    outputs: [
      { name: 'Y', cosine: 0.99, snr },
      { name: 'state', cosine: 1, snr: Number.POSITIVE_INFINITY },
    ],
    shapeMismatches: 0,
    loss: null,
  },
});

const layer = (name: string, of: Fidelity): LayerSensitivity => ({
  ...{
    name,
    role: 'weight',
    op: 'Conv',
    weights: 1200,
    format: null,
    density: 0.25,
    clusters: 16,
    bits: 2.125,
    weightSnr: 12.34,
  },
  ...of,
});

const found = (kl: number | null): Sensitivity => {
  const [bad, good] = [fidelity(kl, 10), fidelity(kl && kl / 1000, Number.POSITIVE_INFINITY)];
  return {
    ...{ samples: 1024, output: 'Y', judged: null, original: { top1: kl && 0.925, top5: null } },
    layers: [layer('conv1', bad), layer('a', good)],
    inputs: [],
    cumulative: [
      { name: 'a', kind: 'weights', layers: 1, ...good },
      { name: 'conv1', kind: 'weights', layers: 2, ...bad },
    ],
    skipped: [{ name: 'inner', reason: 'inside a function' }],
  };
};

it('tells the number format of layers that have one', () => {
  const { layers, ...rest } = found(0.0123);
  const [rounded, plain] = layers;
  const format = { weights: 'int4', by: 'channel', bits: 4 } as const;
  const lines = formatSensitivity({ ...rest, layers: [{ ...rounded, format }, plain] }).split('\n');
  const at = (lines[1] ?? '').indexOf('format') + 'format'.length;
  expect(lines.slice(3, 5).map((line) => line.slice(0, at))).toEqual([
    expect.stringMatching(/12\.3 dB {2}int4 by channel$/),
    expect.stringMatching(/12\.3 dB +–$/),
  ]);
});

it('is two tables, aligned, and what was left out', () => {
  expect(formatSensitivity(found(0.0123))).toMatchInlineSnapshot(`
    "                            weights                                  outputs
    layer   kept  values  bits      SNR   top-1   agree      KL  cosine      SNR
    ────────────────────────────────────────────────────────────────────────────
    conv1  25.0%      16   2.1  12.3 dB  90.00%  95.00%  0.0123  0.9900  10.0 dB
    a      25.0%      16   2.1  12.3 dB  90.00%  95.00%  1.2e-5  0.9900        ∞

                                                                 outputs
    one after the other  layers   top-1   agree      KL  cosine      SNR
    ────────────────────────────────────────────────────────────────────
    a                         1  90.00%  95.00%  1.2e-5  0.9900        ∞
    conv1                     2  90.00%  95.00%  0.0123  0.9900  10.0 dB
    – not measured: inner (inside a function)

    1,024 samples, output 'Y'
    the original: top-1 92.50%"
  `);
});

it('shows noise by signal where nothing is decided on', () => {
  expect(formatSensitivity(found(null))).toMatchInlineSnapshot(`
    "                            weights                        outputs
    layer   kept  values  bits      SNR  noise/signal  cosine      SNR
    ──────────────────────────────────────────────────────────────────
    conv1  25.0%      16   2.1  12.3 dB         0.100  0.9900  10.0 dB
    a      25.0%      16   2.1  12.3 dB             0  0.9900        ∞

                                                       outputs
    one after the other  layers  noise/signal  cosine      SNR
    ──────────────────────────────────────────────────────────
    a                         1             0  0.9900        ∞
    conv1                     2         0.100  0.9900  10.0 dB
    – not measured: inner (inside a function)

    1,024 samples, output 'Y'"
  `);
});

it('says so where nothing differs', () => {
  expect(formatSensitivity({ ...found(1), layers: [], cumulative: [], skipped: [] })).toBe(
    "no layers differ\n\n1,024 samples, output 'Y'\nthe original: top-1 92.50%",
  );
});
