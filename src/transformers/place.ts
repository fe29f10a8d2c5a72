import type { TransformersEnv } from './env.js';

/** Model and file, whether that is on this computer or elsewhere. */
export function placeOf(
  request: string,
  env: Pick<TransformersEnv, 'remoteHost' | 'remotePathTemplate' | 'localModelPath'>,
): string {
  const [host, local] = [env.remoteHost, env.localModelPath].map((path) => path.replace(/\/$/, ''));
  if (!request.startsWith(host))
    return request.startsWith(local) ? trimmed(request.slice(local.length)) : trimmed(request);
  if (!env.remotePathTemplate.includes('{revision}')) return trimmed(request.slice(host.length));
  const [before, after] = env.remotePathTemplate.split('{model}').map((part) => part.split('{revision}').map(literal));
  const pattern = `^/?${before.join('[^/]*')}(.+?)${after.join('[^/]*')}/?`;
  return trimmed(request.slice(host.length).replace(new RegExp(pattern), '$1/'));
}

function trimmed(path: string): string {
  return path.replace(/^\/+/, '');
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/^\/|\/$/g, '/?');
}
