import type { ErrorCode } from '../../../src/errors.js';
import { modelProto } from '../onnx-builder.js';

export interface HostileModel {
  name: string;
  bytes: Uint8Array;
  external?: Record<string, Uint8Array>;
  code: ErrorCode;
  /** A second code that describes it as well. */
  orCode?: ErrorCode;
  /** Strange but readable: a reader may also open it. */
  mayOpen?: boolean;
}

export const malformed = (name: string, bytes: Uint8Array, rest: Partial<HostileModel> = {}): HostileModel => ({
  name,
  bytes,
  code: 'ONNX_MALFORMED',
  ...rest,
});

/** Inside the tensor of an otherwise sound model. */
export const inTensor = (content: Uint8Array) => modelProto({ graph: { initializers: [content] } });
