import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openContainer } from '../../src/decode/container.js';
import type { Report, TensorReport } from '../../src/inspect/figures.js';
import { inspectContainer, inspectOnnx } from '../../src/inspect/inspect.js';
import { measurePayload } from '../../src/inspect/measure.js';
import type { Model } from '../../src/model/model.js';
import { openOnnx } from '../../src/onnx/open.js';
import { compressWith, encode } from '../../src/pipeline/compress.js';
import { cluster } from '../../src/stages/cluster.js';
import { prune } from '../../src/stages/prune.js';
import { generated, identities } from '../support/models/model.js';
import { generatedModels } from '../support/models.js';
import { packageModels } from '../support/packages.js';
import { bytesOf } from '../support/protobuf.js';
import { Random } from '../support/random.js';
import { memoryFiles } from '../support/sources.js';
import { floats, raw, type TestTensor, varints } from '../support/tensors.js';

/** What must hold of every report. */
function check(report: Report): void {
  const parts = Object.values(report.overhead);
  const sum = [...report.tensors.map(({ bytes }) => bytes), ...parts].reduce((a, b) => a + b, 0);
  expect(sum).toBe(report.bytes);
  for (const part of parts) expect(part).toBeGreaterThanOrEqual(0);
  for (const tensor of report.tensors) {
    expect(tensor.density).toBeGreaterThanOrEqual(0);
    expect(tensor.density).toBeLessThanOrEqual(1);
    expect(tensor.kept).toBeLessThanOrEqual(tensor.weights);
    for (const key of ['weightBits', 'indexBits', 'codedWeightBits', 'codedIndexBits', 'ratio'] as const) {
      expect(tensor[key] === null || (Number.isFinite(tensor[key]) && (tensor[key] as number) >= 0)).toBe(true);
    }
    const { layout, kept, bytes, codedWeightBits, codedIndexBits } = tensor;
    if (codedWeightBits === null || codedIndexBits === null) continue;
    // Streams, value codes and the rest: nothing is counted twice or left out.
    if (layout !== 'planes' && layout !== 'verbatim' && kept > 0) {
      expect((codedWeightBits + codedIndexBits) * kept).toBeCloseTo(8 * bytes, 4);
    }
  }
}

async function both(model: Model): Promise<[Report, Report]> {
  return [inspectOnnx(model), await inspectContainer(await encode(model))];
}

function modelOf(...tensors: TestTensor[]): Model {
  return openOnnx(generated('test', { graph: identities(tensors) }, []).bytes);
}

async function coded(tensor: TestTensor): Promise<TensorReport> {
  const [, report] = await both(modelOf(tensor));
  check(report);
  return report.tensors[0];
}

it('takes the bytes of a model as it takes the model', () => {
  const { bytes } = generated('test', { graph: identities([floats('w', [2, 2], Float32Array.of(1, 0, 2, 1))]) }, []);
  expect(inspectOnnx(bytes)).toEqual(inspectOnnx(openOnnx(bytes)));
});

describe('the parts of a report add up to the file', () => {
  it.each(generatedModels())('$name', async ({ bytes, external }) => {
    const model = openOnnx(bytes, { external: memoryFiles(external) });
    const [plain, packed] = await both(model);
    check(plain);
    check(packed);
    expect(plain.bytes).toBe(model.files.reduce((sum, { size }) => sum + size, 0));
    expect(packed.originalBytes).toBe(plain.bytes);
    const subject = ({ name, role, op, dims, dtype, weights, kept, clusters }: TensorReport) => ({
      name,
      role,
      op,
      dims,
      dtype,
      weights,
      kept,
      clusters,
    });
    expect(packed.tensors.map(subject)).toEqual(plain.tensors.map(subject));
  });

  const large = [...packageModels(), 'models/lenet-300-100.onnx', 'models/lenet-5.onnx'];
  it.each(large.map((path) => [basename(path), path]))('%s, coded and clustered', async (_, path) => {
    const model = openOnnx(new Uint8Array(readFileSync(path)));
    check(inspectOnnx(model));
    check(await inspectContainer(await encode(model)));
    const stages = [prune({ density: 0.3 }), cluster({ bits: 5 })];
    const { container } = await compressWith(model, stages);
    const report = await inspectContainer(container);
    check(report);
    expect(report.bytes).toBe(container.length);
    // What the stages have noted in it was not in the original.
    expect(report.originalBytes).toBe(inspectOnnx(model).bytes);
    expect(report.ratio).toBeCloseTo(report.originalBytes / container.length, 10);
    const { head } = await openContainer(container);
    expect(report.overhead.header + report.overhead.skeleton).toBe(head.prefix.squeezedBytes);
  });
});

