import { importOptional } from '../data/optional.js';
import { FxqError } from '../errors.js';
import { fieldOf, messageOf } from '../guards.js';

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
  /** The outputs that `fetches` names, from tensors by the names of inputs. */
  run(
    feeds: Readonly<Record<string, unknown>>,
    fetches: readonly string[],
  ): Promise<Readonly<Record<string, RuntimeTensor>>>;
  /** Gives the session's memory back. */
  release(): Promise<void>;
}

/**
 * What is used of ONNX Runtime: `onnxruntime-node` and `onnxruntime-web` both fit, so an app in a browser hands in the
 * one it has. Spelled out here because the packages are optional, and so are their types.
 */
export interface Runtime {
  readonly InferenceSession: {
    /** A session of the model in a file, with what lies beside it. */
    create(path: string, options?: object): Promise<RuntimeSession>;
    /** A session of a model in memory. */
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

/** Where ONNX Runtime is looked for: the native one first, then the one in WebAssembly, which runs where no binary does. */
const PACKAGES: readonly (() => Promise<unknown>)[] = [
  () => importOptional('onnxruntime-node'),
  () => importOptional('onnxruntime-web'),
];

/**
 * ONNX Runtime, an optional peer dependency, loaded when it is first needed: `onnxruntime-node`, or `onnxruntime-web`
 * where that is missing or has no binary for this machine. The only place that names them.
 *
 * @param packages for tests, and for programs that keep the packages elsewhere
 * @throws FxqError `MISSING_PACKAGE` when neither is installed, `RUNTIME` when one is but does not load on this machine
 * @example
 * const session = await openSession(await loadRuntime(), 'model.onnx');
 */
export async function loadRuntime(packages = PACKAGES): Promise<Runtime> {
  const problems: unknown[] = [];
  for (const load of packages) {
    try {
      const module = await load();
      const found = [module, fieldOf(module, 'default')].find(isRuntime);
      if (found) return found;
      throw new Error('it has no InferenceSession');
    } catch (problem) {
      problems.push(problem);
    }
  }
  const broken = problems.find((problem) => !isMissing(problem));
  if (broken) {
    const text = `onnxruntime-node: installed, but could not be loaded (${messageOf(broken)}); reinstall it with \`${INSTALL}\`, or install onnxruntime-web beside it`;
    throw new FxqError('RUNTIME', text, { cause: broken });
  }
  const text = `onnxruntime-node: needed to run models, but not installed; install it with \`${INSTALL}\``;
  throw new FxqError('MISSING_PACKAGE', text, { expected: 'onnxruntime-node', cause: problems[0] });
}

function isRuntime(module: unknown): module is Runtime {
  return fieldOf(module, 'InferenceSession') !== undefined;
}

/** Whether the package itself is not there; where a part of it does not load, such as its binary, the error reads otherwise. */
function isMissing(problem: unknown): boolean {
  return /['"]onnxruntime-(node|web)['"]/.test(messageOf(problem).split('\n', 1)[0]);
}
