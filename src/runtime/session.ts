import { isNumeric, type PlainArray, toNumbers } from '../data/cast.js';
import { type Batch, countOf, emptyLike, type NumberArray } from '../data/dataset.js';
import type { ModelInput } from '../data/fit.js';
import { FxqError } from '../errors.js';
import { messageOf } from '../guards.js';
import { type Feed, feedsOf } from './feeds.js';
import { decidingOutput, type Outputs, outputsOf } from './outputs.js';
import type { Runtime, RuntimeMetadata, RuntimeSession, RuntimeTensor } from './runtime.js';

export { loadRuntime, type Runtime } from './runtime.js';

/** One output of a model for a batch, as numbers; half floats and 64-bit integers have been widened. */
export interface OutputArray {
  /** Element type in the model: `float32`, `int64`, … */
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: PlainArray;
}

/** One run of a model: how many samples went in, as which arrays, and what came out. */
export interface Run {
  readonly samples: number;
  readonly inputs: Batch['inputs'];
  readonly outputs: Readonly<Record<string, OutputArray>>;
}

/** A model in ONNX Runtime that takes the batches of a data set. */
export interface Session extends Outputs {
  /** What is to be fed; initializers that old models list as inputs as well are not among them. */
  readonly inputs: readonly ModelInput[];
  /** What ONNX Runtime knows of all outputs; of one whose rank is unknown it says that of a scalar. */
  readonly outputMetadata: readonly RuntimeMetadata[];
  /**
   * Runs the batch, cut to `limit` samples. Outputs by name, those that are no tensors of numbers left out.
   *
   * @throws FxqError `DATASET` when the batch does not fit the model, `RUNTIME` when the model fails on it
   */
  run(batch: Batch, limit?: number): Promise<{ samples: number; outputs: Readonly<Record<string, OutputArray>> }>;
  /**
   * Runs the batch piece by piece, as the model takes it, and gives each piece's outputs as they are. Samples that a
   * model of a fixed batch size would have to be given twice are left out.
   */
  runs(batch: Batch): AsyncIterable<Run>;
  /** Frees the model. The session is of no use afterwards. */
  release(): Promise<void>;
}

