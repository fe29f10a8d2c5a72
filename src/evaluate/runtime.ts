import { FxqError } from '../errors.js';

/** What is used of an ONNX Runtime tensor. */
export interface RuntimeTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: unknown;
}

/** What is known of a model's input or output; dynamic dimensions are names (or '' without one). */
export interface RuntimeMetadata {
  readonly name: string;
  readonly isTensor: boolean;
  readonly type?: string;
  readonly shape?: readonly (number | string)[];
}

/** What is used of an ONNX Runtime session. */
export interface RuntimeSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** Absent before ONNX Runtime had it. */
  readonly inputMetadata?: readonly RuntimeMetadata[];
  readonly outputMetadata?: readonly RuntimeMetadata[];
  run(
    feeds: Readonly<Record<string, unknown>>,
    fetches: readonly string[],
  ): Promise<Readonly<Record<string, RuntimeTensor>>>;
  release(): Promise<void>;
}

/**
 * What is used of ONNX Runtime: `onnxruntime-node` and `onnxruntime-web` both fit, so an app in a browser hands in the
 * one it has. Spelled out here because the packages are optional, and so are their types.
 */
export interface Runtime {
  readonly InferenceSession: {
    create(path: string, options?: object): Promise<RuntimeSession>;
    create(bytes: Uint8Array, options?: object): Promise<RuntimeSession>;
  };
  // `never`, since the real constructor's overloads tie each element type to its array class; callers cast.
  readonly Tensor: new (
    type: never,
    data: never,
    dims: readonly number[],
  ) => RuntimeTensor;
}

const INSTALL = 'npm install onnxruntime-node';

/**
 * ONNX Runtime for Node.js, an optional peer dependency, loaded when it is first needed. The only place that names it.
 *
 * @param load for tests, and for programs that keep the package elsewhere
 * @throws FxqError `MISSING_PACKAGE` when it is not installed, `RUNTIME` when it is but does not load on this machine
 * @example
 * const session = await openSession(await loadRuntime(), 'model.onnx');
 */
export async function loadRuntime(
  // Bundlers for browsers would fail on a package that only Node has.
  load: () => Promise<unknown> = () => import(/* webpackIgnore: true */ 'onnxruntime-node'),
): Promise<Runtime> {
  let module: Partial<Runtime> & { default?: Runtime };
  try {
    module = (await load()) as typeof module;
  } catch (cause) {
    const { message } = cause as Error;
    // The quoted name is the package itself; a part of it that does not load, such as its binary, reads differently.
    if (/['"]onnxruntime-node['"]/.test(message.split('\n', 1)[0])) {
      const text = `onnxruntime-node: needed to run models, but not installed; install it with \`${INSTALL}\``;
      throw new FxqError('MISSING_PACKAGE', text, { expected: 'onnxruntime-node', cause });
    }
    const text = `onnxruntime-node: installed, but could not be loaded (${message}); reinstall it with \`${INSTALL}\``;
    throw new FxqError('RUNTIME', text, { cause });
  }
  return module.InferenceSession ? (module as Runtime) : (module.default as Runtime);
}
