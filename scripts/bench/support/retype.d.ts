type Retype = (bytes: Uint8Array) => Uint8Array;
export const toFloat16: Retype;
export const toBfloat16Model: Retype;
export const toInt8: Retype;