/** An array that belongs to the model rather than to a sample, such as weights in training. */
export interface HeldArray {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

export interface SessionOptions {
  /** Threads that work on one operator. Default: ONNX Runtime's own choice, one a core. */
  readonly threads?: number | undefined;
  /** For messages, where the model is given as bytes. Default: `'model'`. */
  readonly name?: string | undefined;
  /** Arrays by the names of inputs that they are fed to in every run, as they are at that time; they are not copied. */
  readonly held?: Readonly<Record<string, HeldArray>> | undefined;
  /** Further options of ONNX Runtime's `InferenceSession.create`, such as `graphOptimizationLevel`. */
  readonly session?: Readonly<Record<string, unknown>> | undefined;
}

/** Characters of a message that are passed on. */
const MOST_SAID = 600;

/**
 * Opens a model, given as the bytes of the ONNX file or as its path (needed where it has external data).
 *
 * @throws FxqError `RUNTIME` when ONNX Runtime does not take the model
 * @example
 * const session = await openSession(await loadRuntime(), 'model.onnx', { threads: 2 });
 * const { outputs } = await session.run({ inputs: { input: { data: pixels, dims: [1, 28, 28] } } });
 * await session.release();
 */
export async function openSession(
  runtime: Runtime,
  model: Uint8Array | string,
  options: SessionOptions = {},
): Promise<Session> {
  const { threads, name = typeof model === 'string' ? model : 'model', held = {}, session: further } = options;
  const all = {
    ...(threads !== undefined && { intraOpNumThreads: threads }),
    // Threads that spin between two runs take the cores from everything else, a second session included.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
    // Errors are thrown, and would stand in a terminal twice.
    logSeverityLevel: 4,
    ...further,
  };
  const create = () =>
    typeof model === 'string'
      ? runtime.InferenceSession.create(model, all)
      : runtime.InferenceSession.create(model, all);
  const session = await create().catch((cause: Error) => {
    throw new FxqError('RUNTIME', `${name}: ONNX Runtime does not take this model: ${shortened(cause.message)}`, {
      file: name,
      cause,
    });
  });
  const inputs = session.inputNames
    .filter((input) => !Object.hasOwn(held, input))
    .map((input) => inputOf(session, input, name));
  const heldTensors = Object.entries(held).map(([input, { data, dims }]) => {
    return [input, tensorOf(runtime, 'float32', data, dims)] as const;
  });
  const outputMetadata = metadataOf(session.outputMetadata, name);
  const { outputNames, leftOut } = outputsOf(outputMetadata);

  const runFeed = async (feed: Feed) => {
    // ONNX Runtime does not say what is wrong with a model of which nothing can be fetched.
    if (outputNames.length === 0) decidingOutput({ outputNames, leftOut });
    try {
      const feeds = feed.arrays.map((array) => [array.name, tensorOf(runtime, array.type, array.data, array.dims)]);
      return await session.run(Object.fromEntries([...feeds, ...heldTensors]), outputNames);
    } catch (cause) {
      const given = feed.arrays.map((array) => `${array.name} ${array.type} [${array.dims.join(', ')}]`).join(', ');
      const message = `${name}: ONNX Runtime stopped (${shortened(messageOf(cause))}) on ${given}`;
      throw new FxqError('RUNTIME', message, { file: name, cause });
    }
  };

  return {
    inputs,
    outputMetadata,
    outputNames,
    leftOut,
    async run(batch, limit) {
      const { samples, feeds } = feedsOf(inputs, batch, limit);
      const parts: Record<string, OutputArray[]> = Object.fromEntries(outputNames.map((output) => [output, []]));
      for (const feed of samples > 0 ? feeds : []) {
        const results = await runFeed(feed);
        for (const output of outputNames) {
          const array = withoutPadding(results[output], feed);
          if (array) parts[output].push(array);
        }
      }
      const joined = Object.entries(parts).filter(([, arrays]) => arrays.length > 0);
      return { samples, outputs: Object.fromEntries(joined.map(([output, arrays]) => [output, join(arrays)])) };
    },
    async *runs(batch) {
      const { samples, feeds } = feedsOf(inputs, batch);
      for (const feed of samples > 0 ? feeds : []) {
        if (feed.count < feed.size) continue;
        const results = await runFeed(feed);
        const outputs: Record<string, OutputArray> = {};
        for (const output of outputNames) {
          const { type, dims, data } = results[output];
          const numbers = toNumbers(type, data);
          if (numbers) outputs[output] = { type, dims, data: numbers };
        }
        yield {
          samples: feed.count,
          inputs: Object.fromEntries(feed.arrays.map((each) => [each.name, each])),
          outputs,
        };
      }
    },
    release: () => session.release(),
  };
}

/** The constructor ties each type to its array class, which is known only here. */
function tensorOf(runtime: Runtime, type: string, data: NumberArray, dims: readonly number[]): RuntimeTensor {
  return new runtime.Tensor(type as never, data as never, dims);
}

function metadataOf(metadata: readonly RuntimeMetadata[] | undefined, file: string): readonly RuntimeMetadata[] {
  if (metadata) return metadata;
  const message = `${file}: expected an ONNX Runtime that tells a model's inputs, got an old one; update onnxruntime`;
  throw new FxqError('RUNTIME', message, { file });
}

function inputOf(session: RuntimeSession, input: string, file: string): ModelInput {
  const metadata = metadataOf(session.inputMetadata, file).find(({ name }) => name === input);
  const { isTensor, type, shape = [] } = metadata ?? {};
  if (isTensor && type !== undefined && isNumeric(type)) return { name: input, type, shape };
  const got = !isTensor ? 'a sequence, a map or an optional' : type === 'string' ? 'strings' : `type ${type}`;
  const message = `${file}: expected input '${input}' to be a tensor of numbers, got ${got}; such models cannot be run`;
  throw new FxqError('RUNTIME', message, { file, tensor: input });
}

/** What ONNX Runtime says, in one line: names of thousands of values may stand in its middle. */
function shortened(said: string): string {
  const message = said.trim().replaceAll(/\s+/g, ' ');
  return message.length <= MOST_SAID
    ? message
    : `${message.slice(0, MOST_SAID / 2)} … ${message.slice(-MOST_SAID / 2)}`;
}

/** The rows of the samples: an output's first axis holds one row a sample, or the same number of rows for each. */
function withoutPadding({ type, dims, data }: RuntimeTensor, { count, size }: Feed): OutputArray | undefined {
  const numbers = toNumbers(type, data);
  if (!numbers) return undefined;
  if (count === size || dims.length === 0 || dims[0] % size !== 0) return { type, dims, data: numbers };
  const rows = (dims[0] / size) * count;
  const rest = dims.slice(1);
  return { type, dims: [rows, ...rest], data: numbers.subarray(0, rows * countOf(rest)) };
}

/** The outputs of several runs as one, along the first axis; a plain list of values where the shapes do not allow it. */
function join(arrays: readonly OutputArray[]): OutputArray {
  const [first] = arrays;
  if (arrays.length === 1) return first;
  const total = arrays.reduce((sum, { data }) => sum + data.length, 0);
  const data = emptyLike(first.data, total);
  let at = 0;
  for (const part of arrays) {
    data.set(part.data, at);
    at += part.data.length;
  }
  const rest = `${first.dims.slice(1)}`;
  const alike = arrays.every(
    ({ dims }) => dims.length > 0 && dims.length === first.dims.length && `${dims.slice(1)}` === rest,
  );
  const rows = arrays.reduce((sum, { dims }) => sum + (dims[0] ?? 1), 0);
  return { type: first.type, dims: alike ? [rows, ...first.dims.slice(1)] : [total], data };
}
