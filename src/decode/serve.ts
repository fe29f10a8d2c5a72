// The other side of remote.ts, in whichever worker it runs.
import type { Progress } from './container.js';
import { rebuildFiles, rebuildForOrt } from './files.js';
import type { Chunk, Report, Task } from './remote.js';

/** Rebuilds the files of one container, as a message asks for it. */
export async function serveDecode({ forOrt, verify, port }: Task): Promise<void> {
  const say = (report: Report, transfer: Transferable[] = []) => port.postMessage(report, transfer);
  const stop = new AbortController();
  const source = new ReadableStream<Uint8Array>({
    start(controller) {
      port.onmessage = ({ data }: MessageEvent<Chunk>) => {
        if (data === true) controller.close();
        else if (data === false) stop.abort();
        else controller.enqueue(data);
      };
    },
    // What is still under way then would be an error of the worker itself, which may be reported before the actual one.
    cancel() {
      port.onmessage = null;
    },
  });
  // The container is asked for.
  say({});
  try {
    const options = { verify, signal: stop.signal, onProgress: (progress: Progress) => say({ progress }) };
    if (forOrt) {
      const result = await rebuildForOrt(source, options);
      say({ result }, [result.model.buffer, ...result.externalData.map(({ data }) => data.buffer)]);
    } else {
      const result = await rebuildFiles(source, options);
      say(
        { result },
        result.map(({ bytes }) => bytes.buffer),
      );
    }
  } catch (problem) {
    const { name, message, cause, ...fields } = problem as Required<Report>['error'];
    say({ error: { ...fields, name, message, ...(cause !== undefined && { cause: String(cause) }) } });
  }
}
