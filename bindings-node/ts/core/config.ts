/** What a client can be told: every option, its unit, default and bounds. */

import { SteadywireError } from './error';
import { type Fields, isObject } from './protocol/values';
import type { Disposition } from './session/disposition';

/** Which outcome a status word stands for. */
export type Terminal = 'complete' | 'error';

/** Everything a session, and the client around it, can be told. Times are milliseconds; `Infinity` tries are unlimited. */
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
  /** Time for one attempt, from the moment its credentials are there. */
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
  /** How many events wait in the inbox. */
  maxPendingEvents: number;
  /** How many bytes of event text wait in the inbox; one event alone may exceed it. */
  maxPendingBytes: number;
  /** When newer progress replaces waiting progress: while the consumer lags, or never. */
  conflate: 'lag' | 'never';
  /** The largest inbound message in bytes; a larger one ends the link. */
  maxMessageSize: number;
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
    maxPendingEvents: 10_000,
    maxPendingBytes: 16 << 20,
    conflate: 'lag',
    maxMessageSize: 16 << 20,
    stallTimeout: 60_000,
    dispositions: new Map(),
    terminalStatus: new Map(),
    cursors: [],
    seed: undefined,
  };
}

/**
 * Sets one option by its shared name.
 *
 * @throws an unknown name, or a value the option cannot take; the text names the option and what it takes.
 */
export function setOption(config: Config, name: string, value: unknown): void {
  const option = Object.keys(OPTIONS).includes(name) ? OPTIONS[name as keyof Config] : undefined;
  if (!option) {
    const text = `there is no option \`${name}\`; the README lists the options`;
    throw new SteadywireError('unknown_option', text);
  }
  const [takes, read] = option;
  const taken = read(value);
  if (taken === undefined) {
    bad(name, takes, value);
  }
  (config as unknown as Record<string, unknown>)[name] = taken;
}

/**
 * Checks every value against the bounds of its option.
 *
 * @throws the first value that is out of its bounds; the text names the option and what it takes.
 */
