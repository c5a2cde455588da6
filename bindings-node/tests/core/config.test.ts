/** Options are refused here with the words in which they are refused in Rust. */

import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Config, newConfig, redactUrl, setOption, validate } from '../../ts/core/config';
import { SteadywireError } from '../../ts/core/error';

const folder = new URL('../../../core/src/config/', import.meta.url);
const rust = readdirSync(folder)
  .map((name) => readFileSync(new URL(name, folder), 'utf8'))
  .join('')
  .replaceAll('\\"', '"');

function configOf(options: object): Config {
  const config = newConfig('ws://localhost/ws');
  for (const [name, value] of Object.entries(options)) {
    setOption(config, name, value);
  }
  validate(config);
  return config;
}

function refusal(options: object): SteadywireError {
  try {
    configOf(options);
  } catch (error) {
    expect(error).toBeInstanceOf(SteadywireError);
    return error as SteadywireError;
  }
  throw new Error(`${JSON.stringify(options)} is taken`);
}

const REFUSED: [option: string, value: unknown, takes: string, shown: string][] = [
  ['url', 5, 'a string', '5'],
  ['reconnectInterval', -1, 'whole milliseconds from 0 to 2097151', '-1'],
  ['reconnectInterval', 1.5, 'whole milliseconds from 0 to 2097151', '1.5'],
  ['reconnectInterval', '1000', 'whole milliseconds from 0 to 2097151', '"1000"'],
  ['heartbeatInterval', null, 'whole milliseconds from 0 to 2097151', 'null'],
  ['stallTimeout', Infinity, 'whole milliseconds from 0 to 2097151', 'Infinity'],
  ['maxReconnectBackoff', 2 ** 21, 'milliseconds from 0 to 2097151', '2097152'],
  ['stableAfter', 2 ** 21, 'milliseconds from 0 to 2097151', '2097152'],
  ['connectTimeout', 0, 'milliseconds from 1 to 2097151', '0'],
  ['heartbeatTimeout', 0, 'milliseconds from 1 to 2097151', '0'],
  ['reconnectBackoffMultiplier', 0.5, 'a number from 1 to 10', '0.5'],
  ['reconnectBackoffMultiplier', 10.1, 'a number from 1 to 10', '10.1'],
  ['reconnectBackoffMultiplier', Number.NaN, 'a number from 1 to 10', 'NaN'],
  ['reconnectBackoffMultiplier', '2', 'a number from 1 to 10', '"2"'],
  ['maxConnectAttempts', 0, 'a number from 1, or unlimited', '0'],
  ['maxConnectAttempts', -1, 'a number of tries, or null for unlimited', '-1'],
  ['maxReconnectAttempts', 2 ** 32, 'a number of tries, or null for unlimited', '4294967296'],
  ['maxQueuedMessages', 0, 'a number from 1 to 1073741824', '0'],
  ['maxQueuedBytes', 2 ** 30 + 1, 'a number from 1 to 1073741824', '1073741825'],
  ['maxPendingEvents', '1', 'a number from 1 to 1073741824', '"1"'],
  ['maxPendingBytes', 0, 'a number from 1 to 1073741824', '0'],
  ['maxMessageSize', 0.5, 'a number from 1 to 1073741824', '0.5'],
  ['overflow', 'block', '"reject", "dropOldest" or "dropNewest"', '"block"'],
  ['conflate', true, '"lag" or "never"', 'true'],
  ...[{ 1000: 'stop' }, { x: 'retry' }, { '-1': 'retry' }, { 65536: 'retry' }, { 1000: null }, ['retry'], 'retry'].map(
    (value): [string, unknown, string, string] => [
      'dispositions',
      value,
      'an object from close code or HTTP status to "retry", "slow", "reauth", "protocol", "fatal" or "whileOpen"',
      JSON.stringify(value),
    ],
  ),
  ...[{ ready: 'done' }, { ready: false }, 'ready', null].map((value): [string, unknown, string, string] => [
    'terminalStatus',
    value,
    'an object from status word to "complete", "error" or null',
    JSON.stringify(value),
  ]),
  ...[{ t: { epoch: 'e' } }, { t: { seq: 1 } }, { t: { epoch: 'e', seq: -1 } }, { t: null }, []].map(
    (value): [string, unknown, string, string] => [
      'cursors',
      value,
      'an object from task id to {"epoch", "seq"}, as exported by a client',
      JSON.stringify(value),
    ],
  ),
  ['seed', 2 ** 32, 'an integer from 0 to 4294967295', '4294967296'],
  ['seed', -1, 'an integer from 0 to 4294967295', '-1'],
];

