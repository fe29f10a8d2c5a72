import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pieces } from '../decode/container.js';
import { decodeFiles } from '../decode/index.js';
import { openRanges, reusedRoom } from '../decode/ranges.js';
import type { Model } from '../model/model.js';
import { openOnnxFile } from '../onnx/files.js';
import { openOnnx } from '../onnx/open.js';
import { writeOnnx } from '../onnx/write.js';
import { isSimulated } from '../runtime/level.js';
import { type OpenedModel, openInput } from './input.js';
import { type OutputPlan, planOutput } from './output/plan.js';
import { writePieces } from './output/write.js';

/** A model as ONNX Runtime takes it. */
export interface Runnable {
  /** Bytes, or a path where there is external data. */
  readonly source: Uint8Array | string;
  /** Whether it rounds values as it runs, so that sums are to keep their order. */
  readonly keepsOrder: boolean;
  /** Its graph, for who asks; the files are closed. */
  model(): Promise<Model>;
}

/**
 * Makes a file ready for ONNX Runtime. Of a large one no more is in memory than ONNX Runtime needs.
 *
 * @param folders - gets the temporary folders that were made for it, which are the caller's to remove
 */
export async function runnable(path: string, folders: string[], signal: AbortSignal): Promise<Runnable> {
  const input = openInput(path);
  if (input.kind === 'onnx') {
    const { model, close } = input.opened;
    const keepsOrder = isSimulated(model);
    close();
    return { source: path, keepsOrder, model: async () => model };
  }
  const { file } = input;
  try {
    const opened = await openRanges(file, signal);
    const external = opened.head.files.slice(1).map(({ name }) => name);
    if (external.length === 0) {
      const [{ bytes }] = await decodeFiles(file.read(0, file.size), { verify: 'all', signal });
      return { source: bytes, keepsOrder: isSimulated(bytes), model: async () => openOnnx(bytes) };
    }
    const plan = planFolder(external, folders);
    await writePieces(plan, () => pieces(opened, { verify: 'all', signal }, reusedRoom()));
    const { model, close } = openOnnxFile(plan.paths[0]);
    const keepsOrder = isSimulated(model);
    close();
    return { source: plan.paths[0], keepsOrder, model: async () => model };
  } finally {
    file.close();
  }
}

/** The same of a model that is open: the ONNX file that it is, or what a container was decoded to. */
export async function runnableOf(
  { model, container, paths }: OpenedModel,
  folders: string[],
): Promise<Uint8Array | string> {
  if (!container) return paths[0];
  const [main, ...external] = model.files;
  if (external.length === 0) return main.read(0, main.size);
  const plan = planFolder(
    external.map(({ name }) => name),
    folders,
  );
  await writePieces(plan, ({ signal }) => writeOnnx(model, { signal }));
  return plan.paths[0];
}

function planFolder(external: readonly string[], folders: string[]): OutputPlan {
  const folder = mkdtempSync(join(tmpdir(), 'fxq-compress-'));
  folders.push(folder);
  return planOutput(join(folder, 'model.onnx'), { external });
}
