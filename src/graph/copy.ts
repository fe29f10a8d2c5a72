/**
 * A copy of a decoded message, down to its last list, that can be edited. Payloads and other bytes are shared with the
 * original: nobody writes to them.
 */
export function copyMessage<T>(message: T): T {
  if (Array.isArray(message)) return message.map(copyMessage) as T;
  if (message === null || typeof message !== 'object' || ArrayBuffer.isView(message)) return message;
  // Defaults of fields that the file leaves out stand in the prototype.
  const copy = Object.create(Object.getPrototypeOf(message));
  for (const [key, value] of Object.entries(message)) copy[key] = copyMessage(value);
  return copy;
}
