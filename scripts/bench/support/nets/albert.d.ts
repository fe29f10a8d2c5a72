interface Sizes {
  readonly words: number;
  readonly embedding: number;
  readonly width: number;
  readonly heads: number;
  readonly inner: number;
  readonly layers: number;
  readonly positions: number;
}

export declare const ALBERT: Sizes;
export declare function albert(sizes?: Partial<Sizes>, options?: { readonly seed?: number }): Uint8Array;
