export { checksumError, cutShort, malformed } from './errors.js';
export { type Head, readHead, verifySection } from './head.js';
export { decodeInSteps, decodeSection } from './section.js';
