/** Whatever a file looks like: its layers are measured as if each had been written to a file of its own. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { randomDataset } from '../../src/data/random.js';
import { evaluate } from '../../src/evaluate/evaluate.js';
import type { Model, Tensor } from '../../src/model/model.js';
import { isPatchable, readWeights } from '../../src/model/weights.js';
import { readInterface } from '../../src/onnx/interface.js';
import { inMemory, openOnnx } from '../../src/onnx/open.js';
import { sensitivity } from '../../src/sensitivity/sensitivity.js';
import { written } from '../stages/support.js';
import { generatedModels } from '../support/models.js';
import { changed, mixed } from './support.js';

const folder = mkdtempSync(join(tmpdir(), 'fxq-sensitivity-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a model with its external data, since ONNX Runtime takes that from files only. */
function save(model: Model, name: string): string {
  const path = join(folder, name, 'model.onnx');
  for (const [i, bytes] of written(model).entries()) {
    const file = i === 0 ? path : join(dirname(path), model.files[i].name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }
  return path;
}

const models = generatedModels().filter(({ runnable }) => runnable);

describe('sensitivity', () => {
  it.each(models)('$name', async ({ bytes, external = {} }) => {
    const original = openOnnx(bytes, { external: (name) => inMemory(name, external[name]) });
    const isChanging = (tensor: Tensor) => isPatchable(tensor) && readWeights(tensor).some((value) => value !== 0);
    const names = original.tensors.filter(isChanging).map(({ name }) => name);
    const compressed = changed(original, names, (value) => Math.fround(value * 0.75));
    const dataset = randomDataset(readInterface(original).inputs);
    const options = { dataset, limit: 2, batchSize: 1, threads: 1 };
    if (readInterface(original).outputs.every(({ type }) => type === 'string')) {
      await expect(sensitivity(original, compressed, options)).rejects.toThrow(/a tensor of numbers, got .*strings/);
      return;
    }
    const { layers, cumulative, skipped } = await sensitivity(original, compressed, options);
    expect(skipped).toEqual([]);
    expect(layers.map(({ name }) => name).sort()).toEqual([...names].sort());
    const reference = save(original, 'original');
    for (const { name, agreement, outputs } of layers) {
      const alone = await evaluate({
        model: save(mixed(original, compressed, [name]), 'alone'),
        reference,
        ...options,
      });
      expect(agreement, name).toBe(alone.agreement);
      const isSame = outputs.every(({ snr }) => snr === null || snr === Number.POSITIVE_INFINITY);
      expect(isSame, name).toBe((alone.maxAbsDiff ?? 0) === 0);
    }
    if (layers.length === 0) return;
    const all = await evaluate({ model: save(compressed, 'all'), reference, ...options });
    expect(cumulative.at(-1)?.agreement).toBe(all.agreement);
  });
});
