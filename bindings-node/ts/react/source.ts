/** Where a component's connection comes from: its own options, the provider, the initialised service, the page's server. */

import type { BaseClient } from '../common';
import type { ConnectionOptions } from '../types';
import { Client, findWebSocketService } from '../web/client';
import { Connection } from './connection';

/** Options of a connection that components share. */
export interface SharedOptions extends Omit<ConnectionOptions, 'url'> {
  readonly url?: ConnectionOptions['url'] | undefined;
  /** Shares the connection by this name (and the token). Default: by the url; a function as url is not shared. */
  readonly connectionKey?: string | undefined;
}

/** How to get at a connection. Those with the same key are the same. */
export interface Source {
  readonly key: string | BaseClient;
  /** The options of the component it comes from, as of its latest render. */
  readonly latest: () => SharedOptions;
}

const STALL_MS = 60_000;

/** All copies of this library in a page share their connections. */
const KEY = Symbol.for('steadywire.connections');

const shared = globalThis as { [KEY]?: { byKey: Map<string, Connection>; byClient: WeakMap<BaseClient, Connection> } };

function all() {
  shared[KEY] ??= { byKey: new Map(), byClient: new WeakMap() };
  return shared[KEY];
}

/** The connection of a source, if there is one. Looks only. */
export function peek({ key }: Source): Connection | undefined {
  return typeof key === 'string' ? all().byKey.get(key) : all().byClient.get(key);
}

/** The connection of a source; made where there is none. Not while rendering. */
export function connectionOf(source: Source): Connection {
  const present = peek(source);
  if (present) {
    return present;
  }
  const { key } = source;
  if (typeof key !== 'string') {
    const connection = new Connection(key, STALL_MS, undefined);
    all().byClient.set(key, connection);
    return connection;
  }
  const options = source.latest();
  const asked = (name: string): unknown =>
    connection.option(name) ?? (source.latest() as Record<string, unknown>)[name];
  // Those who wait in front of a page go on waiting.
  const client = new Client({ maxConnectAttempts: Infinity, ...withLatest(options, asked) });
  const connection: Connection = new Connection(client, options.stallTimeout ?? STALL_MS, () =>
    all().byKey.delete(key),
  );
  all().byKey.set(key, connection);
  return connection;
}

/** The source that options name, if they do. `own` is a key for what cannot be shared. */
export function sourceOf(options: SharedOptions, latest: () => SharedOptions, own: string): Source | undefined {
  const { url, token, connectionKey } = options;
  if (url === undefined) {
    return undefined;
  }
  const name = connectionKey ?? (typeof url === 'string' ? url : own);
  const key = `${name}\n${typeof token === 'string' ? token : ''}`;
  return { key, latest };
}

/** The source of a client that somebody else owns. */
export function sourceOfClient(client: BaseClient): Source {
  return { key: client, latest: () => ({}) };
}

/** Where nothing names a server: the initialised service, else `/ws` of the page's own server. */
export function sourceOfPage(): Source | undefined {
  const service = findWebSocketService();
  if (service) {
    return sourceOfClient(service);
  }
  const { location } = globalThis as { location?: Location };
  if (!location?.host) {
    return undefined;
  }
  const url = `${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}/ws`;
  return { key: `${url}\n`, latest: () => ({ url }) };
}

/**
 * The options with functions that call the latest ones: a render with new ones changes no connection, and one that is
 * shared asks a component that is there.
 */
function withLatest(options: SharedOptions, latest: (name: string) => unknown): ConnectionOptions {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    if (!OF_HOOKS.has(name)) {
      const isAsked = typeof value === 'function' && name !== 'WebSocket';
      kept[name] = isAsked
        ? (...given: unknown[]) => {
            const now = latest(name);
            return typeof now === 'function' ? now(...given) : now;
          }
        : value;
    }
  }
  return kept as unknown as ConnectionOptions;
}

/** What the hooks take and the client does not. */
const OF_HOOKS = new Set([
  'autoConnect',
  'taskId',
  'connectionKey',
  'children',
  'client',
  'onProgress',
  'onLog',
  'onStatus',
  'onComplete',
  'onError',
  'onLost',
  'onMessage',
  'onStateChange',
]);
