/** The client for Node. */

import { BaseClient, newRegistry } from '../common';
import type { ConnectionOptions } from '../types';
import { NativeEngine } from './engine';
import { readOptions } from './options';

/**
 * A connection to one server that restores itself, and the tasks that are followed and reported over it. Every call may
 * be made in any state and inside listeners. The process goes on while the client is open, until `disconnect()`,
 * `close()` or `unref()`.
 *
 * ```ts
 * const client = new Client({ url: 'wss://example.org/ws' });
 * for await (const event of client.follow('build-7')) {
 *   console.log(event);
 * }
 * await client.disconnect();
 * ```
 */
export class Client extends BaseClient {
  /** @internal */
  protected readonly engine: NativeEngine;

  /**
   * Makes a client that does nothing yet.
   *
   * @throws {SteadywireError} `unknown_option`, `invalid_argument` or `invalid_url` for what an option cannot take;
   * `unsupported` for `tokenIn` and `WebSocket`, and where there is no addon for this platform.
   */
  constructor(options: ConnectionOptions) {
    const { json, settings } = readOptions(options);
    super(settings.logger, surface);
    this.engine = new NativeEngine(json, settings, this.router);
  }

  /** The process goes on while this client is open. That is so at first. */
  ref(): this {
    this.engine.refer(true);
    return this;
  }

  /**
   * The process may end while this client is open, if nothing else is left to do. A `disconnect()` that was begun is
   * waited for.
   */
  unref(): this {
    this.engine.refer(false);
    return this;
  }
}

const registry = newRegistry<Client>((options) => new Client(options));

/** The program's one client, made by the first call; see `Registry.getClient`. */
export const getClient: (options?: ConnectionOptions) => Client = registry.getClient;

/** The same as `getClient()`, by the name of the service that this replaces. */
export const getWebSocketService: (options?: ConnectionOptions) => Client = registry.getClient;

/** See `Registry.initialize`: as `getClient()`, and takes the place of one that is disconnected. */
export const initializeWebSocket: (options: ConnectionOptions) => Client = registry.initialize;

/** Nobody handles it: an uncaught exception, once what is being delivered has been. */
function surface(thrown: unknown): void {
  process.nextTick(() => {
    throw thrown;
  });
}
