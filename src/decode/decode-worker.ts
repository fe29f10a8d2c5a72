// What runs in a worker of the web or a thread of Node, for any number of containers.
import type { Task } from './remote.js';
import { serveDecode } from './serve.js';

/** Where messages to this worker arrive. */
const scope = (globalThis.process?.getBuiltinModule?.('worker_threads').parentPort ?? self) as unknown as MessagePort;

scope.onmessage = ({ data }: MessageEvent<Task>) => serveDecode(data);
