import { posix, win32 } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSafeLocation } from '../../src/binary/location.js';

describe('isSafeLocation', () => {
  it.each([
    'model.data',
    'weights/a.bin',
    'weights\\a.bin',
    './a.bin',
    'a/./b',
    '...',
    '..a',
    'a..',
    '.hidden',
    'a b/ü 日本.bin',
    'layer:0',
    'x'.repeat(4096),
  ])('allows %s', (location) => {
    expect(isSafeLocation(location)).toBe(true);
  });

  it.each([
    ['nothing', ''],
    ['an absolute path', '/etc/passwd'],
    ['an absolute path with backslash', '\\windows'],
    ['a network path', '\\\\server\\share'],
    ['a drive', 'C:\\a.bin'],
    ['a drive, lower case', 'c:/a.bin'],
    ['a place on a drive', 'c:a.bin'],
    ['the folder above', '..'],
    ['a file in the folder above', '../a.bin'],
    ['the same with a backslash', '..\\a.bin'],
    ['upwards in the middle', 'a/../../b'],
    ['upwards in the middle, mixed separators', 'a\\../b'],
    ['upwards at the end', 'a/..'],
    ['the folder itself', '.'],
    ['a folder by its dot', 'a/.'],
    ['a folder by its separator', 'a/'],
    ['a folder by its backslash', 'a\\'],
    ['a NUL', 'a\0.bin'],
    ['a NUL at the end', 'a.bin\0'],
    ['a name beyond reason', 'x'.repeat(4097)],
  ])('refuses %s', (_, location) => {
    expect(isSafeLocation(location)).toBe(false);
  });

  it('whatever it allows lies inside the folder, by the rules of both systems', () => {
    const part = fc.constantFrom('a', 'b.bin', '.', '..', '', 'C:', 'c', '...', '~');
    const separator = fc.constantFrom('/', '\\');
    const location = fc
      .array(fc.tuple(part, separator), { minLength: 1, maxLength: 6 })
      .map((parts) => parts.map(([name, after], i) => (i < parts.length - 1 ? name + after : name)).join(''));
    fc.assert(
      fc.property(location, (path) => {
        if (!isSafeLocation(path)) return;
        for (const { system, base } of [
          { system: posix, base: '/models/m' },
          { system: win32, base: 'D:\\models\\m' },
        ]) {
          const resolved = system.resolve(base, path);
          expect(resolved.startsWith(base + system.sep), path).toBe(true);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
