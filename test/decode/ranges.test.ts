import { describe, expect, it } from 'vitest';
import { pieces } from '../../src/decode/container.js';
import { decode, FxqError } from '../../src/decode/index.js';
import { openRanges, reusedRoom } from '../../src/decode/ranges.js';
import { inspectContainer } from '../../src/inspect/inspect.js';
import { inMemory } from '../../src/onnx/open.js';
import { encode, modelOf } from '../support/container.js';
import { generatedModels } from '../support/models.js';
import { Random } from '../support/random.js';

async function decodeRanges(container: Uint8Array): Promise<Map<number, Uint8Array[]>> {
  const files = new Map<number, Uint8Array[]>();
  const opened = await openRanges(inMemory('', container));
  for await (const { file, bytes } of pieces(opened, { verify: 'all' }, reusedRoom())) {
    files.set(file, [...(files.get(file) ?? []), bytes.slice()]);
  }
  return files;
}

describe('a container read by ranges', () => {
  it.each(generatedModels())(
    '$name: decodes to the same, payloads one after the other in the same memory',
    async (model) => {
      const files = await decodeRanges(await encode(model.bytes, model.external));
      expect(Buffer.compare(Buffer.concat(files.get(0) ?? []), model.bytes)).toBe(0);
    },
  );

  it('is refused cut short at any byte, and with bytes behind it, as from memory', async () => {
    const container = await encode(modelOf(new Random(1).clustered(3000, 20, 0.4)));
    const outcome = (work: Promise<unknown>) => work.catch((error) => error as FxqError);
    for (let length = 0; length < container.length; length += length < 64 ? 1 : 97) {
      const cut = container.slice(0, length);
      const [ranges, memory] = [await outcome(decodeRanges(cut)), await outcome(decode(cut))];
      expect(ranges).toBeInstanceOf(FxqError);
      expect((ranges as FxqError).message).toBe((memory as FxqError).message);
    }
    const longer = Uint8Array.of(...container, 0);
    await expect(decodeRanges(longer)).rejects.toThrow('1 bytes follow the end of the container');
  });

  it('stops when told', async () => {
    const container = await encode(modelOf(new Random(2).floats(3000)));
    await expect(openRanges(inMemory('', container), AbortSignal.abort())).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('is reported on from its parts as from the whole', async () => {
    for (const { bytes, external } of generatedModels()) {
      const container = await encode(bytes, external);
      const source = {
        size: container.length,
        read(start: number, end: number) {
          return container.slice(start, end);
        },
      };
      const report = await inspectContainer(source, { file: 'model.fxq' });
      expect(report).toEqual(await inspectContainer(container));
      expect(report.bytes).toBe(container.length);
    }
  });
});
