import { CHUNK_AT, type Kernels } from '../../kernels/decode/kernels.js';
import { CONTEXT_CODE_LIMIT } from '../constants.js';
import { readCode } from './codes.js';
import type { SectionCursor } from './cursor.js';
import { readClasses } from './lines.js';
import { readRun } from './runs.js';

/** The reader of dense weights whose codes go by what came before. */
export function readContexts(cursor: SectionCursor, kernels: Kernels, values: Uint32Array) {
  const { contexts, codebookSize, width } = cursor.tensor;
  const { classOf } = readClasses(cursor, contexts.classes, codebookSize);
  const codes = Array.from({ length: contexts.classes }, () => {
    const code = readCode(cursor, codebookSize, 'code lengths', CONTEXT_CODE_LIMIT);
    if (code.isEmpty) throw cursor.error('a class whose code has no symbols');
    return code;
  });
  return () => {
    kernels.setContexts(
      codes.map(({ lengths }) => lengths),
      classOf,
      contexts.distance,
      width,
      values,
    );
    return (count: number, isLast: boolean) => readRun(cursor, kernels, 0, codes[0], count, CHUNK_AT, isLast);
  };
}
