import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FxqError } from '../../src/errors.js';
import type { Tensor } from '../../src/model/model.js';
import { matcher, type Selection, selector } from '../../src/model/selectors.js';

const tensor = (fields: Partial<Tensor> = {}): Tensor => ({
  name: 'conv1.weight',
  dtype: 'float32',
  dims: [2, 2],
  count: 4,
  role: 'weight',
  op: 'Conv',
  form: 'raw',
  file: 0,
  offset: 0,
  length: 16,
  payload: { read: () => new Uint8Array(16) },
  ...fields,
});

const named = (name: string) => tensor({ name });

/** A glob without regular expressions: the first character decides. */
function globs(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  if (pattern[0] === '*') return globs(pattern.slice(1), text) || (text !== '' && globs(pattern, text.slice(1)));
  return text !== '' && (pattern[0] === '?' || pattern[0] === text[0]) && globs(pattern.slice(1), text.slice(1));
}

describe('matcher', () => {
  it.each([
    ['conv1.weight', 'conv1.weight', true],
    ['conv1.weight', 'conv1xweight', false],
    ['conv1', 'conv1.weight', false],
    ['weight', 'conv1.weight', false],
    ['*weight', 'conv1.weight', true],
    ['conv*', 'conv', true],
    ['c?nv*', 'conv1.weight', true],
    ['conv?', 'conv', false],
    ['*', '', true],
    ['*', 'line\nbreak', true],
    ['a?b', 'a\nb', true],
    ['a?b', 'a😀b', true],
    ['a*b*c', 'aXbYbZc', true],
    ['layers.0+1', 'layers.0+1', true],
    ['layers.0+1', 'layers.001', false],
    ['(w|b)', '(w|b)', true],
    ['(w|b)', 'w', false],
    ['[ab]', '[ab]', true],
    ['[ab]', 'a', false],
    ['w{2}', 'w{2}', true],
    ['^w$', '^w$', true],
    ['a\\d', 'a\\d', true],
    ['a\\d', 'a1', false],
    ['onnx::Conv_12', 'onnx::Conv_12', true],
    ['a/b-c#2', 'a/b-c#2', true],
    ['Größe*', 'Größe.1', true],
    ['CONV*', 'conv1', false],
  ])('%s on %s: %s', (glob, name, matches) => {
    expect(matcher(glob)(named(name))).toBe(matches);
    expect(matcher(`name:${glob}`)(named(name))).toBe(matches);
  });

  it('does with any characters what a matcher without regular expressions does', () => {
    const characters = fc.constantFrom(...'ab*?.+^$', ...'{}()|[]\\-/ :,&~#');
    const text = fc.array(characters, { maxLength: 6 }).map((parts) => parts.join(''));
    const pairs = fc.oneof(
      fc.tuple(text, text),
      // Names that are the glob with its wildcards filled in: these match.
      fc
        .tuple(text, text)
        .map(([glob, fill]) => [glob, glob.replaceAll('*', () => fill).replaceAll('?', 'b')] as const),
    );
    fc.assert(
      fc.property(pairs, ([glob, name]) => {
        expect(matcher(`name:${glob}x`)(named(`${name}x`))).toBe(globs(`${glob}x`, `${name}x`));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['stars and one letter', `${'a*'.repeat(40)}b`, 'a'.repeat(60_000), false],
    ['stars only', '*'.repeat(500), 'x'.repeat(60_000), true],
    ['stars and wildcards', '*?'.repeat(300), 'ab'.repeat(30_000), true],
    ['words between stars', `${'*block'.repeat(60)}*weight`, `${'block/'.repeat(9_000)}bias`, false],
    ['a last word that nearly fits', '*conv*/weight', `conv${'/weigh'.repeat(10_000)}`, false],
    ['a name of 60,000 characters', 'n'.repeat(60_000), 'n'.repeat(60_000), true],
    ['such a name but for its end', `${'n'.repeat(60_000)}?`, 'n'.repeat(60_000), false],
    ['characters beyond the basic plane', `*${'😀'.repeat(50)}x`, '😀'.repeat(20_000), false],
  ])('takes no longer than a look at each character for each that it could be: %s', (_, glob, name, matches) => {
    const start = process.cpuUsage();
    expect(matcher(glob)(named(name))).toBe(matches);
    const { user, system } = process.cpuUsage(start);
    // Trying every star at every place would not end at all.
    expect((user + system) / 1e6).toBeLessThan(5);
  });

  it('looks at one field, named before a colon', () => {
    const fc1 = tensor({ name: 'fc.weight', op: 'Gemm', role: 'weight', dtype: 'float16' });
    const yes = ['name:fc.*', 'op:Gemm', 'op:G*', 'role:weight', 'role:w*', 'dtype:float16', 'dtype:*float??'];
    const no = ['op:gemm', 'op:weight', 'name:Gemm', 'role:bias', 'dtype:float', 'dtype:float32', 'Gemm', 'form:raw'];
    expect(yes.filter((selector) => !matcher(selector)(fc1))).toEqual([]);
    expect(no.filter((selector) => matcher(selector)(fc1))).toEqual([]);
  });

  it('takes a colon that follows no field as part of the name', () => {
    expect(matcher('w:0')(named('w:0'))).toBe(true);
    expect(matcher('name:op:x')(named('op:x'))).toBe(true);
    expect(matcher('op:x')(named('op:x'))).toBe(false);
  });

  it.each(['', 'op:', 'name:'])('refuses "%s": nothing to look for', (empty) => {
    expect(() => matcher(empty)).toThrow(expect.objectContaining({ code: 'CONFIG', actual: empty }));
    expect(() => matcher(empty)).toThrow(FxqError);
  });
});

interface Options {
  bits?: number | undefined;
  share?: number | undefined;
  init?: string | undefined;
}

/** Bits or share, one of them; 5 bits from linear where nothing else is said. */
const select = (selection: Selection<Options>, defaults: Options = { bits: 5, init: 'linear' }) =>
  selector(selection, defaults, ['bits', 'share']);

describe('selector', () => {
  const roles = (['weight', 'bias', 'normalisation', 'other'] as const).map((role) => tensor({ name: role, role }));
  const selected = (selection: Selection<Options>) =>
    roles.filter((each) => select(selection)(each)).map((t) => t.name);

  it('takes weights, unless told otherwise', () => {
    expect(selected({})).toEqual(['weight']);
    expect(selected({ include: undefined, exclude: undefined, rules: undefined })).toEqual(['weight']);
    expect(selected({ include: ['*'] })).toEqual(['weight', 'bias', 'normalisation', 'other']);
    expect(selected({ include: ['bias', 'role:other'] })).toEqual(['bias', 'other']);
    expect(selected({ include: [] })).toEqual([]);
  });

  it('leaves out what is excluded, whatever includes it', () => {
    expect(selected({ exclude: ['weight'] })).toEqual([]);
    expect(selected({ include: ['*', 'bias'], exclude: ['b*', 'role:other'] })).toEqual(['weight', 'normalisation']);
    expect(selected({ include: ['*'], exclude: [] })).toHaveLength(4);
  });

  it('does not select by rules: they only say how', () => {
    expect(selected({ rules: [{ match: 'bias', options: { bits: 2 } }] })).toEqual(['weight']);
  });

  it('gives the defaults where no rule says otherwise', () => {
    expect(select({})(tensor())).toEqual({ bits: 5, init: 'linear' });
    expect(select({ rules: [{ match: 'fc*', options: { bits: 2 } }] })(tensor())).toEqual({ bits: 5, init: 'linear' });
  });

  it('puts a rule’s option in place of the default, and of its alternatives', () => {
    const with1 = (options: Options) => select({ rules: [{ match: 'conv*', options }] })(tensor());
    expect(with1({ bits: 8 })).toEqual({ bits: 8, init: 'linear' });
    expect(with1({ share: 0.5 })).toEqual({ share: 0.5, init: 'linear' });
    expect(with1({ init: 'random' })).toEqual({ bits: 5, init: 'random' });
    expect(with1({ share: 0 })).toEqual({ share: 0, init: 'linear' });
    expect(with1({})).toEqual({ bits: 5, init: 'linear' });
  });

  it('joins the options of several rules that agree or speak of different things', () => {
    const rules = [
      { match: 'op:Conv', options: { init: 'density' } },
      { match: 'conv*', options: { bits: 8 } },
      { match: 'conv1*', options: { bits: 8, init: 'density' } },
    ];
    expect(select({ rules })(tensor())).toEqual({ bits: 8, init: 'density' });
  });

  it('passes over options that are undefined', () => {
    const rules = [
      { match: 'conv*', options: { bits: undefined, init: undefined } },
      { match: 'op:Conv', options: { share: 0.5 } },
      { match: '*', options: { share: undefined } },
    ];
    expect(select({ rules })(tensor())).toEqual({ share: 0.5, init: 'linear' });
  });

  it('refuses two values for one layer, and names the layer and both rules', () => {
    const rules = [
      { match: 'op:Conv', options: { bits: 8 } },
      { match: 'conv1.*', options: { bits: 4 } },
    ];
    const of = select({ rules });
    expect(() => of(tensor())).toThrow(expect.objectContaining({ code: 'CONFIG', tensor: 'conv1.weight' }));
    expect(() => of(tensor())).toThrow(/^conv1\.weight: .*"conv1\.\*" says bits 4.*"op:Conv" says 8/);
    expect(of(tensor({ name: 'conv2.weight' }))).toEqual({ bits: 8, init: 'linear' });
    // A layer that the stage leaves alone cannot be in conflict.
    expect(select({ rules, exclude: ['conv1*'] })(tensor())).toBeUndefined();
  });

  it('refuses two alternatives for one layer, and names the layer and both rules', () => {
    const rules = [
      { match: 'op:Conv', options: { bits: 8 } },
      { match: 'conv1.*', options: { share: 0.25 } },
    ];
    expect(() => select({ rules })(tensor())).toThrow(
      expect.objectContaining({ code: 'CONFIG', tensor: 'conv1.weight' }),
    );
    expect(() => select({ rules })(tensor())).toThrow(
      /^conv1\.weight: rule "op:Conv" says bits 8, rule "conv1\.\*" says share 0\.25/,
    );
  });

  it('checks every selector at once, before any tensor is seen', () => {
    for (const selection of [
      { include: ['*', ''] },
      { exclude: ['role:'] },
      { rules: [{ match: 'op:', options: {} }] },
    ]) {
      expect(() => select(selection)).toThrow(FxqError);
    }
  });

  it('changes neither its defaults nor its rules', () => {
    const defaults = Object.freeze({ bits: 5, init: 'linear' });
    const rules = Object.freeze([Object.freeze({ match: '*', options: Object.freeze({ share: 0.5 }) })]);
    const of = select({ rules }, defaults);
    expect(of(tensor())).toEqual(of(tensor()));
    expect(of(tensor())).not.toBe(of(tensor()));
  });
});
