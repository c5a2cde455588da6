/** Options in Node: what goes to the addon as values, and what the program is asked for. */

import { checkPlain } from '../common';
import { SteadywireError } from '../errors';
import type { ConnectionOptions, CredentialsRequest, Logger } from '../types';

/** The options that may be functions. */
export const GIVEN = ['url', 'token', 'headers', 'protocols'] as const;

/** A function that gives what an option takes. */
type Ask = (request: CredentialsRequest) => unknown;

/** What the engine needs to know. It is kept, so that of the values only functions are in it. */
export interface Settings {
  readonly given: { readonly [name in (typeof GIVEN)[number]]?: Ask };
  /** Whether any of them is a function. */
  readonly asks: boolean;
  readonly classify: ConnectionOptions['classify'];
  readonly logger: Logger;
}

/** The function is asked before every attempt: nobody ever dials this. */
const URL_TO_COME = 'ws://url.invalid/';

/** What nobody listens to goes to stderr, and each change of the state goes nowhere. */
const CONSOLE: Logger = { warn: (...text) => console.warn(...text), error: (...text) => console.error(...text) };

/** What only browsers need. */
const UNSUPPORTED: { readonly [option: string]: string } = {
  WebSocket: 'the addon has its own; the client of steadywire/web takes one',
  tokenIn: 'the token goes into the header `Authorization`; put it into the url where a server wants it there',
};

/**
 * Reads the options; their values, as JSON, are checked by the addon.
 *
 * @throws {SteadywireError} one that cannot be had here, or of a type that no option takes.
 */
export function readOptions(options: ConnectionOptions): { json: string; settings: Settings } {
  if (typeof options !== 'object' || options === null) {
    bad('the client takes an object of options, with at least `url`');
  }
  const { classify, logger = CONSOLE, ...rest } = options;
  if (rest.url === undefined) {
    bad('option `url` is required: a ws:// or wss:// address, or a function that gives one');
  }
  if (classify !== undefined && typeof classify !== 'function') {
    bad('option `classify` takes a function');
  }
  if (typeof logger?.warn !== 'function' || typeof logger.error !== 'function') {
    bad('option `logger` takes an object with the functions warn and error');
  }
  const values: Record<string, unknown> = {};
  const given: { [name: string]: Ask } = {};
  for (const [name, value] of Object.entries(rest)) {
    if (value === undefined) {
      continue;
    }
    if (UNSUPPORTED[name] !== undefined) {
      throw new SteadywireError('unsupported', `option \`${name}\` cannot be had in Node: ${UNSUPPORTED[name]}`);
    }
    if (typeof value === 'function' && (GIVEN as readonly string[]).includes(name)) {
      given[name] = value as Ask;
      if (name === 'url') {
        values['url'] = URL_TO_COME;
      }
      continue;
    }
    values[name] = plain(name, value);
  }
  const asks = Object.keys(given).length > 0;
  return { json: JSON.stringify(values), settings: { given, asks, classify, logger } };
}

/** A value that JSON can hold; `Infinity` tries are `null` there. */
function plain(name: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    return value === Infinity && name.endsWith('Attempts')
      ? null
      : bad(`option \`${name}\` takes a number, not ${value}`);
  }
  if (value === null && name.endsWith('Attempts')) {
    bad(`option \`${name}\` takes a number of tries, or Infinity`);
  }
  if (typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint') {
    bad(`option \`${name}\` cannot take a ${typeof value}`);
  }
  checkPlain(name, value);
  try {
    JSON.stringify(value);
  } catch {
    bad(`option \`${name}\` takes what JSON can hold`);
  }
  return value;
}

function bad(message: string): never {
  throw new SteadywireError('invalid_argument', message);
}
