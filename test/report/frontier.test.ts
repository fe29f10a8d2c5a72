import { describe, expect, it } from 'vitest';
import { readFrontier } from '../../src/report/frontier.js';
import { lossHead, lossText } from '../../src/report/words.js';

const points = [
  { lambda: 0.1, bytes: 300, loss: 0.5, judgement: { low: -0.1, high: null, unit: 'points' } },
  { lambda: 0.2, bytes: 200, loss: 1.5 },
];
const untold = { low: null, high: null, unit: 'points' };

describe('the frontier of a search', () => {
  it.each([
    ['by itself', { points, chosen: points[0] }],
    ['in a summary of compress', { input: 'a', calibration: { points, chosen: points[0] } }],
    ['of a budget', { budget: { points: points.map((point) => ({ ...point, bits: 4 })), chosen: points[0] } }],
  ])('is read %s, the smallest first', (_, json) => {
    expect(readFrontier(json, 'search.json')).toEqual([
      { bytes: 200, loss: 1.5, ...untold, lambda: 0.2, isChosen: false },
      { bytes: 300, loss: 0.5, ...untold, low: -0.1, lambda: 0.1, isChosen: true },
    ]);
  });

  it('may have no losses and no prices', () => {
    expect(readFrontier({ points: [{ bytes: 5, loss: null }] }, 'x')).toEqual([
      { bytes: 5, loss: null, ...untold, lambda: null, isChosen: false },
    ]);
  });

  it.each([
    ['nothing', null, 'search.json: expected points of a search, as `compress --json` prints them, got none'],
    [
      'an empty list',
      { points: [] },
      'search.json: expected points of a search, as `compress --json` prints them, got none',
    ],
    ['no size', { points: [{ loss: 1 }] }, 'search.json: points[0].bytes: expected a size in bytes, got undefined'],
    ['a negative size', { points: [{ bytes: -1 }] }, 'search.json: points[0].bytes: expected a size in bytes, got -1'],
    ['a point that is none', { points: [3] }, 'search.json: points[0].bytes: expected a size in bytes, got undefined'],
    [
      'a loss in words',
      { points: [{ bytes: 1, loss: 'much' }] },
      'search.json: points[0].loss: expected a number or null, got "much"',
    ],
  ])('is refused: %s', (_, json, message) => {
    expect(() => readFrontier(json, 'search.json')).toThrow(
      expect.objectContaining({ code: 'CONFIG', message, file: 'search.json' }),
    );
  });

  it('of a search for a size has one loss, whose unit is that of all', () => {
    const judgement = { low: 0.01, high: 0.03, unit: 'share' };
    const sized = [
      { bytes: 5, loss: null },
      { bytes: 6, loss: 0.02, judgement },
    ];
    expect(lossHead(readFrontier({ points: sized }, 'x'))).toBe('off');
  });

  it('is told with its intervals, in its unit', () => {
    const json = {
      points: [{ bytes: 9, loss: 0.01, judgement: { low: 0.005, high: 0.02, unit: 'share' } }, ...points],
    };
    const [share, wide, open] = readFrontier(json, 'x');
    expect([share, wide, open].map(lossText)).toEqual(['1 % (95 %: 0.5 % to 2 %)', '1.50', '0.50 (95 %: −0.10 to ∞)']);
    expect(lossHead([share])).toBe('off');
  });
});
