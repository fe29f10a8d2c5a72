import { beforeAll, describe, expect, it } from 'vitest';
import type { Loss } from '../../src/evaluate/loss.js';
import { openOnnx } from '../../src/onnx/open.js';
import type { Comparison } from '../../src/report/comparison.js';
import { verdictOf } from '../../src/report/verdict.js';
import { answerFigures } from '../../src/report/words.js';
import { cluster } from '../../src/stages/cluster.js';
import { LENET } from '../stages/support.js';
import { compared, measured } from './support.js';

let plain: Comparison;
let full: Comparison;

beforeAll(async () => {
  ({ comparison: plain } = await compared(openOnnx(LENET), [cluster({ bits: 5 })]));
  full = { ...measured(plain), baselines: [] };
});

/** The comparison as if so much had been lost. */
function having(loss: Partial<Loss>, agreement = 0.99, data = 'test.npz'): Comparison {
  const { accuracy } = full;
  if (!accuracy) throw new Error('expected a measured comparison');
  const given: Loss = {
    ...{ metric: 'agreement', unit: 'points', by: 'count', samples: 300, value: 0.33, low: 0, high: 1 },
    ...loss,
  };
  return {
    ...full,
    accuracy: { ...accuracy, data, compressed: { ...accuracy.compressed, samples: 300, agreement, loss: given } },
  };
}

describe('whether a file can be shipped', () => {
  it('is not known without answers, and the command that tells is there', () => {
    const { answer, reasons } = verdictOf(plain);
    expect(answer).toBe('unknown');
    expect(reasons[0]).toContain('fxq-compress report model.onnx small.fxq --data');
  });

  it.each([
    ['yes', { value: 0.1, low: -0.1, high: 0.6 }, 'Yes: it loses at most 0.60 points.'],
    ['yes', { value: -0.4, low: -0.8, high: -0.1 }, 'Yes: it loses at most 0.00 points.'],
    ['no', { value: 4, low: 2.5, high: 6 }, 'No: it loses at least 2.50 points.'],
    [
      'unclear',
      { value: 0.33, low: -0.4, high: 2.33 },
      'Not clear: between −0.40 points and 2.33 points lost, as far as 300 inputs tell; about 2,700 would tell.',
    ],
    [
      'unclear',
      { value: 1.5, low: 0.5, high: 2.5 },
      'Not clear: between 0.50 points and 2.50 points lost, as far as 300 inputs tell.',
    ],
    ['yes', { unit: 'share', metric: 'snr', value: 0.002, low: 0.001, high: 0.004 }, 'Yes: it loses at most 0.4 %.'],
    ['unclear', { unit: 'own', metric: 'own', value: 0, low: 0, high: 0 }, 'Yours to say: the metric is your own.'],
  ] as const)('is %s by the ends of the interval', (answer, loss, headline) => {
    expect(verdictOf(having(loss))).toMatchObject({ answer, headline });
  });

  it('tells how many answers changed', () => {
    expect(verdictOf(having({}, 0.99)).reasons).toContain('It decided as the original did in 297 of 300 samples.');
  });

  it('is not promised on made inputs', () => {
    const { answer, reasons } = verdictOf(having({ high: 0.5 }, 1, 'random'));
    expect(answer).toBe('unclear');
    expect(reasons.join(' ')).toContain('measure with data of your own');
    expect(verdictOf(having({ value: 0.33, low: -0.4, high: 2.33 }, 1, 'random')).headline).not.toContain('would tell');
  });

  it('tells an estimate from a count', () => {
    expect(verdictOf(having({ by: 'divergence' })).reasons[0]).toMatch(/, expected by how far scores have moved\.$/);
    expect(verdictOf(having({ by: 'count' })).reasons[0]).not.toContain('expected');
  });

  it('names int8 where that is smaller, with what it costs', () => {
    const int8 = { name: 'int8 + brotli 11', bytes: 10, reason: null, top1: 0.98, agreement: 0.97, snr: 20 };
    const { reasons } = verdictOf({ ...having({ high: 0.5 }), snr: 30, baselines: [int8] });
    expect(reasons.at(-1)).toBe(
      'Larger than int8 + brotli 11 (10 B), which answers as the original on 97.00%; this file does on 99.00%.',
    );
  });
});

describe('figures of answers', () => {
  it('have a colour only where chance is no explanation', () => {
    const clearly = (loss: Partial<Loss>) => {
      const { accuracy } = having(loss);
      return accuracy && answerFigures(accuracy).find(({ name }) => name === 'points lost')?.isClearly;
    };
    expect(clearly({ value: -0.33, low: -1, high: 0.3 })).toBe(null);
    expect(clearly({ value: 2, low: 0.5, high: 3 })).toBe('worse');
    expect(clearly({ value: -2, low: -3, high: -0.5 })).toBe('better');
  });
});
