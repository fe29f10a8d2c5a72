export declare const ANSWERS: Readonly<
  Record<'autoencoder' | 'upscaler' | 'embedder', (options?: { readonly seed?: number }) => Uint8Array>
>;
export declare function pictures(
  count: number,
  isImage: boolean,
  seed: number,
): { readonly data: Float32Array; readonly dims: readonly number[] };
