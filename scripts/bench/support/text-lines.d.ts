export function textLines(count: number, width: number, seed: number, isTurned?: boolean): Float32Array<ArrayBuffer>;
