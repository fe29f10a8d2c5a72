import type { Model } from '../../src/model/model.js';
import { measureBaselines } from '../../src/report/baselines.js';
import type { Way } from './protocol.js';

/** Of what is larger, other ways are not measured: nobody would wait for them. */
const MOST_BYTES = 64e6;

/**
 * What a browser can make of the model without anything of ours: gzip, and int8 through gzip. Brotli 11, a tenth or so smaller, no
 * browser has.
 */
export async function besides(model: Model, bytes: Uint8Array, signal: AbortSignal): Promise<Way[]> {
  if (bytes.length > MOST_BYTES) return [];
  const gzip = async (pieces: Iterable<Uint8Array>) => {
    const waiting = pieces[Symbol.iterator]();
    const source = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull(controller) {
        const { done, value } = waiting.next();
        if (done) controller.close();
        else controller.enqueue(value as Uint8Array<ArrayBuffer>);
      },
    });
    let size = 0;
    for await (const piece of source.pipeThrough(new CompressionStream('gzip'))) size += piece.length;
    return size;
  };
  const measured = await measureBaselines(model, { gzip9: gzip, brotli11: gzip }, { signal });
  const names: Record<string, string> = { 'gzip 9': 'gzip', 'int8 + brotli 11': 'int8 + gzip' };
  return measured.flatMap(({ name, bytes }) => (names[name] && bytes ? [{ name: names[name], bytes }] : []));
}
