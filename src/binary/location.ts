/**
 * Whether a file name that came out of somebody's file may be joined to a folder: a relative path, downwards only.
 * Both separators count on every system, so that a file made on one is as safe on another.
 */
export function isSafeLocation(location: string): boolean {
  if (location === '' || location.length > 4096 || location.includes('\0')) return false;
  if (/^[a-z]:/i.test(location)) return false;
  const parts = location.split(/[/\\]/);
  // The last part names a file: neither empty nor a folder's own name.
  return parts[0] !== '' && !parts.includes('..') && !['', '.'].includes(parts[parts.length - 1]);
}
