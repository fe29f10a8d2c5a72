import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FxqError } from '../../src/errors.js';
import type { Model, Tensor } from '../../src/model/model.js';
import { openOnnx } from '../../src/onnx/open.js';
import { damaged, type HostileModel, hostileModels, truncations } from '../support/hostile.js';
import { type ExpectedTensor, type GeneratedModel, generatedModel, generatedModels } from '../support/models.js';
import { packageModels } from '../support/packages.js';
import { atOddOffset, memoryFiles, memorySource } from '../support/sources.js';

const open = ({ bytes, external }: Pick<GeneratedModel, 'bytes' | 'external'>): Model =>
  openOnnx(bytes, { external: memoryFiles(external) });

const equalBytes = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

/** The tensor that fits an expectation by its content; a name that fits decides between several. */
function find(expected: ExpectedTensor, model: Model, taken: Set<Tensor>): Tensor | undefined {
  const candidates = model.tensors.filter(
    (tensor) =>
      !taken.has(tensor) &&
      (tensor.file === 0 ? undefined : model.files[tensor.file].name) === expected.location &&
      equalBytes(tensor.payload.read(), expected.payload),
  );
  return candidates.find((tensor) => tensor.name === expected.name) ?? candidates[0];
}

function checkTensors(model: Model, expectations: readonly ExpectedTensor[]): void {
  const taken = new Set<Tensor>();
  for (const expected of expectations) {
    const tensor = find(expected, model, taken);
    const about = `${expected.name ?? 'unnamed'} among ${model.tensors.map((each) => each.name).join(', ')}`;
    if (!tensor) {
      expect(expected.optional, `no window holds the payload of ${about}`).toBe(true);
      continue;
    }
    taken.add(tensor);
    const { dtype, dims, form, role, op } = expected;
    const demanded = { dtype, dims, form, ...(role && { role }), ...(op && { op }) };
    expect(tensor, about).toMatchObject(demanded);
    expect(tensor.count).toBe(dims.reduce((product, dim) => product * dim, 1));
    if (expected.clash) expect(tensor.name).toContain(expected.name);
    else if (expected.name !== undefined) expect(tensor.name).toBe(expected.name);
  }
  expect(model.tensors.filter((tensor) => !taken.has(tensor)).map((tensor) => tensor.name)).toEqual([]);
}

/** What holds for every model that opens. */
function checkWindows(model: Model): void {
  expect(new Set(model.tensors.map((tensor) => tensor.name)).size).toBe(model.tensors.length);
  let file = 0;
  let end = 0;
  for (const tensor of model.tensors) {
    expect(tensor.name).not.toBe('');
    if (tensor.file !== file) {
      expect(tensor.file).toBeGreaterThan(file);
      file = tensor.file;
      end = 0;
    }
    expect(tensor.offset).toBeGreaterThanOrEqual(end);
    end = tensor.offset + tensor.length;
    expect(end).toBeLessThanOrEqual(model.files[file].size);
    expect(equalBytes(tensor.payload.read(), model.files[file].read(tensor.offset, end))).toBe(true);
  }
}

/** The error that opening throws; anything but an FxqError is thrown on. */
function refusal(model: Pick<HostileModel, 'bytes' | 'external'>): FxqError | undefined {
  try {
    checkWindows(open(model));
    return undefined;
  } catch (error) {
    if (error instanceof FxqError) return error;
    throw error;
  }
}

