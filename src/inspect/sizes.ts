import { PREFIX_BYTES } from '../container/constants.js';
import type { Report } from './figures.js';

/** Where a file's bytes are, by name; together all of them. */
export function sizesIn({ tensors, overhead }: Pick<Report, 'tensors' | 'overhead'>, isCoded: boolean) {
  const coded = tensors.reduce((sum, { bytes }) => sum + bytes, 0);
  const { codebooks, tables, header, skeleton, other } = overhead;
  const sizes: { readonly name: string; readonly bytes: number }[] = isCoded
    ? [
        { name: 'weights and indices', bytes: coded },
        { name: 'codebooks', bytes: codebooks },
        { name: 'code tables', bytes: tables },
        { name: 'header', bytes: header },
        { name: 'skeleton', bytes: skeleton },
        { name: 'prefix', bytes: PREFIX_BYTES },
        { name: 'of no tensor', bytes: other - PREFIX_BYTES },
      ]
    : [
        { name: 'tensors', bytes: coded },
        { name: 'everything else', bytes: skeleton },
      ];
  return sizes.filter(({ name, bytes }) => name !== 'of no tensor' || bytes > 0);
}
