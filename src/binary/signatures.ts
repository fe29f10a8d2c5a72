const ONNX = 'export the model to ONNX';

// biome-ignore-start lint/suspicious/noControlCharactersInRegex: they are bytes, and no text.
/** How files begin that are found in a model's place, as Latin-1, and what to do about each. */
const SIGNATURES: readonly (readonly [RegExp, string])[] = [
  [/^$/, 'an empty file; get it again'],
  [/^FXQ/, 'a .fxq container; decode it first'],
  [/^version https:\/\/git-/, 'a Git LFS pointer in place of the file; get that with git lfs pull'],
  // The length of what comes first, of 64 bits, and JSON.
  [/^.{4}\0{4}\{/s, `safetensors, which are weights without a graph; ${ONNX}`],
  [/^..\0\0TFL3/s, `a TFLite model; ${ONNX}`],
  [/^GGUF/, `a GGUF model; ${ONNX}`],
  [/^PK[\x03\x05]/, `a zip archive, as PyTorch and NumPy write; ${ONNX}`],
  [/^\x1f\x8b/, 'a gzip file; unpack it first'],
  [/^(\xef\xbb\xbf)?\s*<[!?a-z]/i, 'an HTML page; is the URL right?'],
  [/^(\xef\xbb\xbf)?\s*[{[]\s*["{}[\]\d]/, 'JSON; is the URL right?'],
  // Characters of UTF-8, of which the last may be cut.
  [/^(?:[\t\n\r\x20-\x7e]|[\xc2-\xf4][\x80-\xbf]{1,3})+[\xc2-\xf4]?$/, 'a text file; is it the right one?'],
  // The version of the format, then a field that is a text or a message.
  [/^\x08[\x01-\x1f][\x12\x1a"(2:B]/, 'an ONNX file; encode it first'],
];
// biome-ignore-end lint/suspicious/noControlCharactersInRegex: from here on there are none.

/** Bytes that tell. */
export const SIGNATURE_BYTES = 64;

/**
 * What a file is that is not what was wanted, and what to do about it, by its first bytes.
 *
 * @returns nothing for what is not known
 */
export function kindOfFile(start: Uint8Array): string | undefined {
  const text = String.fromCharCode(...start.subarray(0, SIGNATURE_BYTES));
  return SIGNATURES.find(([pattern]) => pattern.test(text))?.[1];
}
