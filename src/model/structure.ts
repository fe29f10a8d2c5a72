import type { onnx } from 'onnx-proto';
import type { DType } from '../binary/dtype.js';

/**
 * What one look at a model file finds: its tensors on the wire, and its graph decoded. It is made when the model is
 * opened and goes with the model through every stage, because stages change payloads and nothing else.
 *
 * @internal
 */
export interface Structure {
  /**
   * The decoded file without payloads, so that it is small and keeps no file in memory. Everyone shares it: who edits
   * a graph works on a copy.
   */
  readonly proto: onnx.IModelProto;
  /** Every tensor of the file and every list of numbers, in the order of the file. */
  readonly tensors: readonly ScannedTensor[];
}

/** A length-delimited field and the ones around it: what has to be rewritten when something inside changes length. */
export interface Enclosure {
  readonly tag: number;
  readonly lengthAt: number;
  readonly start: number;
  readonly end: number;
  readonly parent: Enclosure | undefined;
}

/** Where a tensor says that its payload stands outside the model file (TensorProto.external_data). */
export interface ExternalWindow {
  /** The file: a normalised path, the same for all spellings; as it is spelled where it leads out of the model's folder. */
  readonly location: string;
  /** How the model spells it. */
  readonly spelling: string;
  readonly offset: number;
  /** `undefined`: up to the end of the file. */
  readonly length: number | undefined;
}

/**
 * How a tensor's payload stands in the file: fixed-width elements, or protobuf varints (one per element). A stretch is bytes of a
 * file that no tensor claims; a model lists none among its tensors, but they are coded like these.
 */
export type PayloadForm = 'raw' | 'fixed' | 'varint' | 'stretch';

/** A tensor found by the scan, with the payload's place. Tensors whose payload is no single run of bytes have none. */
export interface ScannedTensor {
  /** Dotted path of the field in the decoded file: `graph.node[3].attribute[0].t`. */
  readonly path: string;
  readonly dtype: DType;
  readonly dims: readonly number[];
  readonly count: number;
  readonly form: PayloadForm;
  /** The payload field; `start` and `end` are the payload's. */
  readonly window: Enclosure | undefined;
  readonly external: ExternalWindow | undefined;
  /** The runs of whole payload fields in the tensor's message, where they are several or strings. */
  readonly scattered: readonly ByteRun[];
}

/** Bytes of a file that stand directly inside a message. */
export interface ByteRun {
  readonly start: number;
  readonly end: number;
  readonly within: Enclosure;
}
