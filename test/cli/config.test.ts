import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/cli/config.js';
import { FxqError } from '../../src/errors.js';
import { inspectOnnx } from '../../src/inspect/inspect.js';
import { openOnnx } from '../../src/onnx/open.js';
import { filesIn, fxq, LENET, makeFolder, putModel } from './support.js';

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
    [
      'prun: {}',
      '1:1: prun: unknown key "prun" (did you mean "prune"?); allowed: include, exclude, prune, cluster, quantize, values, layers',
    ],
    [
      'prune: { densty: 1 }',
      '1:10: prune.densty: unknown key "densty" (did you mean "density"?); allowed: density, threshold, quality, scope',
    ],
    [
      'layers:\n  - match: a\n  - match: b\n    prune:\n      share: 1',
      '5:7: layers[1].prune.share: unknown key "share"; allowed: density, threshold, quality',
    ],
    [
      'layers: [{ match: a, prune: { scope: layer } }]',
      '1:31: layers[0].prune.scope: unknown key "scope"; allowed: density, threshold, quality',
    ],
    ['a b: 1', '1:1: ["a b"]: unknown key "a b"; allowed: include, exclude, prune, cluster, quantize, values, layers'],
    ['1: 1', '1:1: 1: unknown key "1"; allowed: include, exclude, prune, cluster, quantize, values, layers'],
    ['layers: [{ prune: { density: 1 } }]', '1:10: layers[0]: expected a key "match"'],
    ['layers:\n- match: a\n- prune: { density: 1 }', '3:3: layers[1]: expected a key "match"'],
    ['layers: { match: a }', '1:9: layers: expected a list of rules, got {"match":"a"}'],
    ['layers: [a]', '1:10: layers[0]: expected keys and values, got "a"'],
    ['\nprune: 0.1', '2:8: prune: expected keys and values, got 0.1'],
    ['prune:', '1:7: prune: expected keys and values, got null'],
    ['cluster: true', '1:10: cluster: expected keys and values or false, got true'],
    ['prune: { density: "10%" }', '1:19: prune.density: expected a number from 0 to 1, got "10%"'],
    ['prune: { density: 10 }', '1:19: prune.density: expected a number from 0 to 1, got 10'],
    ['prune: { quality: .inf }', '1:19: prune.quality: expected a number of at least 0, got Infinity'],
    ['cluster: { bits: 4.5 }', '1:18: cluster.bits: expected a whole number from 1 to 10, got 4.5'],
    [
      'prune: { quality: 1, density: 1 }',
      '1:22: prune.density: expected one of density, threshold, quality, got density after quality',
    ],
    ['cluster: { init: best }', '1:18: cluster.init: expected one of linear, density, random, kmeans++, got "best"'],
    ['include: op:Conv', '1:10: include: expected a list of selectors, got "op:Conv"'],
    ['exclude: [1]', '1:11: exclude[0]: expected a selector, got 1'],
    ['include: ["op:"]', '1:11: include[0]: selector "op:": expected a pattern, got nothing'],
    ['[]', '1:1: the file: expected keys and values, got []'],
    [
      '# one\n__proto__: { a: 1 }',
      '2:1: __proto__: unknown key "__proto__"; allowed: include, exclude, prune, cluster, quantize, values, layers',
    ],
    ['prune: {}\nprune: {}', '2:1: Map keys must be unique'],
    [
      'prune: {}\r\ncluster: { bit: 1 }',
      '2:12: cluster.bit: unknown key "bit" (did you mean "bits"?); allowed: bits, clusters, snr, init, seed, values, centroids',
    ],
    ['include: [a]\nprune: *one', '2:8: Unresolved alias (the anchor must be set before the alias): one'],
  ])('%j is refused', (text, message) => {
    expect(problem(text)).toBe(`fxq.yaml:${message}`);
  });

  it('tells of what an alias stands for where that is written', () => {
    const text = 'layers:\n  - match: a\n    cluster: &few { bits: 40 }\n  - { match: b, cluster: *few }\n';
    expect(problem(text)).toBe('fxq.yaml:3:27: layers[0].cluster.bits: expected a whole number from 1 to 10, got 40');
    const other = 'prune: &all { density: 0.5, scope: layer }\nlayers: [{ match: a, prune: *all }]\n';
    expect(problem(other)).toMatch(/^fxq\.yaml:1:29: layers\[0\]\.prune\.scope: unknown key/);
  });

  it('refuses a circle of aliases', () => {
    expect(problem('prune: &a { density: *a }')).toBe(
      'fxq.yaml:1:11: prune.density: expected a number from 0 to 1, got a value that contains itself',
    );
    expect(problem('layers: &a [*a]')).toMatch(/^fxq\.yaml:1:12: layers\[0\]: expected keys and values, got /);
  });

  it('has the place of every value, whatever the style', () => {
    const values = ['include', 'prune.density', 'layers[0].match', 'layers[1].cluster.init'];
    const text = (bad: string) => {
      const value = (at: string, good: string) => (at === bad ? '{ bad: here }' : good);
      return `# options
include: ${value('include', '[a]')}
"prune":
    'density'   :   ${value('prune.density', '0.5')} # half
layers:
- match: ${value('layers[0].match', '>-\n    a')}
-
  { "match": b, cluster: { init: ${value('layers[1].cluster.init', 'linear')} } }
`;
    };
    expect(problem(text(''))).toEqual(expect.objectContaining({ include: ['a'] }));
    for (const at of values) {
      const before = text(at).split('{ bad')[0].split('\n');
      const place = `${before.length}:${(before.at(-1) ?? '').length + 1}`;
      expect(problem(text(at))).toMatch(`fxq.yaml:${place}: ${at}: expected `);
    }
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
    const { code, stdout } = fxq('compress', LENET, '-o', path('m.fxq'), ...args);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^time: .*\(prune [^,]+, encode [^,]+, verify [^,]+\)$/m);
    expect(fxq('prune', LENET, '-o', path('m.onnx'), ...args, '-q').code).toBe(0);
    const found = tensors(path('m.onnx'));
    expect([found['fc2.weight'].density, found['fc3.weight'].density]).toEqual([1, 0.5]);
  });

  it('warns of rules for what is left alone', () => {
    const { path, args } = setUp('exclude: [fc3*]\nlayers: [{ match: fc3*, cluster: { bits: 4 } }]\n');
    const { code, stdout, stderr } = fxq('cluster', LENET, '-o', path('m.onnx'), ...args, '--bits', '4', '--json');
    expect(code).toBe(0);
    const warning = 'layers: "fc3*" matches no tensor that is worked on';
    expect(stderr.split('\n')[0]).toBe(`warning: ${warning}`);
    expect(JSON.parse(stdout).warnings).toEqual([warning, 'accuracy was not measured']);
  });

  it('refuses selectors that match nothing, with what is most like them', () => {
    const { path, args } = setUp('layers: [{ match: fc4.weight, cluster: { bits: 4 } }]\n');
    const inFile = fxq('cluster', LENET, '-o', path('m.onnx'), ...args, '--bits', '4');
    expect([inFile.code, inFile.stdout]).toEqual([2, '']);
    expect(inFile.stderr).toMatch(
      /^error: config: layers "fc4\.weight": matches no tensor; the nearest names are fc1\.weight, fc2\.weight, /,
    );
    for (const [flags, told] of [
      [['--include', 'nope*'], /^error: --include "nope\*": matches no tensor; the nearest names are .*fc/],
      [['--exclude', 'op:Conv'], /^error: --exclude "op:Conv": matches no tensor; the nearest operators are Gemm /],
      [['--include', 'role:wieght'], /^error: .*; the nearest roles are weight, /],
    ] as const) {
      for (const command of ['compress', 'prune', 'cluster']) {
        const target = command === 'prune' ? ['--density', '0.5'] : [];
        const { code, stderr } = fxq(command, LENET, '-o', path('m'), ...target, ...flags);
        expect([code, stderr]).toEqual([2, expect.stringMatching(told)]);
      }
    }
    expect(Object.keys(filesIn(path('.')))).toHaveLength(1);
  });

  it('does not warn of float16 weights in int32_data, which are changed, too', () => {
    const { path, args } = setUp('layers: [{ match: W, cluster: { clusters: 2 } }]\n');
    const input = putModel(path('.'), 'int32_data of float16 bits');
    const { code, stdout } = fxq('cluster', input, '-o', path('m.onnx'), ...args, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout).warnings).toEqual([]);
    expect(tensors(path('m.onnx')).W.clusters).toBeLessThanOrEqual(3);
  });

  it('that is wrong ends with 2 and writes nothing', () => {
    for (const [text, message] of [
      ['prune: { densty: 0.1 }', /fxq\.yaml:1:10: prune\.densty: unknown key "densty" .*; allowed: .* \(CONFIG\)\n$/],
      ['prune: { density: 3 }', /fxq\.yaml:1:19: prune\.density: expected a number from 0 to 1, got 3 \(CONFIG\)\n$/],
      ['prune: { scope: layer }', /^error: prune: expected a density, a threshold or a quality\n$/],
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
