import { access, readdir, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { DatasetReader } from '../data/reader.js';
import { FxqError } from '../errors.js';
import { readWhole } from '../onnx/files.js';
import { noteInput } from './inputs.js';

/** The disk, as data sets are read from it. */
export const disk: DatasetReader = {
  readFile: async (path) => readWhole(path),
  exists: (path) =>
    access(path).then(
      () => true,
      () => false,
    ),
  list: async (path) => {
    // A link that leads nowhere is no folder.
    const stats = await stat(path).catch(() => undefined);
    if (!stats?.isDirectory()) return undefined;
    return readdir(path).catch((cause: Error) => {
      const message = `${path}: cannot list what is in this folder (${cause.message}); check its permissions`;
      throw new FxqError('IO', message, { file: path, cause });
    });
  },
  importModule: (path) => {
    noteInput(path);
    return import(pathToFileURL(resolve(path)).href);
  },
};
