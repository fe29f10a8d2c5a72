/**
 * From a URL to a session of ONNX Runtime.
 *
 * @module fxq-compress/session
 */
export { type CacheOptions, type Fetched, fetchCached } from './cached.js';
export { type CreateSessionOptions, createSession, type SessionFactory } from './session.js';
