export { type CacheOptions, type Fetched, fetchCached } from './cached.js';
export { type CreateSessionOptions, createSession, type SessionFactory } from './session.js';
