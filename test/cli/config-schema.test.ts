import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { configSchema, parseConfig } from '../../src/cli/config.js';
import { FxqError } from '../../src/errors.js';
import { cluster } from '../../src/stages/cluster.js';
import { prune } from '../../src/stages/prune.js';
import { accepts } from '../support/json-schema.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const schema = configSchema();

const isRead = (text: string) => {
  try {
    parseConfig(text, 'fxq.yaml');
    return true;
  } catch (error) {
    if (error instanceof FxqError && error.code === 'CONFIG') return false;
    throw error;
  }
};

describe('the schema of config files', () => {
  const bundled = readdirSync(join(root, 'models')).filter((name) => name.endsWith('.yaml'));

  it.each(bundled)('accepts %s', (name) => {
    const text = readFileSync(join(root, 'models', name), 'utf8');
    expect(accepts(schema, parse(text))).toBe(true);
    expect(isRead(text)).toBe(true);
  });

  const good = [
    '{}',
    'include: []',
    'include: ["*", op:Conv, name:role, "role:*", "other:", "op:\\n", "\\n"]',
    'prune: {}',
    'prune: { density: 0, scope: global }',
    'prune: { threshold: 1e300 }',
    'cluster: false',
    'cluster: { bits: 10, init: kmeans++, seed: 4294967295, centroids: native }',
    'cluster: { clusters: 1023.0 }',
    'layers: []',
    'layers: [{ match: a }, { match: b, prune: { quality: 1 }, cluster: { snr: 100 } }]',
  ];
  const bad = [
    '[]',
    'a',
    '1',
    'prun: {}',
    'include: a',
    'include: [""]',
    'include: ["op:"]',
    'include: ["name:"]',
    'exclude: [1]',
    'exclude: [[a]]',
    'prune:',
    'prune: []',
    'prune: 0.1',
    'prune: false',
    'prune: { densty: 1 }',
    'prune: { density: "1" }',
    'prune: { density: null }',
    'prune: { density: 1, quality: 1 }',
    'prune: { threshold: 1, density: 1 }',
    'prune: { scope: all }',
    'prune: { constructor: 1 }',
    'cluster: true',
    'cluster:',
    'cluster: { bits: 1.5 }',
    'cluster: { bits: 4, clusters: 16, snr: 40 }',
    'cluster: { init: 1 }',
    'cluster: { centroids: float32 }',
    'cluster: { seed: -1 }',
    'layers: {}',
    'layers: [a]',
    'layers: [{}]',
    'layers: [{ match: [a] }]',
    'layers: [{ match: a, scope: layer }]',
    'layers: [{ match: a, cluster: false }]',
    'layers: [{ match: a, cluster: { seed: 1 } }]',
    'layers: [{ match: a, prune: { density: 2 } }]',
    'layers: [{ match: a }, { prune: { density: 1 } }]',
  ];

  it.each(good)('accepts what is read: %j', (text) => {
    expect([isRead(text), accepts(schema, parse(text))]).toEqual([true, true]);
  });

  it.each(bad)('refuses what is refused: %j', (text) => {
    expect([isRead(text), accepts(schema, parse(text))]).toEqual([false, false]);
  });

  it('has the ranges of the stages', () => {
    const isTaken = (build: () => unknown) => {
      try {
        build();
        return true;
      } catch (error) {
        if (error instanceof RangeError) return false;
        throw error;
      }
    };
    const values = [
      -1,
      -1e-9,
      0,
      0.5,
      1,
      1 + 1e-9,
      9.5,
      10,
      11,
      100,
      101,
      1023,
      1024,
      2 ** 31 + 5,
      2 ** 32 - 1,
      2 ** 32,
      2 ** 53,
      1e300,
    ];
    for (const value of values) {
      for (const key of ['density', 'threshold', 'quality']) {
        const expected = isTaken(() => prune({ [key]: value }));
        expect(isRead(`prune: { ${key}: ${value} }`), `${key} ${value}`).toBe(expected);
        expect(accepts(schema, { prune: { [key]: value } }), `${key} ${value}`).toBe(expected);
      }
      for (const key of ['bits', 'clusters', 'snr', 'seed']) {
        const expected = isTaken(() => cluster({ [key]: value }));
        expect(isRead(`cluster: { ${key}: ${value} }`), `${key} ${value}`).toBe(expected);
        expect(accepts(schema, { cluster: { [key]: value } }), `${key} ${value}`).toBe(expected);
      }
    }
  });

  it('says what every key is', () => {
    const visit = (at: Record<string, unknown>, path: string) => {
      for (const [key, each] of Object.entries((at.properties ?? {}) as Record<string, Record<string, unknown>>)) {
        expect(each.description, `${path}.${key}`).toMatch(/\.$/);
        visit(each, `${path}.${key}`);
      }
    };
    visit(schema, '');
    expect(Object.keys(schema.properties as object)).toEqual([
      'include',
      'exclude',
      'prune',
      'cluster',
      'quantize',
      'values',
      'layers',
    ]);
  });

  it('ships with the package', () => {
    const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const shipped = JSON.parse(readFileSync(join(root, exports['./config.schema.json']), 'utf8'));
    expect(shipped).toEqual(schema);
  });
});
