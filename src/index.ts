export { ERROR_CODES, type ErrorCode, type ErrorDetails, FxqError } from './errors.js';