describe('the figures of a tensor', () => {
  const random = new Random(5);

  it('packed: values that are all about as frequent', async () => {
    const tensor = await coded(floats('w', [300, 100], random.clustered(30_000, 16)));
    expect(tensor).toMatchObject({ layout: 'packed', kept: 30_000, clusters: 16, weightBits: 4, indexBits: 0 });
    expect(tensor).toMatchObject({ bytes: 15_000, tableBytes: 0, codedWeightBits: 4, codedIndexBits: 0 });
  });

  it('dense: every weight has a code', async () => {
    // The k-th value half as frequent as the one before: a code of k bits fits exactly, 2 bits in the mean.
    const symbols = Float32Array.from({ length: 40_000 }, () =>
      Math.min(8, Math.floor(1 - Math.log2(1 - random.float()))),
    );
    const tensor = await coded(floats('w', [200, 200], symbols));
    expect(tensor).toMatchObject({ layout: 'dense', kept: 40_000, clusters: 8, weightBits: 3, indexBits: 0 });
    expect(tensor.codedWeightBits).toBeCloseTo(2, 1);
    expect(tensor.codedIndexBits).toBeLessThan(0.01);
    expect(tensor).toMatchObject({ payloadBytes: 160_000, codebookBytes: 2, tableBytes: 12 });
    expect(tensor.ratio).toBe(160_000 / (tensor.bytes + 14));
  });

  it('gap: pairs of a gap and a weight, fillers among them', async () => {
    const values = random.clustered(40_000, 8, 0.02);
    const tensor = await coded(floats('w', [200, 200], values));
    expect(tensor).toMatchObject({ layout: 'gap', clusters: 8, weightBits: 3 });
    const kept = values.filter((value) => value !== 0).length;
    expect(tensor).toMatchObject({ kept, density: kept / 40_000 });
    // A gap before each kept weight, and a filler for some.
    const gapBits = [4, 5, 6, 7, 8].find((bits) => tensor.indexBits >= bits && tensor.indexBits < 1.8 * bits);
    expect(gapBits).toBeDefined();
    expect(tensor.codedWeightBits).toBeCloseTo(3, 0);
    // A kept weight's place costs about the entropy of the mask: H(0.02) / 0.02 is 7.07 bits.
    expect(tensor.codedIndexBits).toBeGreaterThan(7);
    expect(tensor.codedIndexBits).toBeLessThan(7.6);
  });

  it('mask: one bit a weight, kept or not', async () => {
    const values = random.clustered(64_000, 30);
    for (let block = 0; block < 8000; block++) if (random.float() < 0.5) values.fill(0, 8 * block, 8 * block + 8);
    const tensor = await coded(floats('w', [64_000], values));
    expect(tensor).toMatchObject({ layout: 'mask', weightBits: 5 });
    expect(tensor.indexBits).toBe(64_000 / tensor.kept);
    // Whole blocks of eight: one bit for each of them.
    expect(tensor.codedIndexBits).toBeCloseTo(0.25, 1);
  });

  it('planes: no values to share', async () => {
    const tensor = await coded(floats('w', [200, 100]));
    expect(tensor).toMatchObject({ layout: 'planes', clusters: null, weightBits: 32, indexBits: 0, codedIndexBits: 0 });
    const section = tensor.bytes + tensor.tableBytes;
    expect(tensor.codedWeightBits).toBe((8 * section) / 20_000);
  });

  it('repeated: the first tensor of a payload has the bytes', async () => {
    const values = random.clustered(20_000, 16);
    const [, report] = await both(modelOf(floats('a', [200, 100], values), floats('b', [100, 200], values)));
    check(report);
    const [a, b] = report.tensors;
    expect([a.sharedWith, b.sharedWith]).toEqual([null, 'a']);
    expect(b).toMatchObject({ layout: a.layout, kept: a.kept, bytes: 0, codebookBytes: 0, ratio: null });
    expect(a.bytes).toBe(10_000);
  });

  it('inline: stays in the skeleton', async () => {
    const [, report] = await both(modelOf(floats('w', [3])));
    expect(report.tensors[0]).toMatchObject({
      layout: 'inline',
      bytes: 0,
      ratio: null,
      codedWeightBits: null,
      codedIndexBits: null,
      weightBits: 32,
    });
  });
});

