import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encode, modelOf } from '../support/container.js';
import { Random } from '../support/random.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'packed-decoder-'));
const installed = join(folder, 'node_modules/fxq-decode');
const manifest = (path: string) => JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));

/** What the package may take without declarations and maps, which no app loads. */
const MOST_BYTES = 60_000;

describe('the packed decoder', () => {
  const model = modelOf(new Random(5).clustered(30_000, 20));

  beforeAll(async () => {
    const options = { cwd: root, encoding: 'utf8', shell: process.platform === 'win32' } as const;
    const words = ['pack', './packages/fxq-decode', '--json', '--ignore-scripts', '--pack-destination', folder];
    const printed = execFileSync('npm', words, options);
    const [{ filename }] = JSON.parse(printed.slice(printed.indexOf('['))) as [{ filename: string }];
    mkdirSync(installed, { recursive: true });
    execFileSync('tar', ['-xzf', filename, '-C', installed, '--strip-components=1'], { cwd: folder });
    writeFileSync(join(folder, 'model.onnx'), model);
    writeFileSync(join(folder, 'model.fxq'), await encode(model));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is small, and depends on nothing', () => {
    const files = readdirSync(installed, { recursive: true, encoding: 'utf8' }).filter((path) =>
      statSync(join(installed, path)).isFile(),
    );
    const loaded = files.filter((path) => !/\.d\.ts$|\.map$/.test(path));
    expect(loaded.map((path) => path.replaceAll('\\', '/').replace(/-[A-Z0-9]{8}\./, '.')).sort()).toEqual([
      'LICENSE',
      'README.md',
      'dist/chunk.js',
      'dist/decode-worker.js',
      'dist/index.js',
      'package.json',
    ]);
    const bytes = loaded.reduce((sum, path) => sum + statSync(join(installed, path)).size, 0);
    expect(bytes).toBeLessThan(MOST_BYTES);
    const { dependencies, peerDependencies, version } = manifest(installed);
    expect([dependencies, peerDependencies]).toEqual([undefined, undefined]);
    expect(version).toBe(manifest(root).version);
    const text = loaded.map((path) => readFileSync(join(installed, path), 'utf8')).join('\n');
    expect(text).not.toMatch(/["']node:|\beval\(|\bFunction\(/);
  });

  it('decodes, here and in a thread, as the same source does', () => {
    writeFileSync(
      join(folder, 'use.mjs'),
      `import { readFileSync } from 'node:fs';
      import { decode, decodeForOrt, inspect } from 'fxq-decode';
      const container = readFileSync('model.fxq');
      const model = readFileSync('model.onnx');
      const same = [];
      for (const worker of [false, true]) same.push(Buffer.compare(await decode(container, { worker, verify: 'all' }), model));
      const { externalData } = await decodeForOrt(container, { worker: true });
      const { name, code } = await decode(container.subarray(0, 50), { worker: true }).catch((error) => error);
      console.log(JSON.stringify({ same, tensors: (await inspect(container)).tensors.length, external: externalData.length, name, code }));`,
    );
    const run = () =>
      execFileSync(process.execPath, ['use.mjs'], { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    expect(JSON.parse(run())).toEqual({
      same: [0, 0],
      tensors: 1,
      external: 1,
      name: 'FxqError',
      code: 'CONTAINER_MALFORMED',
    });
  });
});