describe('generated models', () => {
  it.each(generatedModels())('$name', (generated) => {
    const before = generated.bytes.slice();
    const model = open(generated);
    checkWindows(model);
    checkTensors(model, generated.expect.tensors);
    expect(equalBytes(generated.bytes, before), 'the input is as it was').toBe(true);
    expect(model.appendix.length).toBe(0);
  });

  it.each(generatedModels())('$name, at an odd offset of its buffer', (generated) => {
    const model = open({ ...generated, bytes: atOddOffset(generated.bytes) });
    checkTensors(model, generated.expect.tensors);
  });

  it('open from a ByteSource as well', () => {
    const { bytes, expect: demanded } = generatedModel('Conv');
    const model = openOnnx(memorySource('conv.onnx', bytes));
    expect(model.files[0].name).toBe('conv.onnx');
    checkTensors(model, demanded.tensors);
  });

  it('list external files in order of first use, each once', () => {
    const names = (name: string) =>
      open(generatedModel(name))
        .files.slice(1)
        .map((file) => file.name);
    expect(names('external: several files')).toEqual(['b.bin', 'a.bin', 'c.bin']);
    expect(names('external: several tensors with gaps')).toEqual(['w']);
    expect(names('external: folder')).toEqual(['weights/a.bin']);
  });

  it('refuse to open without their external files, and say which', () => {
    const { bytes } = generatedModel('external: folder');
    expect(() => openOnnx(bytes)).toThrow(
      expect.objectContaining({ code: 'EXTERNAL_DATA', message: expect.stringContaining('weights/a.bin') }),
    );
  });
});

describe('hostile files', () => {
  it.each(hostileModels())('$name', (hostile) => {
    const error = refusal(hostile);
    if (!error) {
      expect(hostile.mayOpen, 'opened').toBe(true);
      return;
    }
    expect([hostile.code, hostile.orCode]).toContain(error.code);
    expect(error.offset !== undefined || error.tensor !== undefined, 'says where').toBe(true);
    expect(error.message.length).toBeGreaterThan(10);
    expect(error.message.length).toBeLessThan(1000);
  });

  it.each(['Gemm', 'If in If', 'Constant sparse_value', 'function that is given its weight', 'external: folder'])(
    '%s: every truncation opens or is refused',
    (name) => {
      const generated = generatedModel(name);
      let refused = 0;
      for (const bytes of truncations(generated.bytes)) {
        const error = refusal({ ...generated, bytes });
        if (error) expect(error.code).toBe('ONNX_MALFORMED');
        if (error) refused++;
      }
      const { message } = refusal({ ...generated, bytes: generated.bytes.subarray(0, -1) }) ?? {};
      expect(message).toContain('cut short, or no ONNX file; get it again');
      // A model may end between two of its fields, and there are only a few places of that kind.
      expect(refused).toBeGreaterThan(generated.bytes.length - 8);
    },
  );

  it.each(['Gemm', 'If in If', 'packed typed fields', 'Constant sparse_value', 'external: folder'])(
    '%s: every damaged byte opens or is refused',
    (name) => {
      const generated = generatedModel(name);
      for (let seed = 1; seed <= 3; seed++) {
        for (const bytes of damaged(generated.bytes, seed)) refusal({ ...generated, bytes });
      }
    },
  );
});

describe('models of real packages', () => {
  /** Operators whose weights make up the model, by a part of the file's name. */
  const layers: Record<string, string[]> = {
    silero: ['Conv', 'LSTM'],
    OCRv4_det: ['Conv', 'ConvTranspose'],
    OCRv4_rec: ['Conv', 'MatMul'],
    mobile: ['Conv', 'MatMul'],
  };

  it.each(packageModels().map((path) => ({ path, name: basename(path) })))('$name', ({ path, name }) => {
    const bytes = readFileSync(path);
    const model = openOnnx(bytes);
    checkWindows(model);
    const sum = (tensors: readonly Tensor[]) => tensors.reduce((total, tensor) => total + tensor.length, 0);
    expect(sum(model.tensors)).toBeGreaterThan(0.9 * bytes.length);
    const weights = model.tensors.filter((tensor) => tensor.role === 'weight');
    expect(sum(weights)).toBeGreaterThan(0.85 * bytes.length);
    const ops = Object.entries(layers).find(([part]) => name.includes(part))?.[1] ?? [];
    expect(ops.length).toBeGreaterThan(0);
    for (const op of ops) expect(weights.map((tensor) => tensor.op)).toContain(op);
    for (const tensor of weights) expect(tensor.dims.length, tensor.name).toBeGreaterThanOrEqual(2);
    // What the weights are to be multiplied with, and added to, is not among them.
    expect(model.tensors.some((tensor) => tensor.role !== 'weight')).toBe(true);
  });
});
