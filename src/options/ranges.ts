/** Throws unless an option that is given is a finite number from `low` to `high`. */
export function inRange(stage: string, option: string, value: number | undefined, low: number, high: number): void {
  if (value === undefined) return;
  if (typeof value !== 'number' || !(value >= low && value <= high)) {
    const range = high === Number.MAX_VALUE ? `of at least ${low}` : `from ${low} to ${high}`;
    throw new RangeError(`${stage}: expected a ${option} ${range}, got ${value}`);
  }
}

/** Throws unless an option that is given is an integer from `low` to `high`. */
export function integerInRange(
  stage: string,
  option: string,
  value: number | undefined,
  low: number,
  high: number,
): void {
  if (value === undefined) return;
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new RangeError(`${stage}: expected a whole number of ${option} from ${low} to ${high}, got ${value}`);
  }
}

/** A stage's record for the model's metadata: its name and the options that are not at their defaults. */
export function recordOf(stage: string, options: Record<string, unknown>, defaults: Record<string, unknown>): string {
  const parts = Object.entries(options).filter(([key, value]) => value !== undefined && value !== defaults[key]);
  return [stage, ...parts.map(([key, value]) => `${key}=${value}`)].join(' ');
}
