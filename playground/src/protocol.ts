import type { Settings } from './settings.js';

/** What the page asks of its workers, and what they answer: plain data. */
export interface Asks {
  open: { ask: { file: Blob }; answer: Opened };
  shrink: { ask: { settings: Settings }; answer: Shrunk };
  layer: { ask: { name: string }; answer: LayerView };
  beside: { ask: object; answer: Way[] };
  take: { ask: object; answer: { container: Uint8Array<ArrayBuffer> } };
  compare: { ask: { original: Blob; container: Uint8Array; inputs: Blob | undefined }; answer: Answers };
}

export interface Opened {
  readonly bytes: number;
  readonly layers: readonly {
    readonly name: string;
    readonly bytes: number;
    readonly dims: readonly number[];
    readonly op: string;
    readonly role: string;
  }[];
}

/** A compressed model in figures. */
export interface Shrunk {
  readonly bytes: number;
  readonly ms: number;
  /** What was chosen for a target size. */
  readonly snr?: number | undefined;
  /** In words: that the file is kept as it is, or how its weights were chosen. */
  readonly told: string;
  readonly layers: readonly ShrunkLayer[];
}

export interface ShrunkLayer {
  readonly name: string;
  readonly bytes: number;
  readonly density: number;
  readonly clusters: number | null;
  /** Decibels; `null` where nothing changed, or nobody can say. */
  readonly snr: number | null;
}

/** A layer from near by. */
export interface LayerView {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly counts: readonly number[];
  readonly values: readonly { readonly value: number; readonly weights: number }[] | null;
  readonly zeros: number;
  readonly weights: number;
}

/** Another way to make the file small. */
export interface Way {
  readonly name: string;
  readonly bytes: number;
}

export interface Answers {
  readonly samples: number;
  readonly agreement: number | null;
  readonly meanAbsDiff: number | null;
  readonly kind: string | null;
  readonly loss: string | null;
  readonly warnings: readonly string[];
}

export type Name = keyof Asks;

/** To a worker. Without `ask` it is to stop what it does under that number. */
export interface Request {
  readonly id: number;
  readonly name?: Name;
  readonly ask?: unknown;
}

export interface Reply {
  readonly id: number;
  readonly share?: number;
  readonly answer?: unknown;
  readonly problem?: { readonly message: string; readonly isAborted: boolean };
}
