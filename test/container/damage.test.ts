import { beforeAll, describe, expect, it } from 'vitest';
import { concat } from '../../src/binary/bytes.js';
import { xxh32 } from '../../src/binary/xxh32.js';
import { VERSION } from '../../src/container/constants.js';
import { writeContainer } from '../../src/container/write/container.js';
import { decode, decodeFiles, inspect } from '../../src/decode/index.js';
import { FxqError } from '../../src/errors.js';
import { openOnnx } from '../../src/onnx/open.js';
import { encode, modelOf } from '../support/container.js';
import { DATA_TYPE, modelProto, rawData, tensorProto } from '../support/onnx-builder.js';
import { bytesOf } from '../support/protobuf.js';
import { Random } from '../support/random.js';

/** A small container with a section of every layout but the largest. */
function smallModel(): Uint8Array {
  const random = new Random(3);
  const values = {
    sparse: random.clustered(900, 12, 0.15),
    dense: random.clustered(700, 9),
    tiny: random.floats(3),
    free: random.floats(300),
  };
  const initializers = Object.entries(values).map(([name, floats]) =>
    tensorProto({ name, dataType: DATA_TYPE.float32, dims: [floats.length], content: rawData(bytesOf(floats)) }),
  );
  return modelProto({ graph: { initializers } });
}

/** What decoding did: the bytes, or the typed error. Anything else that is thrown fails the test. */
async function outcome(container: Uint8Array): Promise<Uint8Array | FxqError> {
  try {
    return await decode(container);
  } catch (error) {
    if (error instanceof FxqError) return error;
    throw error;
  }
}

describe('damaged containers', () => {
  let model: Uint8Array;
  let container: Uint8Array;
  beforeAll(async () => {
    model = smallModel();
    container = concat(await writeContainer(openOnnx(model)));
  });

  it('cut short at every byte: a typed error that says where', async () => {
    for (let length = 0; length < container.length; length++) {
      const error = await outcome(container.subarray(0, length));
      expect(error).toBeInstanceOf(FxqError);
      expect((error as FxqError).code).toMatch(/^(CONTAINER_MALFORMED|CHECKSUM)$/);
      expect((error as FxqError).offset).toBeTypeOf('number');
    }
  });

  it('a byte changed anywhere: a typed error, never another weight', async () => {
    for (let at = 0; at < container.length; at++) {
      for (const flip of [0x01, 0x80, 0xff]) {
        const damaged = container.slice();
        damaged[at] ^= flip;
        const error = await outcome(damaged);
        expect(error, `byte ${at} ^ ${flip}`).toBeInstanceOf(FxqError);
        expect((error as FxqError).code).toMatch(/^(CONTAINER_MALFORMED|CONTAINER_VERSION|CHECKSUM)$/);
      }
    }
  });

  it('bytes behind the end: a typed error', async () => {
    const longer = concat([container, Uint8Array.of(0)]);
    expect(await outcome(longer)).toMatchObject({ code: 'CONTAINER_MALFORMED', offset: container.length });
  });

  it('names the tensor whose section is damaged', async () => {
    const { tensors } = await inspect(container);
    for (const { name, section } of tensors.filter((tensor) => tensor.section.length > 0)) {
      const damaged = container.slice();
      damaged[section.offset + 1] ^= 4;
      expect(await outcome(damaged)).toMatchObject({ code: 'CHECKSUM', tensor: name, offset: section.offset });
    }
  });

  it('sections that lie, with checksums that fit: decoded to something or refused, never a crash', async () => {
    const { tensors } = await inspect(container);
    const random = new Random(9);
    for (let i = 0; i < 1500; i++) {
      const { section } = tensors[random.below(tensors.length)];
      if (section.length === 0) continue;
      const damaged = container.slice();
      for (let k = 0; k <= random.below(3); k++)
        damaged[section.offset + random.below(section.length)] = random.below(256);
      const result = await decodeFiles(damaged, { verify: 'none' }).catch((error) => error);
      if (result instanceof Error) expect(result).toMatchObject({ code: 'CONTAINER_MALFORMED' });
      else expect(result[0].bytes.length).toBe(model.length);
    }
  });

  it('a hash of the result that does not fit is found by verify "all"', async () => {
    const other = await encode(modelOf(new Random(1).floats(5)));
    const bytes = await decode(other, { verify: 'all' });
    expect(xxh32(bytes)).toBe((await inspect(other)).files[0].hash);
  });

  it.each([
    ['older', VERSION - 1, 'encode the model again'],
    ['newer', VERSION + 1, 'update this one'],
    ['newer', 9, 'update this one'],
    ['newer', 255, 'update this one'],
  ])('of the %s version %i: refused by name, with what to do', async (age, actual, advice) => {
    const other = container.slice();
    other[3] = actual;
    const details = { code: 'CONTAINER_VERSION', offset: 3, expected: VERSION, actual };
    const stream = () => new Blob([other.slice()]).stream();
    for (const refused of [
      decode(other),
      decodeFiles(other),
      inspect(other),
      decode(stream()),
      decode(new Blob([other.slice()])),
    ]) {
      const error = await refused.catch((thrown: unknown) => thrown);
      expect(error).toMatchObject(details);
      expect((error as FxqError).message).toContain(`${age} fxq-compress`);
      expect((error as FxqError).message).toContain(`expected format version ${VERSION}, got ${actual}`);
      expect((error as FxqError).message).toContain(advice);
    }
    // Whatever else is different about it: a version that is not known may have another prefix.
    other.fill(0xff, 4);
    await expect(decode(other)).rejects.toMatchObject(details);
  });

  it('another kind of file: errors that say so', async () => {
    expect(await outcome(model)).toMatchObject({ code: 'CONTAINER_MALFORMED', offset: 0 });
    expect(await outcome(new Uint8Array())).toMatchObject({ code: 'CONTAINER_MALFORMED' });
  });
});
