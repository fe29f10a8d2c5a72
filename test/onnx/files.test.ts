import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type ErrorCode, FxqError } from '../../src/errors.js';
import { openOnnxFile, readWhole } from '../../src/onnx/files.js';
import { type GeneratedModel, generatedModel, generatedModels } from '../support/models.js';

const folders: string[] = [];

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fxq-test-'));
  folders.push(folder);
  return folder;
}

function put(folder: string, { bytes, external = {} }: GeneratedModel): string {
  for (const [location, data] of Object.entries(external)) {
    mkdirSync(dirname(join(folder, location)), { recursive: true });
    writeFileSync(join(folder, location), data);
  }
  writeFileSync(join(folder, 'model.onnx'), bytes);
  return join(folder, 'model.onnx');
}

function errorOf(work: () => unknown): { code: ErrorCode; message: string } {
  try {
    work();
  } catch (error) {
    if (error instanceof FxqError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('expected an error');
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const folderModel = () => generatedModel('external: folder');

describe('openOnnxFile', () => {
  it.each(generatedModels().filter(({ external }) => external))('$name', (generated) => {
    const folder = makeFolder();
    const { model, paths, close } = openOnnxFile(put(folder, generated));
    expect(paths).toEqual(
      ['model.onnx', ...model.files.slice(1).map(({ name }) => name)].map((name) => join(folder, name)),
    );
    for (const expected of generated.expect.tensors.filter(({ optional }) => !optional)) {
      const tensor = model.tensors.find(({ name }) => name === expected.name) ?? model.tensors.at(-1);
      expect(tensor?.payload.read()).toEqual(expected.payload);
    }
    close();
  });

  it('reads external data when it is asked for, not before', () => {
    const folder = makeFolder();
    const path = put(folder, folderModel());
    const { model, close } = openOnnxFile(path);
    const data = join(folder, 'weights', 'a.bin');
    writeFileSync(data, new Uint8Array(64).fill(7));
    expect(model.tensors[0].payload.read()).toEqual(new Uint8Array(64).fill(7));
    truncateSync(data, 10);
    expect(errorOf(() => model.tensors[0].payload.read())).toEqual({
      code: 'EXTERNAL_DATA',
      message: 'external data file "weights/a.bin": has become shorter while it was read (byte 10)',
    });
    close();
    close();
    expect(errorOf(() => model.tensors[0].payload.read()).code).toBe('EXTERNAL_DATA');
  });

  it('says which external file is missing, or no file', () => {
    const folder = makeFolder();
    const path = put(folder, folderModel());
    rmSync(join(folder, 'weights', 'a.bin'));
    const missing = errorOf(() => openOnnxFile(path));
    expect(missing.code).toBe('EXTERNAL_DATA');
    expect(missing.message).toMatch(/"weights\/a\.bin" is missing; put it beside the model/);
    mkdirSync(join(folder, 'weights', 'a.bin'));
    expect(errorOf(() => openOnnxFile(path)).message).toMatch(/expected a file, got a folder/);
  });

  it('follows links only inside of the folder', () => {
    const [folder, elsewhere] = [makeFolder(), makeFolder()];
    const path = put(folder, folderModel());
    const data = join(folder, 'weights', 'a.bin');
    writeFileSync(join(elsewhere, 'secret'), readFileSync(data));
    rmSync(data);
    symlinkSync(join(elsewhere, 'secret'), data);
    expect(errorOf(() => openOnnxFile(path))).toEqual({
      code: 'EXTERNAL_DATA',
      message: `external data file "weights/a.bin": leads outside of the model's folder; put the file itself beside the model`,
    });

    rmSync(join(folder, 'weights'), { recursive: true });
    symlinkSync(elsewhere, join(folder, 'weights'));
    writeFileSync(join(elsewhere, 'a.bin'), new Uint8Array(64));
    expect(errorOf(() => openOnnxFile(path)).code).toBe('EXTERNAL_DATA');

    rmSync(join(folder, 'weights'));
    mkdirSync(join(folder, 'weights'));
    writeFileSync(join(folder, 'real.bin'), new Uint8Array(64));
    symlinkSync('../real.bin', data);
    openOnnxFile(path).close();
  });

  it('opens a model that is a link itself, with its data beside link or file', () => {
    const [folder, store] = [makeFolder(), makeFolder()];
    put(folder, folderModel());
    writeFileSync(join(store, 'blob'), readFileSync(join(folder, 'model.onnx')));
    rmSync(join(folder, 'model.onnx'));
    symlinkSync(join(store, 'blob'), join(folder, 'model.onnx'));
    openOnnxFile(join(folder, 'model.onnx')).close();
    writeFileSync(join(store, 'data'), new Uint8Array(64));
    rmSync(join(folder, 'weights', 'a.bin'));
    symlinkSync(join(store, 'data'), join(folder, 'weights', 'a.bin'));
    openOnnxFile(join(folder, 'model.onnx')).close();
  });
});

describe('readWhole', () => {
  it('reads a file, also an empty one', () => {
    const path = join(makeFolder(), 'file');
    writeFileSync(path, 'abc');
    expect(String(Buffer.from(readWhole(path)))).toBe('abc');
    writeFileSync(path, '');
    expect(readWhole(path)).toHaveLength(0);
  });

  it('says what to do about what it cannot read', () => {
    const folder = makeFolder();
    expect(errorOf(() => readWhole(join(folder, 'no')))).toEqual({
      code: 'IO',
      message: `${join(folder, 'no')}: no such file; check the path`,
    });
    expect(errorOf(() => readWhole(folder)).message).toBe(`${folder}: expected a file, got a folder`);
  });
});
