/** Errors, as the whole package has them. */

export { ERROR_CODES, type ErrorKind, SteadywireError } from '../errors';
