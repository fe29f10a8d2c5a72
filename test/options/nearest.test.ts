import { describe, expect, it } from 'vitest';
import { nearest } from '../../src/options/nearest.js';

describe('what a misspelt word means', () => {
  const choices = ['density', 'threshold', 'quality', 'bits', 'init', 'snr'];

  it.each([
    ['densty', 'density'],
    ['Density', 'density'],
    ['treshhold', 'threshold'],
    ['qualitiy', 'quality'],
    ['bit', 'bits'],
    ['ini', 'init'],
    ['srn', 'snr'],
  ])('%s: %s', (word, choice) => {
    expect(nearest(word, choices)).toBe(choice);
  });

  it.each(['', 'x', 'den', 'dnsti', 'sparsity', 'x'.repeat(1e6)])('%.10s: nothing', (word) => {
    expect(nearest(word, choices)).toBeUndefined();
  });

  it('is nothing where two are equally near', () => {
    expect(nearest('bat', ['bit', 'but'])).toBeUndefined();
    expect(nearest('bit', ['bit', 'but'])).toBe('bit');
  });
});
