import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { FxqError } from '../../errors.js';
import { fieldOf, messageOf } from '../../guards.js';

export function ioError(path: string, problem: string, cause?: unknown): FxqError {
  return new FxqError('IO', `${path}: ${problem}`, { file: path, ...(cause === undefined ? {} : { cause }) });
}

/**
 * What went wrong with a file that is written, and what to do about it.
 *
 * @param needed - bytes that would have been on the disk by now
 */
export function writeProblem(cause: unknown, path: string, needed: number): string {
  const code = fieldOf(cause, 'code');
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT': {
      const free = code === 'ENOSPC' ? freeBytes(path) : undefined;
      const there = free === undefined ? '' : `, ${free} are free`;
      return `no space is left on the disk: at least ${needed} bytes are needed${there}; make room or choose another folder with -o (nothing was kept)`;
    }
    case 'EFBIG':
      return `becomes larger than a file may be there (ulimit -f, or the kind of the disk): at least ${needed} bytes are needed; raise the limit or choose another folder with -o (nothing was kept)`;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'may not be written; check the permissions of its folder';
    case 'ENAMETOOLONG':
      return 'the name is longer than the disk takes (255 bytes mostly); choose a shorter one';
    case 'ENOTDIR':
      return 'a file stands where a folder is needed; choose another name';
    case 'ELOOP':
      return 'is a link that leads in a circle; choose another name';
    default:
      return `cannot be written (${messageOf(cause)})`;
  }
}

function freeBytes(path: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    return bavail * bsize;
  } catch {
    return undefined;
  }
}
