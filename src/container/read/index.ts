export { checksumError, malformed } from './errors.js';
export { type Head, type Prefix, readHead, readPrefix, verifySection } from './head.js';
export { decodeSection } from './section.js';
