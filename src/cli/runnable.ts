import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pieces } from '../decode/container.js';
import { decodeFiles } from '../decode/index.js';
import { openRanges, reusedRoom } from '../decode/ranges.js';
import { openInput } from './input.js';
import { planOutput } from './output.js';
import { writePieces } from './write.js';

/**
 * A model as ONNX Runtime takes it: bytes, or a path where there is external data.
 *
 * @param folders - gets the temporary folders that were made for it, which are the caller's to remove
 */
export async function runnable(path: string, folders: string[], signal: AbortSignal): Promise<Uint8Array | string> {
  const input = openInput(path);
  if (input.kind === 'onnx') {
    input.opened.close();
    return path;
  }
  const { file } = input;
  try {
    const opened = await openRanges(file, signal);
    const external = opened.head.files.slice(1).map(({ name }) => name);
    if (external.length === 0) {
      const [{ bytes }] = await decodeFiles(file.read(0, file.size), { verify: 'all', signal });
      return bytes;
    }
    const folder = mkdtempSync(join(tmpdir(), 'fxq-compress-'));
    folders.push(folder);
    const plan = planOutput(join(folder, 'model.onnx'), external, []);
    await writePieces(plan, () => pieces(opened, { verify: 'all', signal }, reusedRoom()));
    return plan.paths[0];
  } finally {
    file.close();
  }
}