describe('what counts as zero', () => {
  const report = (tensor: TestTensor) => inspectOnnx(modelOf(tensor)).tensors[0];

  it('−0 does, NaN does not', () => {
    const values = Float32Array.of(0, -0, 1, Number.NaN, -1, 1);
    expect(report(floats('w', [6], values))).toMatchObject({ weights: 6, kept: 4, clusters: 3 });
    const halves = raw('h', 'float16', [4], bytesOf(Uint16Array.of(0x8000, 0, 0x3c00, 0xbc00)));
    expect(report(halves)).toMatchObject({ weights: 4, kept: 2, clusters: 2 });
    const doubles = raw('d', 'float64', [3], bytesOf(Float64Array.of(-0, 2, 2)));
    expect(report(doubles)).toMatchObject({ weights: 3, kept: 2, clusters: 1 });
  });

  it('−0 is a value like any other to a codebook, and no kept weight', async () => {
    const values = new Random(9).clustered(30_000, 6, 0.3).map((value) => (value === 0 ? -0 : value));
    const tensor = await coded(floats('w', [300, 100], values));
    expect(tensor.density).toBeCloseTo(0.3, 1);
    expect(tensor.clusters).toBe(6);
  });

  it('integers of any width and form', () => {
    expect(report(raw('a', 'int64', [4], bytesOf(BigInt64Array.of(0n, -1n, 5n, 5n))))).toMatchObject({
      kept: 3,
      clusters: 2,
    });
    expect(report(raw('b', 'uint8', [4], Uint8Array.of(0, 128, 128, 1)))).toMatchObject({ kept: 3, clusters: 2 });
    expect(report(raw('c', 'int4', [4], Uint8Array.of(0x30, 0x13)))).toMatchObject({
      weights: 4,
      kept: 3,
      clusters: 2,
    });
    expect(report(varints('d', 'int64', [4], 7, [0, 300, -1, 300]))).toMatchObject({
      weights: 4,
      kept: 3,
      clusters: 2,
    });
  });

  it('more than 1023 values are not counted', () => {
    const upTo = (count: number) =>
      floats(
        'w',
        [count],
        Float32Array.from({ length: count }, (_, i) => i + 1),
      );
    expect(report(upTo(1023)).clusters).toBe(1023);
    expect(report(upTo(1024)).clusters).toBeNull();
  });

  it('no elements are no weights, of full density', () => {
    const figures = measurePayload({ dtype: 'float32', form: 'raw', count: 0 }, new Uint8Array());
    expect(figures).toMatchObject({ kept: 0, density: 1, clusters: 0, weightBits: 32, bytes: 0 });
  });
});

it('a damaged container is refused', async () => {
  const container = await encode(modelOf(floats('w', [50, 50])));
  container[container.length - 1] ^= 1;
  await expect(inspectContainer(container)).rejects.toMatchObject({ code: 'CHECKSUM', tensor: 'w' });
});

it('varints are decoded once, in however many windows their elements are counted', async () => {
  const random = new Random(8);
  const values = Array.from({ length: 400_000 }, () => random.below(1 << 30));
  const container = await encode(modelOf(varints('w', 'int64', [400_000], 7, values)));
  let fetched = 0;
  const ranges = {
    size: container.length,
    read(start: number, end: number) {
      fetched += end - start;
      return container.subarray(start, end);
    },
  };
  const { tensors } = await inspectContainer(ranges);
  expect(tensors[0]).toMatchObject({ weights: 400_000, layout: expect.not.stringMatching('inline') });
  expect(fetched).toBeLessThan(3 * container.length);
});
