export { checksumError, cutShort, malformed } from './errors.js';
export { type Head, readHead, verifySection } from './head.js';
export { decodeSection } from './section.js';
