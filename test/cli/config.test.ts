import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/cli/config.js';
import { FxqError } from '../../src/errors.js';
import { openOnnx } from '../../src/onnx/open.js';
import { inspectOnnx } from '../../src/report/inspect.js';
import { filesIn, fxq, LENET, makeFolder } from './support.js';

const problem = (text: string) => {
  try {
    return parseConfig(text, 'fxq.yaml');
  } catch (error) {
    if (error instanceof FxqError && error.code === 'CONFIG' && error.file === 'fxq.yaml') return error.message;
    throw error;
  }
};

describe('a config file', () => {
  it('says for layers what the options say for all', () => {
    const text = `
include: ["role:weight"]
exclude: ["fc3*"]
prune: { density: 0.1, scope: layer }
cluster: { bits: 5, init: linear, seed: 3, centroids: native }
layers:
  - match: "conv*"
    prune: { density: 0.66 }
    cluster: { bits: 8 }
`;
    expect(parseConfig(text, 'fxq.yaml')).toEqual({
      include: ['role:weight'],
      exclude: ['fc3*'],
      prune: { density: 0.1, scope: 'layer' },
      cluster: { bits: 5, init: 'linear', seed: 3, centroids: 'native' },
      layers: [{ match: 'conv*', prune: { density: 0.66 }, cluster: { bits: 8 } }],
    });
  });

  it('may be empty, and may turn clustering off', () => {
    expect(parseConfig('', 'x')).toEqual({});
    expect(parseConfig('# nothing\n', 'x')).toEqual({});
    expect(parseConfig('cluster: false', 'x')).toEqual({ cluster: false });
  });

  it.each([
    ['prun: {}', 'unknown key "prun"; allowed: include, exclude, prune, cluster, layers'],
    ['prune: { densty: 1 }', 'unknown key "densty" in prune; allowed: density, threshold, quality, scope'],
    [
      'layers: [{ match: a, prune: { scope: layer } }]',
      'unknown key "scope" in layers[0].prune; allowed: density, threshold, quality',
    ],
    ['layers: [{ prune: { density: 1 } }]', 'layers[0]: expected a key "match"'],
    ['layers: { match: a }', 'layers: expected a list, got {"match":"a"}'],
    ['prune: 0.1', 'prune: expected keys and values, got 0.1'],
    ['prune:', 'prune: expected keys and values, got null'],
    ['prune: { density: "10%" }', 'prune.density: expected a number, got "10%"'],
    ['cluster: { init: best }', 'cluster.init: expected one of linear, density, random, kmeans++, got "best"'],
    ['include: op:Conv', 'include: expected a list of selectors, got "op:Conv"'],
    ['exclude: [1]', 'exclude[0]: expected a selector, got 1'],
    ['include: ["op:"]', 'selector "op:": expected a pattern, got nothing'],
    ['[]', 'the file: expected keys and values, got []'],
    ['__proto__: { a: 1 }', 'unknown key "__proto__"; allowed: include, exclude, prune, cluster, layers'],
    ['prune: {}\nprune: {}', 'line 2, column 1: Map keys must be unique'],
  ])('%j is refused', (text, message) => {
    expect(problem(text)).toBe(`fxq.yaml: ${message}`);
  });

  it('cannot grow without bound', () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefgh']
      .map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefg'[i]}`).join()}]`)
      .join('\n')}`;
    expect(problem(bomb)).toMatch(/^fxq\.yaml: /);
  });
});

describe('--config', () => {
  const setUp = (text: string) => {
    const folder = makeFolder();
    writeFileSync(join(folder, 'fxq.yaml'), text);
    const path = (name: string) => join(folder, name);
    return { path, args: ['--config', path('fxq.yaml')] };
  };
  const tensors = (path: string) => {
    const report = inspectOnnx(openOnnx(new Uint8Array(readFileSync(path))));
    return Object.fromEntries(report.tensors.map((tensor) => [tensor.name, tensor]));
  };

  it('gives layers their own options; options of the command line stand above its defaults', () => {
    const { path, args } = setUp(
      'prune: { threshold: 9 }\ncluster: { bits: 2 }\nlayers:\n  - { match: fc2*, prune: { density: 0.5 }, cluster: { bits: 4 } }\n',
    );
    const packed = fxq('compress', LENET, '-o', path('m.fxq'), ...args, '--density', '0.2', '--bits', '3', '-q');
    expect(packed).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(fxq('decode', path('m.fxq'), '-o', path('m.onnx'), '-q').code).toBe(0);
    const found = tensors(path('m.onnx'));
    expect(found['fc1.weight']).toMatchObject({ density: 0.2, clusters: 8 });
    expect(found['fc2.weight']).toMatchObject({ density: 0.5, clusters: 16 });
    expect(found['fc3.weight']).toMatchObject({ density: 0.2 });
    expect(found['fc1.bias']).toMatchObject({ density: 1, weightBits: 32 });
  });

  it('with rules only leaves other layers alone', () => {
    const { path, args } = setUp('layers: [{ match: fc3.weight, prune: { density: 0.5 } }]\ncluster: false\n');
    const { code, stderr } = fxq('compress', LENET, '-o', path('m.fxq'), ...args);
    expect([code, stderr.match(/^\w+/gm)]).toEqual([0, ['prune', 'encode', 'verify']]);
    expect(fxq('prune', LENET, '-o', path('m.onnx'), ...args, '-q').code).toBe(0);
    const found = tensors(path('m.onnx'));
    expect([found['fc2.weight'].density, found['fc3.weight'].density]).toEqual([1, 0.5]);
  });

  it('warns of what matches nothing', () => {
    const { path, args } = setUp(
      'exclude: [fc3*]\nlayers: [{ match: conv*, cluster: { bits: 4 } }, { match: fc3*, cluster: { bits: 4 } }]\n',
    );
    const { code, stderr } = fxq('cluster', LENET, '-o', path('m.onnx'), ...args, '--bits', '4');
    expect(code).toBe(0);
    expect(stderr.split('\n').slice(0, 2)).toEqual([
      'warning: layers: "conv*" matches no tensor',
      'warning: layers: "fc3*" matches no tensor that is worked on',
    ]);
    const json = fxq('cluster', LENET, '-o', path('m.onnx'), ...args, '--bits', '4', '--json', '-q');
    expect(JSON.parse(json.stdout).warnings).toHaveLength(2);
    const nothing = fxq('cluster', LENET, '-o', path('m.onnx'), '--include', 'dtype:int8');
    expect(nothing.stderr).toContain('warning: no floating-point tensor is selected: nothing is changed\n');
  });

  it('that is wrong ends with 2 and writes nothing', () => {
    for (const [text, message] of [
      ['prune: { densty: 0.1 }', /fxq\.yaml: unknown key "densty" in prune; allowed: .* \(CONFIG\)\n$/],
      ['prune: { density: 3 }', /^error: prune: expected a density from 0 to 1, got 3\n$/],
      [
        'layers: [{ match: a*, prune: { density: 1, quality: 1 } }]',
        /^error: prune: expected one of density, .*, got 2\n$/,
      ],
    ] as const) {
      const { path, args } = setUp(text);
      const { code, stdout, stderr } = fxq('compress', LENET, '-o', path('m.fxq'), ...args);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(message);
      expect(Object.keys(filesIn(path('.')))).toHaveLength(1);
    }
  });

  it('with two rules that contradict each other names tensor and rules', () => {
    const { path, args } = setUp(
      'layers: [{ match: fc*, cluster: { bits: 4 } }, { match: op:Gemm, cluster: { bits: 5 } }]\n',
    );
    const { code, stderr } = fxq('compress', LENET, '-o', path('m.fxq'), ...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(/fc1\.weight: rule "op:Gemm" says bits 5, rule "fc\*" says 4/);
  });

  it('that is missing is a file that cannot be read', () => {
    const { path } = setUp('');
    const { code, stderr } = fxq('compress', LENET, '-o', path('m.fxq'), '--config', path('no.yaml'));
    expect([code, stderr]).toEqual([1, `error: ${path('no.yaml')}: no such file; check the path (IO)\n`]);
  });
});
