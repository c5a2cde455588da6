/** Options on the web: which go to the session, which to the driver, and which cannot be had here. */

import { checkPlain } from '../common';
import { type Config, newConfig, setOption, validate } from '../core';
import { SteadywireError } from '../errors';
import type { ConnectionOptions, Ending, Given, Logger, WebSocketClass } from '../types';

/** What the driver needs to know. */
export interface Settings {
  readonly config: Config;
  readonly url: Given<string>;
  readonly token: Given<string> | undefined;
  readonly tokenIn: { readonly query: string } | 'protocol';
  readonly protocols: Given<readonly string[]> | undefined;
  readonly classify: NonNullable<ConnectionOptions['classify']> | undefined;
  readonly logger: Logger;
  readonly webSocket: WebSocketClass | undefined;
}

/** What an end is asked about with. */
export type { Ending };

/** The function is asked before every attempt: nobody ever dials this. */
const URL_TO_COME = 'ws://url.invalid/';

/** What goes to the console. Changes of state do not. */
const CONSOLE: Logger = {
  warn: (...text) => console.warn(...text),
  error: (...text) => console.error(...text),
};

/** Why a browser cannot do it, and what to do instead. */
const UNSUPPORTED: { readonly [option: string]: string } = {
  headers: 'browsers send no headers of the page with a WebSocket; use `token` with `tokenIn`, or a function as `url`',
  tls: 'browsers decide themselves whom they trust',
  proxy: 'browsers use the proxy of the system',
};

/**
 * Reads the options.
 *
 * @throws {SteadywireError} an unknown option, one that cannot be had here, or a value that one cannot take.
 */
export function readOptions(options: ConnectionOptions): Settings {
  if (typeof options !== 'object' || options === null) {
    bad('the client takes an object of options, with at least `url`');
  }
  const { url, token, tokenIn, protocols, classify, logger = CONSOLE, WebSocket: webSocket, ...rest } = options;
  if (url === undefined) {
    bad('option `url` is required: a ws:// or wss:// address, or a function that gives one');
  }
  const config = newConfig(URL_TO_COME);
  if (typeof url !== 'function') {
    setOption(config, 'url', url);
  }
  for (const [name, value] of Object.entries(rest)) {
    if (value === undefined) {
      continue;
    }
    const why = UNSUPPORTED[name];
    if (why !== undefined) {
      throw new SteadywireError('unsupported', `option \`${name}\` cannot be had here: ${why}`);
    }
    checkPlain(name, value);
    setOption(config, name, value);
  }
  validate(config);
  check('token', 'a string or a function', token, isGiven(isText));
  check('tokenIn', '{ query: name } or "protocol"', tokenIn, (to) => to === 'protocol' || isText(to?.query));
  check('protocols', 'an array of strings or a function', protocols, isGiven(isTexts));
  check('classify', 'a function', classify, isFunction);
  check(
    'logger',
    'an object with the functions warn and error',
    logger,
    (to) => isFunction(to?.warn) && isFunction(to.error),
  );
  check('WebSocket', 'a class', webSocket, isFunction);
  return { config, url, token, tokenIn: tokenIn ?? { query: 'token' }, protocols, classify, logger, webSocket };
}

export function isText(value: unknown): value is string {
  return typeof value === 'string';
}

export function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isText);
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}

function isGiven(isValue: (value: unknown) => boolean): (value: unknown) => boolean {
  return (value) => isFunction(value) || isValue(value);
}

function check<T>(name: string, takes: string, value: T | undefined, isIt: (value: T) => boolean): void {
  if (value !== undefined && !isIt(value)) {
    bad(`option \`${name}\` takes ${takes}`);
  }
}

function bad(message: string): never {
  throw new SteadywireError('invalid_argument', message);
}
