/** Whether a value has fields that can be asked for. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** A field of a value that may be anything, such as what a stranger's JSON holds; `undefined` where there is none. */
export function fieldOf(value: unknown, key: string): unknown {
  return isRecord(value) ? value[key] : undefined;
}

/** The message of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  const message = fieldOf(thrown, 'message');
  return typeof message === 'string' ? message : String(thrown);
}

/** A value that is there by what has been done before, such as one that was put into a map under the same key. */
export function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('expected a value that was made before, got none');
  return value;
}
