import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Model } from '../../src/model/model.js';
import { openOnnx } from '../../src/onnx/open.js';
import { writeOnnx } from '../../src/onnx/write.js';
import { prune } from '../../src/stages/prune.js';
import { generatedModels } from '../support/models.js';
import { packageModels } from '../support/packages.js';
import { memoryFiles } from '../support/sources.js';

function write(model: Model): Buffer[] {
  const pieces: Uint8Array[][] = model.files.map(() => []);
  let last = 0;
  for (const { file, bytes } of writeOnnx(model)) {
    expect(file).toBeGreaterThanOrEqual(last);
    last = file;
    pieces[file].push(bytes.slice());
  }
  return pieces.map((each) => Buffer.concat(each));
}

const filesOf = (model: Model) => model.files.map((file) => Buffer.from(file.read(0, file.size)));

describe('writeOnnx', () => {
  it.each(generatedModels())('gives back $name', ({ bytes, external }) => {
    const model = openOnnx(bytes, { external: memoryFiles(external) });
    expect(write(model)).toEqual(filesOf(model));
  });

  it.each(packageModels().map((path) => [basename(path), path]))('gives back %s', (_, path) => {
    const bytes = readFileSync(path);
    expect(write(openOnnx(bytes))[0].equals(bytes)).toBe(true);
  });

  it('writes what a stage changed, and its record at the end', async () => {
    const bytes = new Uint8Array(readFileSync('models/lenet-300-100.onnx'));
    const model = openOnnx(bytes);
    const pruned = await prune({ density: 0.5 }).run(model, {});
    const [written] = write(pruned);
    expect(written.length).toBe(bytes.length + pruned.appendix.length);
    const windows = model.tensors.filter(({ role }) => role === 'weight');
    const isInside = (at: number) => windows.some(({ offset, length }) => at >= offset && at < offset + length);
    expect(bytes.every((byte, at) => written[at] === byte || isInside(at))).toBe(true);
    const again = openOnnx(new Uint8Array(written));
    for (const [i, tensor] of again.tensors.entries()) {
      expect(Buffer.compare(tensor.payload.read(), pruned.tensors[i].payload.read())).toBe(0);
    }
  });

  it('tells its progress and stops between two tensors', () => {
    const model = openOnnx(new Uint8Array(readFileSync('models/lenet-300-100.onnx')));
    const shares: number[] = [];
    for (const _ of writeOnnx(model, { onProgress: (share) => shares.push(share) }));
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares.at(-1)).toBeGreaterThan(0.99);
    const controller = new AbortController();
    expect(() => {
      for (const _ of writeOnnx(model, { signal: controller.signal })) controller.abort();
    }).toThrowError(expect.objectContaining({ code: 'ABORTED' }));
  });
});
