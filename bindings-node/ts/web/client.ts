/** The client for browsers, React Native, Deno and workers. */

import { BaseClient, newRegistry } from '../common';
import type { ConnectionOptions } from '../types';
import { Driver } from './driver';
import { readOptions } from './options';

/**
 * A connection to one server that restores itself, and the tasks that are followed and reported over it. Every call may
 * be made in any state and inside listeners.
 *
 * ```ts
 * const client = new Client({ url: 'wss://example.org/ws' });
 * for await (const event of client.follow('build-7')) {
 *   console.log(event);
 * }
 * ```
 */
export class Client extends BaseClient {
  /** @internal */
  protected readonly engine: Driver;

  /**
   * Makes a client that does nothing yet.
   *
   * @throws {SteadywireError} `unknown_option`, `invalid_argument` or `invalid_url` for what an option cannot take;
   * `unsupported` for `headers`, `tls` and `proxy`, which browsers do not let pages have.
   */
  constructor(options: ConnectionOptions) {
    const settings = readOptions(options);
    super(settings.logger, surface);
    this.engine = new Driver(settings, this.router);
  }
}

const registry = newRegistry<Client>((options) => new Client(options));

/** The program's one client, made by the first call; see `Registry.getClient`. */
export const getClient: (options?: ConnectionOptions) => Client = registry.getClient;

/** The same as `getClient()`, by the name of the service that this replaces. */
export const getWebSocketService: (options?: ConnectionOptions) => Client = registry.getClient;

/** See `Registry.initialize`: as `getClient()`, and takes the place of one that is disconnected. */
export const initializeWebSocket: (options: ConnectionOptions) => Client = registry.initialize;

/** The program's one client if there is one. */
export const findWebSocketService: () => Client | undefined = registry.find;

/** Nobody handles it: the platform's own way to tell of that. */
function surface(thrown: unknown): void {
  const { reportError } = globalThis as { reportError?: (thrown: unknown) => void };
  if (reportError) {
    reportError(thrown);
  } else {
    setTimeout(() => {
      throw thrown;
    }, 0);
  }
}
