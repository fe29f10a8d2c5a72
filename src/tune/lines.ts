import { type Lines, placesOf } from '../quantize/lines.js';

/** A line of a tensor's elements, to be worked on as an array of its own. */
export interface Line {
  /** The line's elements of a tensor: the tensor's memory where they stand behind each other, else a copy. */
  read(tensor: Float32Array, copy?: Float32Array): Float32Array;
  /** Puts back what {@link read} gave. */
  write(line: Float32Array, tensor: Float32Array): void;
  /** Where an element of the line stands in the tensor. */
  place(i: number): number;
  readonly length: number;
}

/** The lines of a tensor of so many elements. Channels of convolutions need no copies, columns of matrices do. */
export function openLines(lines: Lines, elements: number): Line[] {
  if ('inner' in lines && lines.inner * lines.count >= elements) {
    const { count, inner } = lines;
    return Array.from({ length: count }, (_, k) => behindEachOther(k * inner, Math.min(elements, (k + 1) * inner)));
  }
  return placesOf(lines, elements).map(scattered);
}

function behindEachOther(start: number, end: number): Line {
  return {
    length: end - start,
    read: (tensor) => tensor.subarray(start, end),
    write: () => {},
    place: (i) => start + i,
  };
}

function scattered(places: Uint32Array): Line {
  const { length } = places;
  return {
    length,
    read(tensor, copy = new Float32Array(length)) {
      for (let i = 0; i < length; i++) copy[i] = tensor[places[i]];
      return copy.subarray(0, length);
    },
    write(line, tensor) {
      for (let i = 0; i < length; i++) tensor[places[i]] = line[i];
    },
    place: (i) => places[i],
  };
}
