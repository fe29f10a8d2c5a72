// Other ways to decode the same bytes.
import { generator } from './random.js';

export const VARIANTS = {
  /** As it arrives in pieces. What is cut short is found at another place then. */
  stream({ decodeFiles }, { bytes, verify, number }) {
    const random = generator(number);
    let at = 0;
    const pull = (controller) => {
      const end = Math.min(bytes.length, at + 1 + random(random(2) ? 50 : 50_000));
      if (end > at) controller.enqueue(bytes.subarray(at, end));
      else controller.close();
      at = end;
    };
    return decodeFiles(new ReadableStream({ pull }), { verify });
  },

  /** Tensor by tensor, with no memory kept. */
  async tensors({ decodeTensors }, { bytes, verify }) {
    const files = [];
    for await (const { name, data } of decodeTensors(bytes, { verify })) {
      if (!ArrayBuffer.isView(data)) throw new Error('a tensor without data');
      files.push({ name, bytes: new Uint8Array(data.buffer, data.byteOffset, 0) });
    }
    return files;
  },

  /** Into memory at an odd place, around which nothing may change. */
  async into({ decodeFiles, inspect }, { bytes, verify }) {
    const [{ size }] = (await inspect(bytes)).files;
    if (size > 2 ** 24) return decodeFiles(bytes, { verify });
    const room = new Uint8Array(size + 32).fill(0xa5);
    const result = await decodeFiles(bytes, { verify, into: room.subarray(17, 17 + size) }).catch((error) => error);
    const around = [...room.subarray(0, 17), ...room.subarray(17 + size)];
    if (around.some((byte) => byte !== 0xa5)) throw new Error('written beside the memory to decode into');
    if (result instanceof Error) throw result;
    return result;
  },
};
VARIANTS.into.isSame = true;
VARIANTS.tensors.isPartial = true;
