import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { UsageError } from './errors.js';
import { withoutInputs } from './inputs.js';
import type { Terminal } from './terminal.js';

/** Does work that needs a folder for a while. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'fxq-compress-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Puts what comes from stdin into a file: models are read here and there, which a pipe does not let one do.
 *
 * @throws UsageError where nothing is piped in
 */
export async function receive(path: string, what: string): Promise<void> {
  if (process.stdin.isTTY) throw new UsageError(`-: expected ${what} on stdin, got a terminal; pipe one in`);
  await pipeline(process.stdin, createWriteStream(path));
}

/** @throws UsageError where stdout is a terminal, which would show bytes as text and obey some of them */
export function checkStdout({ streams }: Terminal, flags: { readonly json?: boolean }): void {
  if (streams.stdout.isTTY) {
    throw new UsageError('-o -: bytes are not written to a terminal; name a file with -o, or pipe them on');
  }
  if (flags.json) throw new UsageError('-o - and --json both write to stdout; name a file with -o');
}

/** Sends a file to stdout. */
export function send(path: string, terminal: Terminal): Promise<void> {
  return withoutInputs(async () => {
    for await (const bytes of createReadStream(path)) await terminal.send(bytes as Uint8Array);
  });
}