test.each(REFUSED)('%s refuses %j', (option, value, takes, shown) => {
  const { kind, message } = refusal({ [option]: value });
  expect([kind, message]).toEqual(['invalid_argument', `option \`${option}\` takes ${takes}, not ${shown}`]);
  expect(rust).toContain(takes);
});

test.each(['reconectInterval', 'toString', '__proto__', ''])('there is no option %j', (name) => {
  const text = 'the README lists the options';
  try {
    setOption(newConfig('ws://localhost'), name, 1);
    expect.unreachable();
  } catch (error) {
    expect(error).toMatchObject({ kind: 'unknown_option', message: `there is no option \`${name}\`; ${text}` });
  }
  expect(rust).toContain(text);
});

test.each([
  ['http://localhost', 'address, not http://localhost'],
  ['localhost:80', 'address, not <not a url>'],
  ['ws:/localhost', 'address, not <not a url>'],
  ['http://user:hunter2@host/ws?token=hunter2', 'address, not http://host/ws'],
  ['ws://', 'address with a host, not ws://'],
  ['ws://user:hunter2@', 'address with a host, not ws://'],
  ['wss:///ws', 'address with a host, not wss:///ws'],
  ['ws://:80/ws', 'address with a host, not ws://:80/ws'],
  ['ws://a b', 'address with a host, not ws://a b'],
  ['ws://a\u0085', 'address with a host, not ws://a\u0085'],
  ['ws://a?\u2028', 'address with a host, not ws://a'],
])('the url %j is refused', (url, says) => {
  const { kind, message } = refusal({ url });
  expect([kind, message]).toEqual(['invalid_url', `option \`url\` takes a ws:// or wss:// ${says}`]);
});

test('values are taken as they are', () => {
  expect(configOf({ url: 'WSS://user@h\u00e9.example:1/a?b#c' }).url).toBe('WSS://user@h\u00e9.example:1/a?b#c');
  expect(
    configOf({
      heartbeatInterval: 0,
      stallTimeout: 0,
      reconnectInterval: 2 ** 21 - 1,
      reconnectBackoffMultiplier: 10,
      maxReconnectAttempts: 0,
      maxConnectAttempts: null,
      maxQueuedMessages: 1,
      maxQueuedBytes: 2 ** 30,
      overflow: 'dropOldest',
      conflate: 'never',
      dispositions: { 4000: 'whileOpen', 503: 'fatal' },
      terminalStatus: { READY: 'complete', Done: null },
      cursors: { b: { epoch: 'e', seq: 2 }, 10: { epoch: '', seq: 0 }, 9: { epoch: 'f', seq: 1 } },
      seed: 0,
    }),
  ).toEqual({
    ...newConfig('ws://localhost/ws'),
    heartbeatInterval: 0,
    stallTimeout: 0,
    reconnectInterval: 2 ** 21 - 1,
    reconnectBackoffMultiplier: 10,
    maxReconnectAttempts: 0,
    maxConnectAttempts: Infinity,
    maxQueuedMessages: 1,
    maxQueuedBytes: 2 ** 30,
    overflow: 'dropOldest',
    conflate: 'never',
    dispositions: new Map([
      [503, 'fatal'],
      [4000, 'whileOpen'],
    ]),
    terminalStatus: new Map([
      ['done', null],
      ['ready', 'complete'],
    ]),
    cursors: [
      ['10', '', 0],
      ['9', 'f', 1],
      ['b', 'e', 2],
    ],
    seed: 0,
  });
  expect(configOf({ maxReconnectAttempts: 7, maxConnectAttempts: Infinity })).toMatchObject({
    maxReconnectAttempts: 7,
    maxConnectAttempts: Infinity,
  });
});

test('a value that cannot be shown is named by its type', () => {
  const circle: { self?: object } = {};
  circle.self = circle;
  expect(refusal({ cursors: circle }).message).toMatch(/, not object$/);
  expect(refusal({ seed: 5n }).message).toMatch(/, not bigint$/);
  expect(refusal({ seed: () => 5 }).message).toMatch(/, not \(\) => 5$/);
});

test('credentials are not part of what is shown of a url', () => {
  expect(redactUrl('wss://user:pass@host:1/ws?token=x#y')).toBe('wss://host:1/ws');
  expect(redactUrl('wss://host/a@b')).toBe('wss://host/a@b');
});
