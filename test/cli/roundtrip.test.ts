import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../../src/cli/program.js';
import { generatedModels } from '../support/models.js';
import { packageModels } from '../support/packages.js';
import { filesIn, fxq, makeFolder, putModel } from './support.js';

describe('encode and decode give back every byte', () => {
  it.each(packageModels().map((path) => [basename(path), path]))('%s', (_, path) => {
    const folder = makeFolder();
    const [container, rebuilt] = [join(folder, 'model.fxq'), join(folder, 'model.onnx')];
    expect(fxq('encode', path, '-o', container, '-q')).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(fxq('decode', container, '-o', rebuilt, '-q')).toEqual({ code: 0, stdout: '', stderr: '' });
    const files = filesIn(folder);
    expect(files['model.onnx'].equals(readFileSync(path))).toBe(true);
    expect(files['model.fxq'].length).toBeLessThan(files['model.onnx'].length);
  });

  it('also of generated models, clustered or not', async () => {
    const silent = { stdout: { write: () => true }, stderr: { write: () => true } };
    for (const model of generatedModels().filter(({ external }) => !external)) {
      const folder = makeFolder();
      const path = putModel(folder, model);
      const [container, rebuilt] = [join(folder, 'm.fxq'), join(folder, 'm.onnx')];
      expect(await run(['encode', path, '-o', container], silent), model.name).toBe(0);
      expect(await run(['decode', container, '-o', rebuilt, '--verify'], silent), model.name).toBe(0);
      expect(filesIn(folder)['m.onnx'].equals(model.bytes), model.name).toBe(true);
    }
  });
});
