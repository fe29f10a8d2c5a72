import { FxqError } from '../errors.js';
import type { LossUnit } from '../evaluate/metric.js';
import { fieldOf } from '../guards.js';
import type { FrontierPoint } from './comparison.js';

/** Where the points may stand: by themselves, or in what `compress --json` prints. */
const PLACES = ['calibration', 'budget'];

/**
 * Reads the points that a search has walked, from the JSON that `compress --json` prints or from an object with `points`.
 *
 * @param file - for messages: where the JSON is from
 * @throws FxqError `CONFIG` when there are no points, or one has no size
 *
 * @example
 * const frontier = readFrontier(JSON.parse(await readFile('search.json', 'utf8')), 'search.json');
 */
export function readFrontier(json: unknown, file: string): FrontierPoint[] {
  const holder = [json, ...PLACES.map((place) => fieldOf(json, place))].find((value) =>
    Array.isArray(fieldOf(value, 'points')),
  );
  const points = fieldOf(holder, 'points');
  if (!Array.isArray(points) || points.length === 0) {
    const expected = 'expected points of a search, as `compress --json` prints them, got none';
    throw new FxqError('CONFIG', `${file}: ${expected}`, { file, expected: 'points' });
  }
  const chosen = fieldOf(holder, 'chosen');
  return points
    .map((point, i) => {
      const bytes = fieldOf(point, 'bytes');
      if (typeof bytes !== 'number' || !(bytes > 0) || !Number.isFinite(bytes)) {
        const message = `${file}: points[${i}].bytes: expected a size in bytes, got ${JSON.stringify(bytes)}`;
        throw new FxqError('CONFIG', message, { file, expected: 'a number above 0', actual: bytes });
      }
      const loss = numberOf(point, 'loss', i, file);
      const lambda = numberOf(point, 'lambda', i, file);
      const isChosen =
        fieldOf(chosen, 'bytes') === bytes &&
        (fieldOf(chosen, 'loss') ?? null) === loss &&
        (fieldOf(chosen, 'lambda') ?? null) === lambda;
      const judgement = fieldOf(point, 'judgement');
      const unit = UNITS.find((each) => each === fieldOf(judgement, 'unit')) ?? 'points';
      return { bytes, loss, low: endOf(judgement, 'low'), high: endOf(judgement, 'high'), unit, lambda, isChosen };
    })
    .sort((a, b) => a.bytes - b.bytes);
}

const UNITS: readonly LossUnit[] = ['points', 'share', 'own'];

/** JSON has no infinities: an end that is none is one. */
function endOf(judgement: unknown, key: 'low' | 'high'): number | null {
  const value = fieldOf(judgement, key);
  return typeof value === 'number' ? value : null;
}

function numberOf(point: unknown, key: string, i: number, file: string): number | null {
  const value = fieldOf(point, key) ?? null;
  if (value === null || (typeof value === 'number' && Number.isFinite(value))) return value;
  const message = `${file}: points[${i}].${key}: expected a number or null, got ${JSON.stringify(value)}`;
  throw new FxqError('CONFIG', message, { file, expected: 'a number or null', actual: value });
}
