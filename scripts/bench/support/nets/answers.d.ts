export declare const EDGE: number;
export declare const ANSWERS: Readonly<
  Record<'autoencoder' | 'upscaler' | 'embedder', (options?: { readonly seed?: number }) => Uint8Array>
>;
