/** What a session can be told: every option, its unit, default and bounds. */

import { SteadywireError } from './error';
import type { Disposition } from './session/disposition';

/** Which outcome a status word stands for. */
export type Terminal = 'complete' | 'error';

/** Everything a session can be told. Times are milliseconds; `Infinity` tries are unlimited. */
export interface Config {
  /** The server, `ws://` or `wss://`. */
  url: string;
  /** Delay before the first retry. */
  reconnectInterval: number;
  /** Growth of the delay per failed attempt, 1 to 10. */
  reconnectBackoffMultiplier: number;
  /** Ceiling of the delay. */
  maxReconnectBackoff: number;
  /** Tries of the first connect before it fails. Absent = 5, and unlimited while a lease lives. */
  maxConnectAttempts: number | undefined;
  /** Tries after a link that was up is lost. */
  maxReconnectAttempts: number;
  /** How long a link must have been open to be called stable. */
  stableAfter: number;
  /** Time for one attempt. */
  connectTimeout: number;
  /** Time between two heartbeats; 0 turns them off. */
  heartbeatInterval: number;
  /** Time in which a heartbeat must be followed by a sign of life. */
  heartbeatTimeout: number;
  /** How many messages the outbox holds. */
  maxQueuedMessages: number;
  /** How many bytes the outbox holds. */
  maxQueuedBytes: number;
  /** What a full outbox does with a progress message or log line. */
  overflow: 'reject' | 'dropOldest' | 'dropNewest';
  /** Ask for a task's status when it has said nothing this long; 0 = never. */
  stallTimeout: number;
  /** What a close code or HTTP status means, where it differs from the table. */
  dispositions: Map<number, Disposition>;
  /** Status words in lower case that end a task; `null` takes a built-in word away. */
  terminalStatus: Map<string, Terminal | null>;
  /** Cursors exported by an earlier client. */
  cursors: [task: string, epoch: string, seq: number][];
  /** Seeds the jitter, so that runs can be repeated. */
  seed: number | undefined;
}

/** The longest delay or timeout. */
export const MAX_DELAY_MS = 2 ** 21 - 1;

/** The defaults, for the server at `url`. */
export function newConfig(url: string): Config {
  return {
    url,
    reconnectInterval: 1000,
    reconnectBackoffMultiplier: 1.5,
    maxReconnectBackoff: 30_000,
    maxConnectAttempts: undefined,
    maxReconnectAttempts: Infinity,
    stableAfter: 5000,
    connectTimeout: 10_000,
    heartbeatInterval: 30_000,
    heartbeatTimeout: 10_000,
    maxQueuedMessages: 1000,
    maxQueuedBytes: 1 << 20,
    overflow: 'reject',
    stallTimeout: 60_000,
    dispositions: new Map(),
    terminalStatus: new Map(),
    cursors: [],
    seed: undefined,
  };
}

/**
 * Checks every value against what its option takes.
 *
 * @throws the first value that is out of its bounds; the text names the option and what it takes.
 */
export function validate(config: Config): void {
  const { url, reconnectBackoffMultiplier: multiplier } = config;
  if (!/^wss?:\/\/[^\s/?#]/i.test(url)) {
    throw new SteadywireError('invalid_url', `option \`url\` takes a ws:// or wss:// address, not ${redactUrl(url)}`);
  }
  if (!(multiplier >= 1 && multiplier <= 10)) {
    bad('reconnectBackoffMultiplier', 'a number from 1 to 10', multiplier);
  }
  for (const name of DELAYS) {
    const least = name === 'connectTimeout' || name === 'heartbeatTimeout' ? 1 : 0;
    if (!isWhole(config[name], least, MAX_DELAY_MS)) {
      bad(name, `milliseconds from ${least} to ${MAX_DELAY_MS}`, config[name]);
    }
  }
  const { maxConnectAttempts: connects = 1, maxReconnectAttempts: reconnects } = config;
  if (connects !== Infinity && !isWhole(connects, 1, 2 ** 32 - 1)) {
    bad('maxConnectAttempts', 'a number from 1, or Infinity', connects);
  }
  if (reconnects !== Infinity && !isWhole(reconnects, 0, 2 ** 32 - 1)) {
    bad('maxReconnectAttempts', 'a number from 0, or Infinity', reconnects);
  }
  for (const name of SIZES) {
    if (!isWhole(config[name], 1, 2 ** 30)) {
      bad(name, 'a number from 1 to 1073741824', config[name]);
    }
  }
}

/** The URL without user, password and query: what logs and errors may show. */
export function redactUrl(url: string): string {
  const parts = /^([\s\S]*?:\/\/)(?:[^/?#]*@)?([^?#]*)/.exec(url);
  return parts ? `${parts[1]}${parts[2]}` : '<not a url>';
}

const DELAYS = [
  'reconnectInterval',
  'maxReconnectBackoff',
  'stableAfter',
  'connectTimeout',
  'heartbeatInterval',
  'heartbeatTimeout',
  'stallTimeout',
] as const;

const SIZES = ['maxQueuedMessages', 'maxQueuedBytes'] as const;

function isWhole(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

function bad(name: string, takes: string, value: unknown): never {
  throw new SteadywireError('invalid_argument', `option \`${name}\` takes ${takes}, not ${String(value)}`);
}
