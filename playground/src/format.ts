/** Bytes as people say them: three digits. */
export function size(bytes: number): string {
  const [value, unit] = bytes >= 1e6 ? [bytes / 1e6, 'MB'] : bytes >= 1e3 ? [bytes / 1e3, 'KB'] : [bytes, 'B'];
  return `${value >= 100 || unit === 'B' ? Math.round(value).toLocaleString('en') : value.toPrecision(3)} ${unit}`;
}

export function ratio(before: number, after: number): string {
  const times = before / after;
  return `${times >= 100 ? Math.round(times) : times.toPrecision(3)}×`;
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
}

export function decibels(snr: number | null): string {
  return snr === null ? 'exact' : `${snr.toFixed(1)} dB`;
}
