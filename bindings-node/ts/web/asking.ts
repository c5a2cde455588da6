/** What the program is asked before an attempt. */

import type { CredentialsRequest as Request } from '../core';
import { SteadywireError } from '../errors';
import type { CredentialsRequest, Given } from '../types';
import { isText, isTexts, type Settings } from './options';

/** Where an attempt goes, and with what. */
export interface Target {
  readonly url: string;
  readonly protocols: readonly string[];
  /** What the server may quote and nobody is to be told. */
  readonly secrets: readonly string[];
}

/** Whether any of it is a function. */
export function asks({ url, token, protocols }: Settings): boolean {
  return [url, token, protocols].some((given) => typeof given === 'function');
}

/** Asks the functions, all at the same time, and puts their answers together. Throws what they throw. */
export async function ask(settings: Settings, request: Request | undefined): Promise<Target> {
  const { generation: _, ...told } = request ?? { generation: 0, attempt: 1, reason: '', forceRefresh: false };
  const [url, token, protocols] = await Promise.all([
    of('url', settings.url, told, isText),
    of('token', settings.token, told, isText),
    of('protocols', settings.protocols, told, isTexts),
  ]);
  return targetOf(settings, url ?? '', token, protocols);
}

/** Puts the values together where none is a function. */
export function targetOf(
  { tokenIn }: Settings,
  url: string,
  token: string | undefined,
  protocols: readonly string[] = [],
): Target {
  if (!/^wss?:\/\//i.test(url)) {
    throw new SteadywireError('invalid_url', 'the function for `url` must give a ws:// or wss:// address');
  }
  // Browsers refuse a fragment.
  const [plain = ''] = url.split('#');
  if (token === undefined) {
    return { url: plain, protocols, secrets: [] };
  }
  if (tokenIn === 'protocol') {
    return { url: plain, protocols: [...protocols, token], secrets: [token] };
  }
  const encoded = encodeURIComponent(token);
  const query = `${encodeURIComponent(tokenIn.query)}=${encoded}`;
  return { url: `${plain}${plain.includes('?') ? '&' : '?'}${query}`, protocols, secrets: [token, encoded] };
}

/** Why credentials could not be had, in words that do not show them. An error with `fatal: true` stops for good. */
/** Shorter values are too likely to be a part of something else. */
const MIN_SECRET = 6;

/** The text without the secrets. */
export function scrub(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret.length >= MIN_SECRET)
    .reduce((clean, secret) => clean.split(secret).join('<redacted>'), text);
}

async function of<T>(
  name: string,
  given: Given<T> | undefined,
  request: CredentialsRequest,
  isIt: (value: unknown) => boolean,
): Promise<T | undefined> {
  if (typeof given !== 'function') {
    return given;
  }
  const value = await (given as (request: CredentialsRequest) => T | PromiseLike<T>)(request);
  if (!isIt(value)) {
    throw new SteadywireError(
      'invalid_argument',
      `the function for \`${name}\` gave a value that the option cannot take`,
    );
  }
  return value;
}
