/** What tests take of it. */
export function resnet23(): Uint8Array;
