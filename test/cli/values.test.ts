import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/cli/config.js';
import { fxq, LENET, MNIST, makeFolder } from './support.js';

/** A template of the LeNet's values, and what was told. */
function template(...flags: string[]) {
  const path = join(makeFolder(), 'values.yaml');
  const { code, stdout, stderr } = fxq('init', LENET, '--values', MNIST, '--limit', '32', '-o', path, ...flags);
  return { path, code, stdout, stderr, text: readFileSync(path, 'utf8') };
}

/** Takes the comments off all formats of values. */
const withValues = (text: string) => {
  const at = text.indexOf('\nvalues:');
  return text.slice(0, at) + text.slice(at).replace(/^ {2}# (\S+: FIXED8\S*)$/gm, '  $1');
};

describe('init --values', () => {
  it('lists every value and parameter with its range, and a format, as comments', () => {
    const { path, code, stdout, stderr, text } = template('--json');
    expect([code, stderr]).toEqual([0, '']);
    const { values, parameters, samples } = JSON.parse(stdout);
    expect(samples).toBe(32);
    expect(values.map(({ name, op }: { name: string; op: string }) => `${name} ${op}`)).toEqual([
      ...['input input', 'flatten_out Flatten', 'fc1_out Gemm', 'relu1_out Relu', 'fc2_out Gemm', 'relu2_out Relu'],
      'logits Gemm',
    ]);
    // Pixels are from 0 to 1, of which 127/128 is all that 8 bits with a sign can hold beside zero.
    expect(values[0]).toMatchObject({ low: 0, high: 1, format: 'fixed8.7' });
    expect(values[3].low).toBe(0);
    expect(parameters.map(({ name }: { name: string }) => name).sort()).toEqual(
      ['fc1', 'fc2', 'fc3'].flatMap((layer) => [`${layer}.bias`, `${layer}.weight`]),
    );
    expect(text).toContain('\nvalues:\n  # input, 0 to 1\n  # input: FIXED8_7\n  # Flatten, 0 to 1\n');
    expect(text).toMatch(/\n {2}# weights from -[\d.]+ to [\d.]+\n {2}- match: fc1\.weight\n/);
    expect(text).toMatch(/\n {4}# quantize: \{ weights: FIXED8_\d \}\n/);
    expect(text).toMatch(/\n# {3}- match: fc1\.bias\n# {5}quantize: \{ weights: FIXED8_\d+ \}\n/);
    expect(parseConfig(text, path)).toEqual({
      values: null,
      layers: ['fc1', 'fc2', 'fc3'].map((layer) => ({ match: `${layer}.weight` })),
    });
    expect(Object.keys(parseConfig(withValues(text), path).values ?? {})).toHaveLength(values.length);
  });

  it('gives quantize --config what it rounds values by', () => {
    const { path, text } = template('-q');
    writeFileSync(path, withValues(text));
    const out = join(makeFolder(), 'rounded.onnx');
    const args = ['quantize', LENET, '-o', out, '--config', path];
    const without = fxq(...args);
    expect([without.code, without.stderr]).toEqual([
      2,
      expect.stringContaining('values in a config file, needs --calibrate'),
    ]);
    const data = ['--calibrate', MNIST, '--calibrate-samples', '32', '--json'];
    const { code, stdout } = fxq(...args, ...data, '--value', 'logits=float32');
    expect(code).toBe(0);
    const { form, inputs } = JSON.parse(stdout);
    expect(form).toBe('fake');
    expect(inputs.map(({ name }: { name: string }) => name)).not.toContain('logits');
    const input = inputs.find(({ name }: { name: string }) => name === 'input');
    expect(input).toMatchObject({ format: 'fixed8.7', high: 127 / 128 });
    const judged = fxq('evaluate', out, '--reference', LENET, '--data', MNIST, '--limit', '100', '--json');
    expect(JSON.parse(judged.stdout).agreement).toBeGreaterThan(0.95);
    expect(JSON.parse(judged.stdout).maxAbsDiff).toBeGreaterThan(0);
  });

  it('has what config files say of values checked', () => {
    const check = (text: string) => () => parseConfig(text, 'fxq.yaml');
    expect(check('values:\n  relu1: int99\n')).toThrow(
      /^fxq\.yaml:2:10: values\.relu1: expected a number format|number format/,
    );
    expect(check('values: [int8]\n')).toThrow(/values: expected names of values with number formats/);
    expect(parseConfig('values: { "conv*": FIXED16_12 }\n', 'fxq.yaml')).toEqual({ values: { 'conv*': 'FIXED16_12' } });
  });
});
