// Prints a container byte by byte, for docs/format.md: what each run of bytes is, and what it says.
import { readFileSync } from 'node:fs';
import { atOnce } from '../../build/breather.js';
import { readCode, readCodebook } from '../../build/container/read/codes.js';
import { SectionCursor } from '../../build/container/read/cursor.js';
import { openContainer } from '../../build/decode/container.js';

const [path] = process.argv.slice(2);
const bytes = new Uint8Array(readFileSync(path));
const view = new DataView(bytes.buffer);
const { head } = await openContainer(bytes);
const { squeezedBytes, headerBytes, expandedBytes } = head.prefix;

line(0, 3, '"FXQ"');
line(3, 4, `version ${bytes[3]}`);
line(4, 8, `the squeezed head has ${view.getUint32(4, true)} bytes`);
line(8, 12, `expanded it has ${expandedBytes}`);
line(12, 16, `of which the header is the first ${headerBytes}`);
line(16, 20, 'XXH32 of the 16 bytes before and the squeezed head');
line(20, 20 + squeezedBytes, 'the head, squeezed; expanded:');
for (const { name, size, hash } of head.files) note(`file "${name}" of ${size} bytes, XXH32 ${hex32(hash)}`);
for (const tensor of head.tensors) {
  const { name, dtype, dims, offset, layout, codebookSize, section } = tensor;
  const what = `tensor "${name}", ${dtype} [${dims.join(', ')}], at byte ${offset} of the file`;
  note(
    section.length > 0
      ? `${what}: ${layout}, ${codebookSize} values, ${section.length} bytes`
      : `${what}: in the skeleton`,
  );
}
note(`${head.skeleton.length} bytes of skeleton: all of the file but the payloads`);
for (const tensor of head.tensors) if (tensor.layout === 'gap') showGap(tensor);

function showGap(tensor) {
  const { section, codebookSize, gapBits } = tensor;
  const part = bytes.subarray(section.offset, section.offset + section.length);
  const cursor = new SectionCursor(part, tensor);
  let from = 0;
  const step = (text) => {
    line(section.offset + from, section.offset + cursor.at, text);
    from = cursor.at;
  };
  const { values } = atOnce(readCodebook(cursor));
  const floats = new Float32Array(Uint32Array.from(values).buffer);
  step(`codebook: ${shortened([...floats].map((value) => `${Number(value.toPrecision(4))}`))}`);
  step(`code lengths: ${shortened([...readCode(cursor, codebookSize, 'code lengths').lengths])}`);
  step(
    `gap lengths, 0 to ${(1 << gapBits) - 1} zeros: ${shortened([...readCode(cursor, 1 << gapBits, 'gap lengths').lengths])}`,
  );
  const pairs = cursor.varint('pairs');
  step(`${pairs} pairs of a gap and a value, in one stream`);
  line(section.offset + from, section.offset + section.length, 'the stream, which ends with the section');
}

function shortened(items) {
  return items.length > 16 ? `${items.slice(0, 14).join(' ')} … ${items.at(-1)}` : items.join(' ');
}

function hex32(value) {
  return value.toString(16).padStart(8, '0');
}

/** Sixteen bytes a line, with where the first stands; what they are, beside them. */
function line(from, to, text) {
  for (let at = from; at < to; at += 16) {
    const some = [...bytes.subarray(at, Math.min(to, at + 16))].map((byte) => byte.toString(16).padStart(2, '0'));
    console.log(`${`${at}`.padStart(4)}  ${some.join(' ').padEnd(47)}  ${at === from ? text : ''}`.trimEnd());
  }
}

function note(text) {
  console.log(`${' '.repeat(55)}${text}`);
}
