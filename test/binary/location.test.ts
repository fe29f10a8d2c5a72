import { posix, win32 } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalLocation } from '../../src/binary/location.js';

describe('normalLocation', () => {
  it.each([
    'model.data',
    'weights/a.bin',
    'weights\\a.bin',
    '...',
    '..a',
    'a..',
    '.hidden',
    'a b/ü 日本.bin',
    'layer:0',
    'x'.repeat(4096),
  ])('leaves %s as it is', (location) => {
    expect(normalLocation(location)).toBe(location);
  });

  it.each([
    ['./m.data', 'm.data'],
    ['././m.data', 'm.data'],
    ['sub//x', 'sub/x'],
    ['sub/./x', 'sub/x'],
    ['a/../m.data', 'm.data'],
    ['a/b/../../m.data', 'm.data'],
    ['a/../b/c/../d', 'b/d'],
    ['.//a/.//b', 'a/b'],
  ])('makes of %s %s', (spelling, normal) => {
    expect(normalLocation(spelling)).toBe(normal);
  });

  it.each([
    ['nothing', ''],
    ['an absolute path', '/etc/passwd'],
    ['an absolute path with backslash', '\\windows'],
    ['a network path', '\\\\server\\share'],
    ['a drive', 'C:\\a.bin'],
    ['a drive, lower case', 'c:/a.bin'],
    ['a place on a drive', 'c:a.bin'],
    ['a drive below', './C:/a.bin'],
    ['a drive once it is normalised', 'a/../c:b'],
    ['the folder above', '..'],
    ['the folder above, after a way down', 'a/../../m.data'],
    ['the same beside a backslash', 'a\\b/../../c'],
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
    expect(normalLocation(location)).toBeUndefined();
  });

  it('whatever it allows lies inside the folder, by the rules of both systems', () => {
    const part = fc.constantFrom('a', 'b.bin', '.', '..', '', 'C:', 'c', '...', '~');
    const separator = fc.constantFrom('/', '\\');
    const location = fc
      .array(fc.tuple(part, separator), { minLength: 1, maxLength: 6 })
      .map((parts) => parts.map(([name, after], i) => (i < parts.length - 1 ? name + after : name)).join(''));
    fc.assert(
      fc.property(location, (path) => {
        const normal = normalLocation(path);
        if (normal === undefined) return;
        expect(normalLocation(normal)).toBe(normal);
        for (const { system, base } of [
          { system: posix, base: '/models/m' },
          { system: win32, base: 'D:\\models\\m' },
        ]) {
          const resolved = system.resolve(base, path);
          expect(resolved.startsWith(base + system.sep), path).toBe(true);
          expect(system.resolve(base, normal), path).toBe(resolved);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
