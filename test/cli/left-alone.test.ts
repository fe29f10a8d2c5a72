import { describe, expect, it } from 'vitest';
import type { DType } from '../../src/binary/dtype.js';
import { leftAlone, leftOut } from '../../src/cli/left-alone.js';
import type { Role, Tensor } from '../../src/model/model.js';
import { DEFAULT_INCLUDE, matcher } from '../../src/model/selectors.js';

function tensor(name: string, length: number, op: string, role: Role = 'other', dtype: DType = 'float32'): Tensor {
  const payload = { read: () => new Uint8Array(length) };
  const place = { form: 'raw' as const, file: 0, offset: 0 };
  return { name, dtype, dims: [length / 4], count: length / 4, role, op, length, ...place, payload };
}

const weight = tensor('w', 1000, 'MatMul', 'weight');
const said = (
  tensors: readonly Tensor[],
  include: readonly string[] = DEFAULT_INCLUDE,
  exclude: readonly string[] = [],
) => {
  const is = (selectors: readonly string[]) => (each: Tensor) => selectors.some((one) => matcher(one)(each));
  const asked = tensors.filter((each) => !is(exclude)(each));
  const chosen = asked.filter((each) => is(include)(each) && each.dtype === 'float32');
  return leftAlone(tensors, asked, chosen, include);
};

describe('what is left alone', () => {
  it('is no word up to a tenth, and named from there on', () => {
    expect(said([weight, tensor('b', 108, 'Add')])).toEqual([]);
    expect(said([weight, tensor('b', 112, 'Add')])).toEqual([
      '10.1% of the floating-point numbers are left alone, 112 B: b (112 B, read by Add); --include role:weight b takes them in',
    ]);
  });
  it('counts floating-point numbers and nothing else', () => {
    expect(said([weight, tensor('i', 9000, 'Gather', 'other', 'int64')])).toEqual([]);
  });
  it('names the largest and says how many more there are', () => {
    const many = Array.from({ length: 9 }, (_, i) => tensor(`t${i}`, 400 + 4 * i, i % 2 ? 'Mul' : 'Add'));
    expect(said([weight, ...many])).toEqual([
      expect.stringMatching(
        /: t8 \(432 B, read by Add\), t7 .*, t5 \(.*\) and 5 more; --include role:weight op:Add op:Mul takes/,
      ),
    ]);
  });
  it('gives selectors that take it in, quoted for a shell', () => {
    for (const name of ['a b', "it's", 'op:x', 'a*', 'plain/Name.weight']) {
      const [line] = said([weight, tensor(name, 800, 'Mul')]);
      const selector = { 'a b': "'a b'", "it's": "'it'\\''s'", 'op:x': 'name:op:x', 'a*': "'a*'" }[name] ?? name;
      expect(line).toContain(`--include role:weight ${selector} takes`);
    }
  });
  it('says what no stage changes, and what nobody reads', () => {
    expect(said([weight, tensor('d', 800, 'MatMul', 'weight', 'float64')])[0]).toMatch(
      /; of float64 no stage changes any$/,
    );
    expect(said([weight, tensor('n', 800, '')])[0]).toContain('n (800 B, no operator reads it)');
    const unread = ['n', 'm', 'o'].map((name) => tensor(name, 800, ''));
    expect(said([weight, ...unread])[0]).toContain('--include role:weight role:other takes');
  });
  it('says nothing of what was excluded, and does of what was not included', () => {
    const big = tensor('big', 8000, 'Mul');
    expect(said([weight, big], DEFAULT_INCLUDE, ['b*'])).toEqual([]);
    expect(said([weight, big], ['nothing'])[0]).toContain('--include nothing big w takes');
  });
});

describe('what calibration leaves out', () => {
  it('is one line, with its share of the bytes', () => {
    const skipped = ['a', 'b', 'c'].map((name) => ({
      tensor: tensor(name, 40, 'Einsum', 'weight'),
      reason: 'of Einsum',
    }));
    const other = { tensor: tensor('d', 80, 'Loop', 'weight'), reason: 'inside a loop' };
    expect(leftOut([...skipped, other], 1000)).toBe(
      'not calibrated but clustered, 20.0% of the bytes of weights: a, b and 1 more (of Einsum); d (inside a loop)',
    );
    expect(leftOut([], 1000)).toBeUndefined();
  });
});
