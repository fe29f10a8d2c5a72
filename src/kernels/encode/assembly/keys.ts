/** See `orderedKey` of ../kernels.ts. */
// @ts-ignore: decorator
@inline
export function orderedKey(bits: i32): u32 {
  return bits ^ ((bits >> 31) | 0x80000000);
}
