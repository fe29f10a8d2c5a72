import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createBrotliCompress, createGzip } from 'node:zlib';
import type { Compressor, Compressors } from '../report/baselines.js';

/** Bytes that a compressor is given at a time: so often progress is shown, and Ctrl-C heard. */
const PIECE_BYTES = 1 << 18;

/** gzip and brotli at their best, as Node has them: brotli with the largest window of its format. */
export const compressors: Compressors = {
  gzip9: through(() => createGzip({ level: 9 })),
  brotli11: through((size) => {
    const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_LGWIN, BROTLI_PARAM_SIZE_HINT } = constants;
    return createBrotliCompress({
      params: {
        [BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
        [BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
        [BROTLI_PARAM_SIZE_HINT]: Math.min(size, 2 ** 31 - 1),
      },
    });
  }),
};

function through(create: (size: number) => NodeJS.ReadWriteStream): Compressor {
  return async (bytes, size) => {
    let total = 0;
    await pipeline(Readable.from(pieces(bytes)), create(size), async (output) => {
      for await (const { length } of output as AsyncIterable<Uint8Array>) total += length;
    });
    return total;
  };
}

function* pieces(runs: Iterable<Uint8Array>): Generator<Uint8Array> {
  for (const run of runs) {
    for (let at = 0; at < run.length; at += PIECE_BYTES) yield run.subarray(at, at + PIECE_BYTES);
  }
}
