/** A root or a drive, a NUL, what ends as a folder does, and what leads up beside a backslash, which parts folders on some systems only. */
const UNSAFE = /^([/\\]|[a-z]:)|\0|(^|[/\\])\.{0,2}$|\\.*\.\.[/\\]|\.\.(\/.*)?\\/is;

/**
 * The one spelling of a file name that came out of somebody's file, or `undefined` where it may not be joined to a folder: it
 * must be a relative path that stays below, by the rules of every system. Parts that are empty, `.` and `..` are resolved.
 */
export function normalLocation(location: string): string | undefined {
  const parts: string[] = [];
  for (const part of location.split('/')) {
    if (part === '..') {
      if (parts.pop() === undefined) return undefined;
    } else if (part !== '' && part !== '.') parts.push(part);
  }
  const normal = parts.join('/');
  return location.length > 4096 || UNSAFE.test(location) || UNSAFE.test(normal) ? undefined : normal;
}
