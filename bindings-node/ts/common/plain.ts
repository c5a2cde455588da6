/** Objects whose fields are what they hold. */

import { SteadywireError } from '../errors';

/** Whether it is a `Map`, `Headers` or the like: what they hold is in no field, so that they look empty. */
export function isCollection(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Symbol.iterator in value && !Array.isArray(value);
}

/** @throws {SteadywireError} `invalid_argument` for what an option cannot take whose fields are read. */
export function checkPlain(name: string, value: unknown): void {
  if (isCollection(value)) {
    const kind = value.constructor?.name || 'collection';
    throw new SteadywireError(
      'invalid_argument',
      `option \`${name}\` takes a plain object, not a ${kind}; Object.fromEntries() makes one`,
    );
  }
}
