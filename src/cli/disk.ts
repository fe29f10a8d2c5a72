import { access, readdir, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { DatasetReader } from '../evaluate/reader.js';
import { readWhole } from '../onnx/files.js';

/** The disk, as data sets are read from it. */
export const disk: DatasetReader = {
  readFile: async (path) => readWhole(path),
  exists: (path) =>
    access(path).then(
      () => true,
      () => false,
    ),
  list: async (path) => ((await stat(path)).isDirectory() ? readdir(path) : undefined),
  importModule: (path) => import(pathToFileURL(resolve(path)).href),
};
