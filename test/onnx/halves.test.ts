import onnxProto from 'onnx-proto';
import { describe, expect, it } from 'vitest';
import { concat } from '../../src/binary/bytes.js';
import { writeContainer } from '../../src/container/write/container.js';
import { decode } from '../../src/decode/index.js';
import { readWeights } from '../../src/model/weights.js';
import { withRawHalves } from '../../src/onnx/halves.js';
import { openOnnx } from '../../src/onnx/open.js';
import { writeOnnx } from '../../src/onnx/write.js';
import { cluster } from '../../src/stages/cluster.js';
import { prune } from '../../src/stages/prune.js';
import { generatedModels } from '../support/models.js';
import { DATA_TYPE, int32Data, modelProto, node, tensorProto } from '../support/onnx-builder.js';
import { Random } from '../support/random.js';
import { memoryFiles } from '../support/sources.js';

const { ModelProto } = onnxProto.onnx;

/** A MatMul whose float16 weight is written as varints: patterns of one, two and three bytes. */
function halfModel(count = 600): Uint8Array {
  const random = new Random(8);
  const patterns = Array.from({ length: count }, (_, i) =>
    i % 50 === 0 ? i / 50 : random.below(0x3c00) | (random.below(2) << 15),
  );
  const weight = tensorProto({
    name: 'W',
    dataType: DATA_TYPE.float16,
    dims: [count / 20, 20],
    content: int32Data(patterns),
  });
  return modelProto({
    graph: { initializers: [weight], nodes: [node('MatMul', ['X', 'W'], ['Y'])] },
    metadata: { kept: 'as it is' },
  });
}

describe('float16 as varints', () => {
  it('is rewritten as raw_data with the same values, everything else as it was', () => {
    const bytes = halfModel();
    const before = openOnnx(bytes);
    const after = withRawHalves(before, () => true);
    const written = concat([...writeOnnx(after)].map((piece) => piece.bytes));
    const [tensor] = after.tensors;
    expect(before.tensors[0].form).toBe('varint');
    expect(tensor).toMatchObject({ name: 'W', form: 'raw', dtype: 'float16', role: 'weight', length: 1200 });
    const [original] = ModelProto.decode(bytes).graph?.initializer ?? [];
    const [rewritten] = ModelProto.decode(written).graph?.initializer ?? [];
    const patterns = new Uint16Array(new Uint8Array(rewritten.rawData ?? []).buffer);
    expect([...patterns]).toEqual(original.int32Data);
    const rest = (model: Uint8Array) => {
      const decoded = ModelProto.toObject(ModelProto.decode(model)) as { graph: { initializer: unknown } };
      return { ...decoded, graph: { ...decoded.graph, initializer: [] } };
    };
    expect(rest(written)).toEqual(rest(bytes));
  });

  it('is pruned and clustered, and comes back from a container', async () => {
    const pruned = await prune({ density: 0.5 }).run(openOnnx(halfModel()), {});
    const small = await cluster({ clusters: 8 }).run(pruned, {});
    const weights = readWeights(small.tensors[0]);
    expect(weights.filter((weight) => weight !== 0).length).toBe(300);
    expect(new Set(weights).size).toBeLessThanOrEqual(9);
    const decoded = openOnnx(await decode(concat(await writeContainer(small)), { verify: 'all' }));
    expect(readWeights(decoded.tensors[0])).toEqual(weights);
  });

  it('stays as it is where no stage wants it, and all other models stay the same object', async () => {
    const model = openOnnx(halfModel());
    expect(withRawHalves(model, () => false)).toBe(model);
    const excluded = await prune({ density: 0.5, exclude: ['W'] }).run(model, {});
    expect(excluded.files[0].size).toBe(model.files[0].size);
    for (const { bytes, external } of generatedModels()) {
      const opened = openOnnx(bytes, { external: memoryFiles(external) });
      if (!opened.tensors.some(({ form }) => form === 'varint')) expect(withRawHalves(opened, () => true)).toBe(opened);
      else
        expect(withRawHalves(opened, () => true).tensors.map(({ name }) => name)).toEqual(
          opened.tensors.map(({ name }) => name),
        );
    }
  });
});
