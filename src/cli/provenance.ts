import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { ByteSource } from '../model/model.js';
import type { FileHash, Provenance } from '../report/comparison.js';
import { shellWord } from './shell.js';
import { version } from './version.js';

/** Bytes that are hashed at a time. */
const PIECE_BYTES = 1 << 24;

/** How a report came about: the command, as it was typed, the programs' versions, and the files' hashes. */
export function provenanceOf(
  args: readonly string[],
  runtime: string | undefined,
  hashes: readonly FileHash[],
): Provenance {
  const versions = {
    'fxq-compress': version(),
    'Node.js': process.versions.node,
    ...(runtime === undefined ? {} : { 'ONNX Runtime': runtime }),
  };
  return { command: ['fxq-compress', ...args].map(shellWord).join(' '), versions, hashes };
}

/** The SHA-256 of files: a model's own and those beside it. */
export function hashesOf(sources: readonly ByteSource[]): FileHash[] {
  return sources.map(({ name, size, read }) => {
    const hash = createHash('sha256');
    for (let at = 0; at < size; at += PIECE_BYTES) hash.update(read(at, Math.min(size, at + PIECE_BYTES)));
    return { file: basename(name), bytes: size, sha256: hash.digest('hex') };
  });
}