export function validate(config: Config): void {
  const { url, reconnectBackoffMultiplier: multiplier } = config;
  const host = /^wss?:\/\/(?:[^/?#]*@)?([^/?#]*)/i.exec(url);
  // Of ASCII all that shows, and beyond it what is neither blank nor a control character.
  if (!host?.[1] || host[1][0] === ':' || /[^!-~\u00a0-\uffff]|\s/.test(url)) {
    const text = `option \`url\` takes a ws:// or wss:// address${host ? ' with a host' : ''}, not ${redactUrl(url)}`;
    throw new SteadywireError('invalid_url', text);
  }
  within('reconnectBackoffMultiplier', multiplier, 1, 10, GROWTH);
  for (const name of TIMES) {
    const least = name === 'connectTimeout' || name === 'heartbeatTimeout' ? 1 : 0;
    within(name, config[name], least, MAX_DELAY_MS, `milliseconds from ${least} to ${MAX_DELAY_MS}`);
  }
  if (config.maxConnectAttempts === 0) {
    bad('maxConnectAttempts', 'a number from 1, or unlimited', 0);
  }
  for (const name of SIZES) {
    within(name, config[name], 1, MAX_SIZE, SIZE);
  }
}

/** The URL without user, password and query: what logs and errors may show. */
export function redactUrl(url: string): string {
  const parts = /^([\s\S]*?:\/\/)(?:[^/?#]*@)?([^?#]*)/.exec(url);
  return parts ? `${parts[1]}${parts[2]}` : '<not a url>';
}

/** The largest number of messages, events or bytes. */
const MAX_SIZE = 2 ** 30;

const GROWTH = 'a number from 1 to 10';
const SIZE = `a number from 1 to ${MAX_SIZE}`;

const TIMES = [
  'reconnectInterval',
  'maxReconnectBackoff',
  'stableAfter',
  'connectTimeout',
  'heartbeatInterval',
  'heartbeatTimeout',
  'stallTimeout',
] as const;

const SIZES = ['maxQueuedMessages', 'maxQueuedBytes', 'maxPendingEvents', 'maxPendingBytes', 'maxMessageSize'] as const;

/** What an option takes, in words, and a reader that gives `undefined` for all else. */
type Option<Value> = readonly [takes: string, read: (value: unknown) => Value | undefined];

type Options<Name extends keyof Config> = { readonly [N in Name]: Option<NonNullable<Config[N]>> };

const TIME: Option<number> = [`whole milliseconds from 0 to ${MAX_DELAY_MS}`, whole];
const TRIES: Option<number> = [
  'a number of tries, or null for unlimited',
  (value) => (value === null || value === Infinity ? Infinity : bits32(value)),
];

const OPTIONS: Options<keyof Config> = {
  url: ['a string', (value) => (typeof value === 'string' ? value : undefined)],
  ...all(TIMES, TIME),
  ...all(SIZES, [SIZE, whole]),
  reconnectBackoffMultiplier: [GROWTH, (value) => (typeof value === 'number' ? value : undefined)],
  maxConnectAttempts: TRIES,
  maxReconnectAttempts: TRIES,
  overflow: ['"reject", "dropOldest" or "dropNewest"', word('reject', 'dropOldest', 'dropNewest')],
  conflate: ['"lag" or "never"', word('lag', 'never')],
  dispositions: [
    'an object from close code or HTTP status to "retry", "slow", "reauth", "protocol", "fatal" or "whileOpen"',
    (value) => mapOf(value, disposition),
  ],
  terminalStatus: ['an object from status word to "complete", "error" or null', (value) => mapOf(value, terminal)],
  cursors: ['an object from task id to {"epoch", "seq"}, as exported by a client', (value) => entriesOf(value, cursor)],
  seed: ['an integer from 0 to 4294967295', bits32],
};

function all<Name extends string, Value>(names: readonly Name[], option: Option<Value>) {
  return Object.fromEntries(names.map((name) => [name, option])) as { [N in Name]: Option<Value> };
}

function whole(value: unknown): number | undefined {
  return Number.isInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}

function bits32(value: unknown): number | undefined {
  const number = whole(value);
  return number !== undefined && number < 2 ** 32 ? number : undefined;
}

function word<Word extends string>(...words: Word[]): (value: unknown) => Word | undefined {
  return (value) => words.find((one) => one === value);
}

/** What `read` makes of each field of an object; nothing if it takes one of them not. */
function entriesOf<T>(value: unknown, read: (name: string, value: unknown) => T | undefined): T[] | undefined {
  if (!isObject(value)) {
    return undefined;
  }
  const found: T[] = [];
  // In the same order in every language.
  for (const name of Object.keys(value).sort()) {
    const one = read(name, value[name]);
    if (one === undefined) {
      return undefined;
    }
    found.push(one);
  }
  return found;
}

function mapOf<K, V>(value: unknown, read: (name: string, value: unknown) => [K, V] | undefined) {
  const entries = entriesOf(value, read);
  return entries && new Map(entries);
}

const anyDisposition = word<Disposition>('whileOpen', 'retry', 'slow', 'reauth', 'protocol', 'fatal');

function disposition(name: string, value: unknown): [number, Disposition] | undefined {
  const code = Number(name);
  const what = anyDisposition(value);
  return /^\d+$/.test(name) && code < 2 ** 16 && what ? [code, what] : undefined;
}

function terminal(name: string, value: unknown): [string, Terminal | null] | undefined {
  return value === null || value === 'complete' || value === 'error' ? [name.toLowerCase(), value] : undefined;
}

function cursor(task: string, value: unknown): Config['cursors'][0] | undefined {
  const { epoch, seq } = isObject(value) ? value : ({} as Fields);
  const last = whole(seq);
  return typeof epoch === 'string' && last !== undefined ? [task, epoch, last] : undefined;
}

function within(name: string, value: number, least: number, most: number, takes: string): void {
  if (!(value >= least && value <= most)) {
    bad(name, takes, value);
  }
}

function bad(name: string, takes: string, value: unknown): never {
  throw new SteadywireError('invalid_argument', `option \`${name}\` takes ${takes}, not ${shown(value)}`);
}

/** The value as JSON, or what else can be said of it. */
function shown(value: unknown): string {
  try {
    return (typeof value === 'number' ? undefined : JSON.stringify(value)) ?? String(value);
  } catch {
    return typeof value;
  }
}
