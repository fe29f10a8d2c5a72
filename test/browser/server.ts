import { readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** How the server treats one path; without one it sends the whole file at once. */
interface Behaviour {
  headers?: Record<string, string>;
  /** Sends this many bytes only. */
  bytes?: number;
  /**
   * With fewer bytes: an answer that is whole but shorter; or a connection that breaks before the length it promised, at
   * some time or once the page has asked for the same path with `?arrived`; or one that waits, however long, until the page
   * ends it. What a browser has not passed on when a connection breaks is lost.
   */
  ending?: 'whole' | 'broken' | 'broken once arrived' | 'held';
  /** Milliseconds between two chunks of 4 KiB. */
  pause?: number;
}

const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
};

const CHUNK = 4096;

export interface Server {
  origin: string;
  /** Keyed by path. */
  behaviours: Map<string, Behaviour>;
  /** Settled once the page has ended the connection that was held. */
  held: Map<string, Promise<void>>;
  close(): void;
}

/** Serves a folder on 127.0.0.1; `headers` go with every file. */
export async function serve(folder: string, headers: Record<string, string> = {}): Promise<Server> {
  const behaviours = new Map<string, Behaviour>();
  const breaking = new Map<string, ServerResponse>();
  const held = new Map<string, Promise<void>>();
  const server = createServer(async (request, response) => {
    const { pathname, search } = new URL(request.url!, 'http://localhost');
    if (search === '?arrived') {
      breaking.get(pathname)?.destroy();
      return void response.writeHead(204).end();
    }
    const file = join(folder, pathname.endsWith('/') ? `${pathname}index.html` : pathname);
    try {
      const behaviour = behaviours.get(pathname) ?? { headers };
      if (behaviour.ending === 'broken once arrived') breaking.set(pathname, response);
      if (behaviour.ending === 'held')
        held.set(pathname, new Promise((resolve) => response.on('close', () => resolve())));
      await send(response, file, behaviour);
    } catch {
      if (!response.headersSent) response.writeHead(404);
      response.end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    behaviours,
    held,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function send(response: ServerResponse, file: string, behaviour: Behaviour): Promise<void> {
  const { headers, bytes, ending = 'whole', pause } = behaviour;
  const whole = readFileSync(file);
  const body = whole.subarray(0, bytes);
  response.writeHead(200, {
    'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream',
    'Content-Length': ending === 'whole' ? body.length : whole.length,
    'Cache-Control': 'no-store',
    ...headers,
  });
  if (pause === undefined) response.write(body);
  else
    for (let at = 0; at < body.length && !response.destroyed; at += CHUNK) {
      response.write(body.subarray(at, at + CHUNK));
      await sleep(pause);
    }
  if (ending === 'whole') response.end();
  if (ending !== 'broken') return;
  // Some of what was written shall arrive before the connection ends.
  await sleep(100);
  response.destroy();
}
