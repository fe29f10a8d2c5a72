import { interleave } from '../binary/planes.js';
import { type Breathe, inTurns } from '../breather.js';
import type { TensorEntry } from '../container/header.js';
import { decodeInSteps, type Head, verifySection } from '../container/read/index.js';
import { loadKernels } from '../kernels/decode/index.js';
import { allocate } from './allocate.js';
import type { Input } from './source.js';

/** A run of bytes of a rebuilt file. Runs come in order: file by file, from the first byte to the last. */
export interface Piece {
  /** Index into `head.files`. */
  readonly file: number;
  /** Where in the file. */
  readonly offset: number;
  readonly bytes: Uint8Array;
  /** Whether the bytes lie where {@link Room} said they should. */
  readonly isInPlace: boolean;
  /** The tensor whose payload it is; none for skeleton. */
  readonly tensor?: TensorEntry;
}

/** Memory for a tensor's payload, exactly as long. */
export type Room = (tensor: TensorEntry) => Uint8Array;

/**
 * Rebuilds all files of a container piece by piece: skeleton and payloads in turn. At any time one tensor is in memory.
 *
 * @param take - gives the next bytes of the container; after the head, those are the sections
 * @param verify - whether sections are checked against their checksums before they are decoded
 * @param breathe - called between steps
 * @param room - where coded payloads are decoded to; by default each into memory of its own
 */
export async function* rebuild(
  head: Head,
  take: Input['take'],
  verify: boolean,
  breathe: Breathe,
  room: Room = ({ length, name }) => allocate(length, name),
): AsyncGenerator<Piece> {
  const kernels = await loadKernels();
  const sections = sectionTaker(head, take);
  let skeletonAt = 0;
  const skeleton = (count: number) => {
    skeletonAt += count;
    return head.skeleton.subarray(skeletonAt - count, skeletonAt);
  };
  let next = 0;
  for (const [file, { size }] of head.files.entries()) {
    let at = 0;
    for (; next < head.tensors.length && head.tensors[next].file === file; next++) {
      await breathe();
      const tensor = head.tensors[next];
      if (tensor.offset > at) yield { file, offset: at, bytes: skeleton(tensor.offset - at), isInPlace: false };
      if (tensor.layout === 'inline') {
        if (tensor.owner === next) skeletonAt += tensor.length;
        const inline = head.skeleton.subarray(tensor.inlineAt, tensor.inlineAt + tensor.length);
        const bytes = tensor.isPlanar ? interleave(inline, tensor.width, room(tensor)) : inline;
        yield { file, offset: tensor.offset, bytes, isInPlace: tensor.isPlanar, tensor };
      } else {
        const section = await sections(next);
        if (verify) await inTurns(verifySection(tensor, section, kernels), breathe);
        const bytes = room(tensor);
        await inTurns(decodeInSteps(tensor, section, bytes, kernels), breathe);
        yield { file, offset: tensor.offset, bytes, isInPlace: true, tensor };
      }
      at = tensor.offset + tensor.length;
    }
    if (size > at) yield { file, offset: at, bytes: skeleton(size - at), isInPlace: false };
  }
}

/** Gives the section of a tensor; the compressed bytes of one that is shared are kept until the last tensor had them. */
function sectionTaker(head: Head, take: Input['take']): (index: number) => Uint8Array | Promise<Uint8Array> {
  const lastUse = new Map<number, number>();
  for (const [index, { owner }] of head.tensors.entries()) if (owner !== index) lastUse.set(owner, index);
  const kept = new Map<number, Uint8Array>();
  return async (index) => {
    const { owner, section } = head.tensors[index];
    const bytes = kept.get(owner) ?? (await take(section.length));
    if ((lastUse.get(owner) ?? index) > index) kept.set(owner, bytes);
    else kept.delete(owner);
    return bytes;
  };
}
