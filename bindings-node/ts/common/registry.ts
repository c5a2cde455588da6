/** The one client of a program that everybody shares: found by all copies of this library. */

import { SteadywireError } from '../errors';
import type { ConnectionOptions, State } from '../types';

/** What the registry needs of a client. */
interface Registered {
  readonly isClosed: boolean;
  getConnectionState(): State;
}

/** The functions around the one client. */
export interface Registry<Client> {
  /**
   * The program's one client. The first call makes it, with these options; later ones return it, also after it has been
   * disconnected. One that was closed can do nothing any more and counts as none.
   *
   * @throws {SteadywireError} `invalid_state` without options before there is one, or with other options than its own.
   */
  getClient(options?: ConnectionOptions): Client;
  /**
   * Makes the program's one client; takes the place of one that is disconnected or has stopped.
   *
   * @throws {SteadywireError} `invalid_state` where there is one that is in use and has other options.
   */
  initialize(options: ConnectionOptions): Client;
  /** The program's one client if there is one. */
  find(): Client | undefined;
}

/** What all copies in a process share it under. */
const KEY = Symbol.for('steadywire.client');

/** A registry for clients that `make` makes. */
export function newRegistry<Client extends Registered>(make: (options: ConnectionOptions) => Client): Registry<Client> {
  const shared = globalThis as { [KEY]?: { readonly client: Client; readonly options: ConnectionOptions } | undefined };
  const present = () => (shared[KEY]?.client.isClosed ? undefined : shared[KEY]);
  const put = (options: ConnectionOptions) => {
    const client = make(options);
    shared[KEY] = { client, options: { ...options } };
    return client;
  };
  const getClient = (options?: ConnectionOptions) => {
    const one = present();
    if (!one) {
      return options ? put(options) : misused('there is no client yet; the first call needs options');
    }
    if (options && !same(one.options, options)) {
      misused(
        'the client exists already, with other options; disconnect it and use initializeWebSocket() to replace it',
      );
    }
    return one.client;
  };
  return {
    getClient,
    initialize(options) {
      const state = present()?.client.getConnectionState();
      return state === 'disconnected' || state === 'error' ? put(options) : getClient(options);
    },
    find: () => present()?.client,
  };
}

function misused(message: string): never {
  throw new SteadywireError('invalid_state', message);
}

/** Whether two options say the same. Functions are the same only if they are one. */
function same(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) {
    return true;
  }
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) {
    return false;
  }
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) => same((one as Fields)[name], (other as Fields)[name]));
}

type Fields = { readonly [name: string]: unknown };
