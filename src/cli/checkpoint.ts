import { existsSync } from 'node:fs';
import { FxqError } from '../errors.js';
import { readWhole } from '../onnx/files.js';
import { withoutInputs } from './inputs.js';
import type { Terminal } from './terminal.js';

/**
 * What a training that was stopped goes on from. Without it training begins anew, which is said.
 *
 * @param isOne - whether bytes are such a checkpoint
 * @throws FxqError `IO` where it is not to go on, and what is called as the checkpoint would be is somebody's file
 */
export function readCheckpoint(
  path: string,
  isOne: (bytes: Uint8Array) => boolean,
  isResumed: boolean | undefined,
  terminal: Terminal,
): Uint8Array | undefined {
  const bytes = existsSync(path) ? withoutInputs(() => readWhole(path)) : undefined;
  if (isResumed) {
    if (!bytes) terminal.note(`  ${path} is not there to go on from: begins anew`);
    return bytes;
  }
  if (!bytes || isOne(bytes)) return undefined;
  const message = `${path}: exists already and is no checkpoint, which is where training would keep one; choose another name with -o`;
  throw new FxqError('IO', message, { file: path });
}
