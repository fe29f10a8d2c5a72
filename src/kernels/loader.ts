/** The functions of an instance of a WebAssembly module, and its memory. */
export type Exports = Record<string, (...numbers: number[]) => number> & { readonly memory: WebAssembly.Memory };

const PAGE = 65536;

/**
 * Makes an instance while the caller waits: compiling takes less than a millisecond, and other threads take longer to
 * start. Fails where there is no WebAssembly or a Content-Security-Policy forbids it.
 *
 * @param text - the module, a character a byte
 */
export async function instantiate(text: string): Promise<Exports> {
  const bytes = bytesOf(text);
  let instance: WebAssembly.Instance;
  try {
    instance = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  } catch {
    // Old Chromium refuses more than 4 KiB on a page's main thread, which modules are; today's limit of 8 MiB is far.
    ({ instance } = await WebAssembly.instantiate(bytes));
  }
  return exportsOf(instance);
}

/** Instances of a module: each is somebody's from `take` to `giveBack`, or never used again. */
export interface Instances {
  /** An instance with at least so many bytes of memory. */
  take(bytes: number): Exports;
  giveBack(exports: Exports): void;
}

/**
 * Compiles a module whose memory grows with the work. An instance that is given back is used again unless its memory, which never
 * shrinks, has become larger than what may be kept.
 *
 * @param text - the module, a character a byte
 * @param kept - bytes of memory that an instance may keep
 * @throws where there is no WebAssembly, or no vector instructions, or a Content-Security-Policy forbids it
 */
export function instancesOf(text: string, kept: number): Instances {
  const module = new WebAssembly.Module(bytesOf(text));
  let idle: Exports | undefined;
  return {
    take(bytes) {
      const exports = idle ?? exportsOf(new WebAssembly.Instance(module));
      idle = undefined;
      const { memory } = exports;
      const missing = Math.ceil((bytes - memory.buffer.byteLength) / PAGE);
      if (missing > 0) memory.grow(missing);
      return exports;
    },
    giveBack(exports) {
      if (exports.memory.buffer.byteLength <= kept) idle = exports;
    },
  };
}

/**
 * Gives a function that lends an instance: it takes the bytes of memory that the work needs, and the work. An instance that
 * throws is not used again.
 */
export function lender({ take, giveBack }: Instances) {
  return <T>(bytes: number, work: (exports: Exports) => T): T => {
    const exports = take(bytes);
    const result = work(exports);
    giveBack(exports);
    return result;
  };
}

function exportsOf(instance: WebAssembly.Instance): Exports {
  return instance.exports as Exports;
}

/** The kernels in WebAssembly, or the reference where that is missing or forbidden. */
export function orReference<Kernels>(compileKernels: () => Kernels, reference: Kernels): Kernels {
  try {
    return compileKernels();
  } catch {
    return reference;
  }
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  // Not `Uint8Array.from` with a function: calling that once a byte takes longer than compiling.
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
