import { describe, expect, it } from 'vitest';
import { checkAlternatives, checkOptions } from '../../src/options/check.js';
import { defaultsOf, pickGiven, recordOf } from '../../src/options/defaults.js';
import { choice, number, type OptionsOf, seed, toggle, whole, word } from '../../src/options/option.js';
import { describe as describeOption, flagOf, schemaOf } from '../../src/options/text.js';

interface Things {
  share?: number | undefined;
  warmth?: number | undefined;
  count?: number | undefined;
  steps?: number | undefined;
  rounding?: 'nearest' | 'stochastic' | undefined;
  isFast?: boolean | undefined;
  format?: string | undefined;
  seed?: number | undefined;
}

const OPTIONS = {
  share: number({ text: 'how much stays', value: 'share', low: 0, high: 1, default: 0.5 }),
  warmth: number({ text: 'how warm it is', above: 0 }),
  count: whole({ text: 'how many there are', low: 1, otherwise: 'as many as are needed' }),
  steps: whole({ text: 'how many steps it takes', low: 2, high: 9 }),
  rounding: choice({ text: 'where values go', of: ['nearest', 'stochastic'], default: 'nearest' }),
  isFast: toggle({ text: 'less exact', flag: 'fast' }),
  format: word({ text: 'numbers that are held', what: 'such as int8', pattern: /^u?int[2-8]$/, flag: false }),
  seed: seed('which are drawn'),
} satisfies OptionsOf<Things>;

describe('an option', () => {
  it.each<[keyof Things, unknown[], unknown[], string]>([
    ['share', [0, 0.5, 1], [-0.1, 1.1, Number.NaN, '0.5', null], 'a share from 0 to 1'],
    ['warmth', [1e-9, 1e300], [0, -1, Number.POSITIVE_INFINITY], 'a warmth above 0'],
    ['count', [1, 2 ** 53 - 1], [0, 1.5, 2 ** 53, '3'], 'a whole number of count of at least 1'],
    ['steps', [2, 9], [1, 10, 2.5], 'a whole number of steps from 2 to 9'],
    ['rounding', ['nearest', 'stochastic'], ['Nearest', '', 0], 'rounding nearest or stochastic'],
    ['isFast', [true, false], [1, 'true', null], 'isFast true or false'],
    ['format', ['int8', 'uint4'], ['int9', 'float', 8], 'a format such as int8'],
    ['seed', [0, 2 ** 31 + 5, 2 ** 32 - 1], [-1, 0.5, 2 ** 32], 'a whole number of seed from 0 to 4294967295'],
  ])('%s takes what it says', (name, good, bad, expected) => {
    for (const value of good) expect(() => checkOptions('stage', OPTIONS, { [name]: value })).not.toThrow();
    for (const value of bad) {
      const message = `stage: expected ${expected}, got ${value}`;
      expect(() => checkOptions('stage', OPTIONS, { [name]: value })).toThrow(new RangeError(message));
    }
  });

  it('that is not given is right, and what is not declared is left to others', () => {
    expect(() => checkOptions('stage', OPTIONS, { share: undefined, other: 3 })).not.toThrow();
  });

  it('is read from a word, whose range is left to the check', () => {
    expect(OPTIONS.share.parse(' 1e-3 ')).toBe(0.001);
    expect(OPTIONS.share.parse('7')).toBe(7);
    for (const text of ['', 'half', '1/2', 'Infinity'])
      expect(() => OPTIONS.share.parse(text)).toThrow('Expected a number.');
    expect(() => OPTIONS.count.parse('0')).toThrow('Expected a whole number of at least 1.');
    expect(OPTIONS.format.parse('int8')).toBe('int8');
  });

  it('is told with its values and its default', () => {
    expect(Object.values(OPTIONS).map(describeOption)).toEqual([
      'how much stays, 0 to 1 (default: 0.5)',
      'how warm it is',
      'how many there are (default: as many as are needed)',
      'how many steps it takes, 2 to 9',
      'where values go: nearest, stochastic (default: nearest)',
      'less exact',
      'numbers that are held',
      'which are drawn (default: 0)',
    ]);
    expect(flagOf('learningRate', OPTIONS.share)?.flag).toBe('--learning-rate <share>');
    expect(flagOf('isFast', OPTIONS.isFast)?.flag).toBe('--fast');
    expect(flagOf('format', OPTIONS.format)).toBeUndefined();
  });

  it('has a schema', () => {
    expect(Object.values(OPTIONS).map(schemaOf)).toEqual([
      { description: 'How much stays. Default: 0.5.', type: 'number', minimum: 0, maximum: 1 },
      { description: 'How warm it is.', type: 'number', exclusiveMinimum: 0 },
      {
        description: 'How many there are. Default: as many as are needed.',
        type: 'integer',
        minimum: 1,
        maximum: Number.MAX_SAFE_INTEGER,
      },
      { description: 'How many steps it takes.', type: 'integer', minimum: 2, maximum: 9 },
      { description: 'Where values go. Default: nearest.', enum: ['nearest', 'stochastic'] },
      { description: 'Less exact.', type: 'boolean' },
      { description: 'Numbers that are held.', type: 'string', pattern: '^u?int[2-8]$' },
      { description: 'Which are drawn. Default: 0.', type: 'integer', minimum: 0, maximum: 2 ** 32 - 1 },
    ]);
  });
});

describe('alternatives', () => {
  const check =
    (given: object, isRequired = false) =>
    () =>
      checkAlternatives('stage', ['apples', 'pears', 'plums'], given, isRequired);

  it('exclude each other', () => {
    expect(check({ pears: 1, plums: undefined })).not.toThrow();
    expect(check({ apples: 0, plums: 1 })).toThrow(
      new RangeError('stage: expected one of apples, pears and plums, got apples and plums'),
    );
  });

  it('may be required', () => {
    expect(check({ other: 1 })).not.toThrow();
    expect(check({ other: 1 }, true)).toThrow(new RangeError('stage: expected an apples, a pears or a plums'));
  });
});

describe('defaults', () => {
  it('are those that are said, a toggle being off', () => {
    const defaults = defaultsOf(OPTIONS);
    expect(defaults).toEqual({ share: 0.5, rounding: 'nearest', isFast: false, seed: 0 });
    // The types know which: a name without a default would not compile.
    const { share, rounding }: { share: 0.5; rounding: 'nearest' } = defaults;
    expect([share, rounding]).toEqual([0.5, 'nearest']);
  });

  it('are left out of records', () => {
    const given = { share: 0.5, rounding: 'stochastic', count: 3, steps: undefined, seed: 0 };
    expect(recordOf('stage', given, defaultsOf(OPTIONS))).toBe('stage rounding=stochastic count=3');
    expect(pickGiven(['count', 'steps'], given)).toEqual({ count: 3 });
  });
});

it('drifts from its interface in no direction', () => {
  const few = { rounding: choice({ text: 'where values go', of: ['nearest'] }) };
  const many = { rounding: choice({ text: 'where values go', of: ['nearest', 'stochastic', 'up'] }) };
  // @ts-expect-error a choice that the interface has is missing
  few satisfies OptionsOf<Pick<Things, 'rounding'>>;
  // @ts-expect-error a choice that the interface does not have
  many satisfies OptionsOf<Pick<Things, 'rounding'>>;
  // @ts-expect-error an option that the interface has is missing
  few satisfies OptionsOf<Pick<Things, 'share'>>;
  expect(few.rounding.choices).toHaveLength(1);
});
