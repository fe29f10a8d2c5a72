// Other ways to decode the same bytes.
import { createRandom } from '../../build/random.js';
import { readHeader } from './claims.js';

/**
 * @typedef {object} Variant
 * @property {(decoder: any, input: any, room: Uint8Array | undefined) => Promise<{ name: string, bytes: Uint8Array }[]>} decode
 * @property {(input: any) => Uint8Array | undefined} [prepare] memory that is the caller's and not the decoder's
 * @property {boolean} [isPartial] whether the files that it gives are none to be compared
 * @property {boolean} [isSame] whether what is damaged is found at the same place as otherwise
 */

/** @type {Record<string, Variant>} */
export const VARIANTS = {
  /** As it arrives in pieces. What is cut short is found at another place then. */
  stream: {
    decode({ decodeFiles }, { bytes, verify, number }) {
      const { below: random } = createRandom(number);
      // One byte after the other, too, of what is small.
      const most = [1, 50, 50_000][random(bytes.length < 20_000 ? 3 : 2) + (bytes.length < 20_000 ? 0 : 1)];
      let at = 0;
      const pull = (controller) => {
        const end = Math.min(bytes.length, at + 1 + random(most));
        if (end > at) controller.enqueue(bytes.subarray(at, end));
        else controller.close();
        at = end;
      };
      return decodeFiles(new ReadableStream({ pull }), { verify });
    },
  },

  /** Tensor by tensor, all of them kept. */
  tensors: {
    isPartial: true,
    async decode({ decodeTensors }, { bytes, verify }) {
      const files = [];
      for await (const { name, data } of decodeTensors(bytes, { verify })) {
        if (!ArrayBuffer.isView(data)) throw new Error('a tensor without data');
        files.push({ name, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) });
      }
      return files;
    },
  },

  /** Into memory at an odd place, around which nothing may change. */
  into: {
    isSame: true,
    prepare({ bytes }) {
      const size = readHeader(bytes)?.files[0]?.size;
      return Number.isInteger(size) && size >= 0 && size <= 2 ** 24 ? new Uint8Array(size + 32).fill(0xa5) : undefined;
    },
    async decode({ decodeFiles }, { bytes, verify }, room) {
      if (room === undefined) return decodeFiles(bytes, { verify });
      const size = room.length - 32;
      const result = await decodeFiles(bytes, { verify, into: room.subarray(17, 17 + size) }).catch((error) => error);
      const around = [...room.subarray(0, 17), ...room.subarray(17 + size)];
      if (around.some((byte) => byte !== 0xa5)) throw new Error('written beside the memory to decode into');
      if (result instanceof Error) throw result;
      return result;
    },
  },
};
