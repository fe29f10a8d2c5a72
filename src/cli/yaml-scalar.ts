import { printableJson } from '../printable.js';

/** A text in YAML: as it is where no reader could take it for anything else. */
export function yamlScalar(text: string): string {
  const isPlain = /^[A-Za-z_/][\w./-]*$/.test(text) && !/^(null|true|false|yes|no|on|off|y|n)$/i.test(text);
  // JSON is YAML but for what YAML has no place for, such as DEL and line breaks of Unicode.
  return isPlain ? text : printableJson(text);
}
