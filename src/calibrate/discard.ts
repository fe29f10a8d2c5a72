/** Below this the garbage collector is early enough. */
const LARGE = 1 << 20;

/**
 * Frees an array that nobody is going to read again, now and not when the garbage collector finds the time: by sending it
 * to nobody. Views of parts of a memory, and small arrays, stay as they are.
 */
export function discard({ buffer, byteLength }: ArrayBufferView): void {
  if (byteLength < LARGE || byteLength < buffer.byteLength || !(buffer instanceof ArrayBuffer)) return;
  const { port1, port2 } = new MessageChannel();
  port2.close();
  port1.postMessage(undefined, [buffer]);
  port1.close();
}
