import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { onnx } from 'onnx-proto';
import * as ort from 'onnxruntime-node';
import { expect } from 'vitest';
import type { Model } from '../../../src/model/model.js';
import { decodeModel } from '../../../src/onnx/decode-model.js';
import { readInterface } from '../../../src/onnx/interface.js';
import { inMemory, openOnnx } from '../../../src/onnx/open.js';
import { writeOnnx } from '../../../src/onnx/write.js';
import type { GeneratedModel } from '../../support/models.js';
import { Random } from '../../support/random.js';

export function openGenerated({ bytes, external = {} }: GeneratedModel): Model {
  const file = (location: string) => external[location] && inMemory(location, external[location]);
  return openOnnx(bytes, { external: file });
}

/** The files of a model as they would be written, by name; the model file first. */
export function filesOf(model: Model): Map<string, Buffer> {
  const pieces = model.files.map((): Uint8Array[] => []);
  for (const { file, bytes } of writeOnnx(model)) pieces[file].push(bytes);
  return new Map(pieces.map((parts, i) => [i === 0 ? 'model.onnx' : model.files[i].name, Buffer.concat(parts)]));
}

export function mainOf(model: Model): Buffer {
  return filesOf(model).get('model.onnx') as Buffer;
}

/** The model that comes of writing a model and opening it again. */
export function reopened(model: Model): Model {
  const files = filesOf(model);
  return openOnnx(mainOf(model), {
    external: (location) => {
      const bytes = files.get(location);
      return bytes && inMemory(location, bytes);
    },
  });
}

export function decoded(model: Model): onnx.IModelProto {
  return decodeModel(mainOf(model));
}

/** Everything that a model checker would find, told by rules written down a second time, over the decoded graph. */
export function complaints(model: Model): string[] {
  const { graph, functions, trainingInfo, irVersion } = decoded(model);
  const found: string[] = [];
  if (graph) {
    const names = checkGraph(graph, new Set(), found, 'graph', Number(irVersion));
    for (const { algorithm } of trainingInfo ?? []) if (algorithm) checkGraph(algorithm, names, found, 'training', 9);
  }
  for (const { name, input, output, node } of functions ?? []) {
    const body = { node: node ?? [], input: (input ?? []).map(named), output: (output ?? []).map(named) };
    checkGraph(body, new Set(), found, `function ${name}`, 9);
  }
  return found;
}

const named = (name: string) => ({ name });

function checkGraph(
  graph: onnx.IGraphProto,
  around: ReadonlySet<string>,
  found: string[],
  where: string,
  irVersion: number,
): Set<string> {
  const seen = new Set(around);
  const inputs = new Set(graph.input?.map(({ name }) => name ?? ''));
  for (const name of inputs) seen.add(name);
  for (const { name } of graph.initializer ?? []) {
    if (irVersion < 4 && !inputs.has(name ?? '')) found.push(`${where}: initializer ${name} is no input`);
    seen.add(name ?? '');
  }
  for (const { values } of graph.sparseInitializer ?? []) seen.add(values?.name ?? '');
  for (const { opType, input, output, attribute } of graph.node ?? []) {
    for (const name of input ?? []) if (name && !seen.has(name)) found.push(`${where}: ${opType} reads ${name}`);
    for (const { g, graphs } of attribute ?? []) {
      for (const nested of g ? [g] : (graphs ?? [])) checkGraph(nested, seen, found, `${where}.${opType}`, 9);
    }
    for (const name of output ?? []) {
      if (name && seen.has(name) && !around.has(name)) found.push(`${where}: ${name} is made twice`);
      seen.add(name);
    }
  }
  for (const { name } of graph.output ?? []) if (!seen.has(name ?? '')) found.push(`${where}: no output ${name}`);
  return seen;
}

const folder = mkdtempSync(join(tmpdir(), 'fxq-edit-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
let runs = 0;

/** What ONNX Runtime answers: to inputs at random, the same for models of equal inputs; once for either condition. */
export type Answers = Record<string, { dims: unknown; data: ArrayLike<number | bigint> }>[];

export async function answers(model: Model): Promise<Answers> {
  const path = join(folder, String(runs++), 'model.onnx');
  for (const [location, bytes] of filesOf(model)) {
    const target = join(dirname(path), location);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, bytes);
  }
  const options = { logSeverityLevel: 4, graphOptimizationLevel: 'disabled', intraOpNumThreads: 1 } as const;
  const session = await ort.InferenceSession.create(path, options);
  const results: Answers = [];
  for (const condition of [0, 1]) {
    const random = new Random(1);
    const feeds = readInterface(model).inputs.map(({ name, type, shape, rows }) => {
      const dims = shape.map((dim, axis) =>
        typeof dim === 'number' ? dim : axis === 0 ? 3 : (FREE[shape.length] ?? 3),
      );
      const count = dims.reduce((all, dim) => all * dim, 1);
      return [name, tensorOf(type, dims, count, random, condition, rows)] as const;
    });
    const outputs = await session.run(Object.fromEntries(feeds));
    results.push(
      Object.fromEntries(
        Object.entries(outputs).map(([name, { dims, data }]) => [name, { dims, data: data as ArrayLike<number> }]),
      ),
    );
  }
  await session.release();
  return results;
}

/** Sizes of axes that are free: edges of images, samples of a waveform; by the rank of the input. */
const FREE: Record<number, number> = { 2: 512, 4: 64 };

/** Whether answers are the same but for the order in which floats were summed up. */
export function expectAlike(actual: Answers, expected: Answers): void {
  for (const [i, outputs] of expected.entries()) {
    expect(Object.keys(actual[i])).toEqual(Object.keys(outputs));
    for (const [name, { dims, data }] of Object.entries(outputs)) {
      const other = actual[i][name];
      expect(other.dims, name).toEqual(dims);
      const largest = Array.from(data, Number).reduce((most, value) => {
        return Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most;
      }, 0);
      const far = Array.from(data).flatMap((value, at) => {
        const isSame =
          Object.is(value, other.data[at]) || Math.abs(Number(value) - Number(other.data[at])) <= 1e-5 * largest;
        return isSame ? [] : [[at, value, other.data[at]]];
      });
      expect(far, name).toEqual([]);
    }
  }
}

function tensorOf(
  type: string,
  dims: number[],
  count: number,
  random: Random,
  condition: number,
  rows = 2,
): ort.Tensor {
  if (type === 'bool') return new ort.Tensor('bool', new Uint8Array(count).fill(condition), dims);
  // A rate of 16 kHz where a single number is asked for: speech models take it.
  const whole = () => BigInt(rows > 2 ? random.below(rows) : dims.length === 0 ? 16_000 : condition);
  if (type === 'int64') return new ort.Tensor('int64', BigInt64Array.from({ length: count }, whole), dims);
  if (type === 'float32') return new ort.Tensor('float32', random.floats(count, 1), dims);
  const bytes = new Uint16Array(count).fill(0x3c00);
  if (type === 'float16') return new ort.Tensor('float16', bytes as never, dims);
  if (type === 'float64') return new ort.Tensor('float64', Float64Array.from(random.floats(count, 1)), dims);
  if (type === 'int32') return new ort.Tensor('int32', new Int32Array(count).fill(condition), dims);
  if (type === 'uint8') return new ort.Tensor('uint8', new Uint8Array(count).fill(condition), dims);
  throw new Error(`no feeds of type ${type}`);
}
