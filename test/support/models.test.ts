/** The generated models are what they claim to be: other readers of ONNX agree. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import onnxProto from 'onnx-proto';
import { InferenceSession } from 'onnxruntime-node';
import { afterAll, describe, expect, it } from 'vitest';
import { type GeneratedModel, generatedModels } from './models.js';
import { packageModels } from './packages.js';

const models = generatedModels();
const runnable = models.filter((model) => model.runnable);

const folder = mkdtempSync(join(tmpdir(), 'fxq-models-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** protobufjs replaces a repeated message instead of merging it; onnx-proto is older than attribute_proto. */
const BEYOND_ONNX_PROTO = new Set(['graph in two parts', 'function with a tensor as the default of an attribute']);

const fingerprint = (model: GeneratedModel) => createHash('sha256').update(model.bytes).digest('hex');

function save(model: GeneratedModel, index: number): string {
  const path = join(folder, String(index), 'model.onnx');
  for (const [location, bytes] of [['model.onnx', model.bytes] as const, ...Object.entries(model.external ?? {})]) {
    mkdirSync(dirname(join(dirname(path), location)), { recursive: true });
    writeFileSync(join(dirname(path), location), bytes);
  }
  return path;
}

/** The payloads that onnx-proto finds, at any depth. */
function payloads(value: unknown, found: Uint8Array[] = []): Uint8Array[] {
  if (value instanceof Uint8Array) found.push(value);
  else if (Array.isArray(value)) {
    if (value.every((item) => typeof item === 'number')) found.push(new Uint8Array(Float32Array.from(value).buffer));
    else for (const item of value) payloads(item, found);
  } else if (value && typeof value === 'object') for (const item of Object.values(value)) payloads(item, found);
  return found;
}

describe('generated models', () => {
  it('have unique names', () => {
    expect(new Set(models.map((model) => model.name)).size).toBe(models.length);
  });

  it('are the same each time', () => {
    expect(generatedModels().map(fingerprint)).toEqual(models.map(fingerprint));
  });

  it.each(models)('$name: onnx-proto finds the payloads', ({ name, bytes, expect: { tensors } }) => {
    if (BEYOND_ONNX_PROTO.has(name)) return;
    const decoded = onnxProto.onnx.ModelProto.decode(bytes);
    const found = payloads(decoded).map((payload) => Buffer.from(payload));
    for (const tensor of tensors) {
      if (tensor.location !== undefined || tensor.optional) continue;
      if (tensor.form === 'varint' || tensor.dtype === 'float64' || tensor.dtype === 'complex128') continue;
      expect(found.some((payload) => payload.equals(tensor.payload), tensor.name)).toBe(true);
    }
  });

  it.each(runnable)('$name: ONNX Runtime makes a session', async (model) => {
    const session = await InferenceSession.create(save(model, models.indexOf(model)), { logSeverityLevel: 4 });
    expect(session.outputNames.length).toBeGreaterThan(0);
    await session.release();
  });
});

describe('package models', () => {
  it('are there', () => {
    expect(packageModels().length).toBeGreaterThanOrEqual(6);
  });
});
