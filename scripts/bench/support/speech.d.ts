export const RATE: number;
export function speech(seed: number, seconds: number): Float32Array<ArrayBuffer>;
