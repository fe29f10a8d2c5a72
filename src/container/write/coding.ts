import { type OptionsOf, toggle } from '../../options/option.js';

/** How weights are coded. The decoded model is the same in any case. */
export interface CodingOptions {
  /** Default false: what is slower to decode has to save some per cent of a layer. */
  readonly smallest?: boolean | undefined;
}

export const CODING = {
  smallest: toggle({ text: 'save every byte, also where decoding takes twice as long for it' }),
} satisfies OptionsOf<CodingOptions>;
