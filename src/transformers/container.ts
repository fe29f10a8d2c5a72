import { type Opened, openContainer, pieces } from '../decode/container.js';
import type { FxqError, ReadOptions } from '../decode/index.js';
import type { Cache, TransformersEnv } from './env.js';
import { isRemote, readFile } from './stores.js';

/** A container that was found, as responses of the files that it decodes to; each can be read once. */
export class Container {
  #all: Promise<Map<string, Uint8Array[]>> | undefined;
  /** Files that nobody has begun to read. */
  readonly #unread: Set<string>;

  private constructor(
    private readonly opened: Opened | FxqError,
    private readonly options: ReadOptions,
    private readonly keep: () => Promise<void>,
  ) {
    this.#unread = new Set(opened instanceof Error ? [] : opened.head.files.map(({ name }) => name));
  }

  /** Opens the container at a path or an address; undefined where there is none. */
  static async open(
    address: string,
    env: TransformersEnv,
    store: Pick<Cache, 'match' | 'put'>,
    { verify }: ReadOptions,
  ): Promise<Container | undefined> {
    const kept = await store.match(address);
    const response = kept ?? (await fetched(address, env));
    if (!response) return undefined;
    const copy = kept || isFile(address, env) ? undefined : response.clone();
    // With a signal there are pauses, so that a page does not wait for all of the decoding.
    const options = { verify, signal: new AbortController().signal };
    // What is wrong with a file is said when it is read: what goes wrong in a cache, transformers.js does not look at.
    const opened = await openContainer(response, options).catch((error: FxqError) => error);
    return new Container(opened, options, async () => copy && store.put(address, copy));
  }

  /**
   * A file of the container, which is decoded when the response is read.
   *
   * @param name - empty for the model itself
   * @param onSpent - called when all files are being read, or none can be: this container gives no more then
   */
  response(name: string, onSpent: () => void): Response | undefined {
    const { opened } = this;
    if (opened instanceof Error) {
      const fail = () => {
        onSpent();
        throw opened;
      };
      return new Response(new ReadableStream({ pull: fail }, { highWaterMark: 0 }));
    }
    const { files } = opened.head;
    const file = files.find((entry) => entry.name === name);
    if (!file) return undefined;
    const begin = () => {
      if (this.#unread.delete(name) && this.#unread.size === 0) onSpent();
    };
    const bytes = files.length === 1 ? this.#model() : this.#part(name);
    const body = new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          begin();
          const { done, value } = await bytes.next();
          if (done) controller.close();
          else controller.enqueue(value);
        },
      },
      { highWaterMark: 0 },
    );
    const headers = { 'content-length': `${file.size}`, 'content-type': 'application/octet-stream' };
    return new Response(body, { headers });
  }

  /** The only file there is, while it is rebuilt. */
  async *#model(): AsyncGenerator<Uint8Array> {
    if (this.opened instanceof Error) throw this.opened;
    for await (const { bytes } of pieces(this.opened, this.options)) yield bytes;
    await this.keep();
  }

  /** One of several files, which are asked for in any order, and of which all are rebuilt then. */
  async *#part(name: string): AsyncGenerator<Uint8Array> {
    this.#all ??= this.#decoded();
    yield* (await this.#all).get(name) ?? [];
  }

  async #decoded(): Promise<Map<string, Uint8Array[]>> {
    if (this.opened instanceof Error) throw this.opened;
    const { files } = this.opened.head;
    const all = new Map(files.map(({ name }) => [name, [] as Uint8Array[]]));
    for await (const { file, bytes } of pieces(this.opened, this.options)) all.get(files[file].name)?.push(bytes);
    await this.keep();
    return all;
  }
}

/** What there is at an address; undefined for nothing, and for a page that says so with a friendly status. */
async function fetched(address: string, env: TransformersEnv): Promise<Response | undefined> {
  const isLocal = !address.startsWith(env.remoteHost);
  if (!(isLocal ? env.allowLocalModels || isRemote(address) : env.allowRemoteModels)) return undefined;
  if (isFile(address, env)) return readFile(address);
  const response: Response | undefined = await (env.fetch ?? fetch)(address).catch(() => undefined);
  const isPage = response?.headers.get('content-type')?.includes('text/html');
  return response?.ok && !isPage ? response : undefined;
}

/** Whether an address is a path of this computer, as in Node; in a browser a path is on the page's server. */
function isFile(address: string, env: TransformersEnv): boolean {
  return env.useFS && !isRemote(address);
}
