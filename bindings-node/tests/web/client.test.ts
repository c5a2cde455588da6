/** The driver over a network and a page that the test plays. */

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ConnectionOptions } from '../../ts/types';
import { Client } from '../../ts/web';
import { FakeSocket } from './fake-socket';

const logger = { warn() {}, error() {} };
const page = Object.assign(new EventTarget(), { visibilityState: 'visible' });
const world = new EventTarget();
let clients: Client[] = [];

function make(options: Partial<ConnectionOptions> = {}): Client {
  const client = new Client({ url: 'ws://h/ws', WebSocket: FakeSocket, logger, seed: 1, ...options });
  clients.push(client);
  return client;
}

beforeEach(() => {
  FakeSocket.made = [];
  page.visibilityState = 'visible';
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
  vi.stubGlobal('document', page);
  vi.stubGlobal('addEventListener', world.addEventListener.bind(world));
  vi.stubGlobal('removeEventListener', world.removeEventListener.bind(world));
});

afterEach(() => {
  for (const client of clients) {
    client.close();
  }
  clients = [];
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Time passes, and what waits is delivered. */
async function pass(ms = 0): Promise<void> {
  for (const part of [ms, 0, 0, 0]) {
    await vi.advanceTimersByTimeAsync(part);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('options', () => {
  test.each([
    [{ headers: { a: 'b' } }, 'unsupported', /`headers` cannot be had here/],
    [{ tls: {} }, 'unsupported', /`tls`/],
    [{ proxy: 'http://p' }, 'unsupported', /`proxy`/],
    [{ proxy: null }, 'unsupported', /`proxy`/],
    [{ heartbeatIntervall: 1 }, 'unknown_option', /`heartbeatIntervall`/],
    [{ reconnectInterval: -1 }, 'invalid_argument', /`reconnectInterval` takes whole milliseconds/],
    [{ url: 'http://h' }, 'invalid_url', /ws:\/\/ or wss:\/\//],
    [{ url: undefined }, 'invalid_argument', /`url` is required/],
    [{ token: 7 }, 'invalid_argument', /`token`/],
    [{ tokenIn: 'header' }, 'invalid_argument', /`tokenIn`/],
    [{ protocols: 'p' }, 'invalid_argument', /`protocols`/],
    [{ classify: {} }, 'invalid_argument', /`classify`/],
    [{ logger: {} }, 'invalid_argument', /`logger`/],
    [{ WebSocket: {} }, 'invalid_argument', /`WebSocket`/],
    [
      { dispositions: new Map([[4000, 'fatal']]) },
      'invalid_argument',
      /`dispositions` takes a plain object, not a Map/,
    ],
    [{ dispositions: ['fatal'] }, 'invalid_argument', /`dispositions` takes an object/],
    [{ terminalStatus: new Map() }, 'invalid_argument', /`terminalStatus` takes a plain object, not a Map/],
    [{ cursors: new Set() }, 'invalid_argument', /`cursors` takes a plain object, not a Set/],
    [{ conflate: Object.setPrototypeOf([][Symbol.iterator](), null) }, 'invalid_argument', /`conflate`/],
  ])('%j', (options, kind, text) => {
    try {
      make(options as never);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ kind, message: expect.stringMatching(text) });
    }
    expect(FakeSocket.made).toEqual([]);
  });

  test('undefined is not there', () => {
    const absent = { headers: undefined, reconnectInterval: undefined, reconectInterval: undefined };
    expect(make(absent).getConnectionState()).toBe('disconnected');
  });
});

describe('where a token goes', () => {
  test.each<[Partial<ConnectionOptions>, string, unknown]>([
    [{ token: 'a b&c' }, 'ws://h/ws?token=a%20b%26c', undefined],
    [{ token: 't', url: 'ws://h/ws?x=1#f' }, 'ws://h/ws?x=1&token=t', undefined],
    [{ token: 't', tokenIn: { query: 'key' } }, 'ws://h/ws?key=t', undefined],
    [{ token: 't', tokenIn: 'protocol', protocols: ['p'] }, 'ws://h/ws', ['p', 't']],
  ])('%j', async (options, url, protocols) => {
    void make(options)
      .connect()
      .catch(() => {});
    expect(FakeSocket.last).toMatchObject({ url, protocols });
  });

  test('functions are asked before every attempt, and told why', async () => {
    const asked: unknown[] = [];
    const client = make({
      url: async () => 'ws://other/ws',
      token: (request) => {
        asked.push(request);
        return `secret${asked.length}`;
      },
      reconnectInterval: 10,
    });
    void client.connect();
    await pass();
    expect(FakeSocket.last.url).toBe('ws://other/ws?token=secret1');
    FakeSocket.last.open();
    FakeSocket.last.closed(4401, 'no secret1 here');
    await pass(1000);
    expect(FakeSocket.last.url).toBe('ws://other/ws?token=secret2');
    expect(asked).toMatchObject([
      { attempt: 1, forceRefresh: false },
      { forceRefresh: true, lastCloseCode: 4401 },
    ]);
    expect(JSON.stringify(client.stats())).not.toContain('secret1');
  });

  test('a function that throws is a failed attempt; with `fatal` it is the end', async () => {
    const client = make({ token: () => Promise.reject(Object.assign(new Error('locked'), { fatal: true })) });
    const failed = client.connect().catch((error: unknown) => error);
    await pass();
    expect(await failed).toMatchObject({ message: expect.stringContaining('locked') });
    expect([client.getConnectionState(), FakeSocket.made.length]).toEqual(['error', 0]);
  });

  // TRY-5
  test('an attempt that takes too long names the URL that was given for it', async () => {
    const client = make({ url: async () => 'ws://other/ws?key=hunter2', connectTimeout: 50, maxConnectAttempts: 1 });
    const failed = expect(client.connect()).rejects.toThrow(/^no connection to ws:\/\/other\/ws within 50 ms/);
    await pass();
    await pass(50);
    await failed;
  });

  test('a function that gives what the option cannot take is one too', async () => {
    const client = make({ url: () => 'http://h', maxConnectAttempts: 1 });
    const failed = client.connect().catch((error: unknown) => error);
    await pass();
    expect(await failed).toMatchObject({ message: expect.stringContaining('ws:// or wss://') });
  });
});

async function connected(options: Partial<ConnectionOptions> = {}): Promise<Client> {
  const client = make({ reconnectInterval: 1000, ...options });
  const up = client.connect('t');
  FakeSocket.last.open();
  await pass();
  await up;
  return client;
}

test('what is added after `await connect()` misses nothing', async () => {
  const client = make();
  const up = client.connect('t');
  FakeSocket.last.open();
  FakeSocket.last.frame('progress', 't', { progress: 1 });
  const heard: number[] = [];
  const added = up.then(() => client.on('progress', ({ progress }) => heard.push(progress)));
  await pass();
  await added;
  await pass();
  expect(heard).toEqual([1]);
});

test('a listener that takes long leaves the page its turns, and gets the latest progress then', async () => {
  const client = await connected();
  const heard: number[] = [];
  client.on('progress', ({ progress }) => {
    heard.push(progress);
    vi.setSystemTime(Date.now());
    vi.advanceTimersByTime(200);
  });
  for (let n = 0; n < 10; n++) {
    FakeSocket.last.frame('progress', 't', { progress: n });
  }
  await pass();
  await pass(10);
  expect([heard[0], heard.at(-1)]).toEqual([0, 9]);
  expect(heard.length).toBeLessThan(10);
});

test('without a listener that is quick enough and nothing that may go, delivery is at once', async () => {
  const client = await connected({ maxPendingEvents: 10 });
  const heard: unknown[] = [];
  client.on('status', ({ data }) => heard.push(data));
  for (let n = 0; n < 10; n++) {
    FakeSocket.last.frame('status', 't', n);
  }
  expect(heard.length).toBe(10);
});

test('a platform that gives delivery no turn is made to wait for it', async () => {
  const client = await connected();
  const heard: number[] = [];
  client.on('progress', ({ progress }) => heard.push(progress));
  FakeSocket.last.frame('progress', 't', { progress: 1 });
  vi.advanceTimersByTime(4);
  FakeSocket.last.frame('progress', 't', { progress: 2 });
  expect(heard).toEqual([]);
  vi.advanceTimersByTime(1);
  FakeSocket.last.frame('progress', 't', { progress: 3 });
  expect(heard).toEqual([1, 2, 3]);
  FakeSocket.last.frame('progress', 't', { progress: 4 });
  expect(heard.length).toBe(3);
});

test('who waits is answered where a listener closes the client', async () => {
  const client = await connected();
  FakeSocket.last.frame('status', '', { action: 'hello', version: 1, features: ['ack'] });
  const heard: string[] = [];
  const ended = client.wait('t');
  const followed = (async () => {
    const events: string[] = [];
    for await (const event of client.follow('t')) {
      events.push(event.type);
    }
    return events;
  })();
  const receipt = client.send({ type: 'own', taskId: 't' }, { ack: true });
  client.on('progress', () => client.close());
  client.on('complete', () => heard.push('complete'));
  FakeSocket.last.frame('progress', 't', { progress: 1 });
  FakeSocket.last.frame('complete', 't', { answer: 42 });
  await pass();
  expect(await ended).toMatchObject({ kind: 'complete', data: { answer: 42 } });
  expect(await followed).toEqual(['progress', 'complete']);
  expect((await receipt).state).toBe('unknown');
  // The listener itself took the others off.
  expect(heard).toEqual([]);
});

describe('writing', () => {
  test('waits while the platform has much to send', async () => {
    const client = await connected();
    const { last } = FakeSocket;
    last.bufferedAmount = 1e6;
    void client.send({ type: 'log', taskId: 't', data: { message: 'a' } });
    expect(last.sent.filter(({ type }) => type === 'log')).toEqual([]);
    last.bufferedAmount = 0;
    await pass(20);
    expect(last.sent.filter(({ type }) => type === 'log').length).toBe(1);
  });

  test('that fails is a lost link', async () => {
    const client = await connected();
    FakeSocket.last.send = () => {
      throw new Error('no');
    };
    void client.send({ type: 'log', taskId: 't', data: { message: 'a' } });
    expect(client.getConnectionState()).toBe('reconnecting');
  });
});

test('a message that is too large ends the link', async () => {
  const client = await connected({ maxMessageSize: 100 });
  const errors: string[] = [];
  client.on('error', ({ code }) => errors.push(code));
  FakeSocket.last.say('x'.repeat(101));
  await pass();
  expect([errors, FakeSocket.made[0]?.closes]).toEqual([['message_too_large'], [4009]]);
});

test('a binary message is refused, and the link lives', async () => {
  const client = await connected();
  const errors: unknown[] = [];
  client.on('error', (error) => errors.push(error));
  FakeSocket.last.say(new TextEncoder().encode('hello').buffer);
  await pass();
  expect(errors).toMatchObject([{ source: 'protocol' }]);
  expect(client.getConnectionState()).toBe('connected');
});

describe('the page', () => {
  test('that is online again dials soon', async () => {
    const client = await connected({ reconnectInterval: 30_000 });
    world.dispatchEvent(new Event('offline'));
    FakeSocket.last.closed(1006);
    await pass(100);
    expect(FakeSocket.made.length).toBe(1);
    world.dispatchEvent(new Event('online'));
    await pass(500);
    expect(FakeSocket.made.length).toBe(2);
    FakeSocket.last.open();
    await pass();
    expect(client.getConnectionState()).toBe('connected');
  });

  test('that is shown again dials soon; attempts while hidden do not count', async () => {
    const client = await connected({ maxReconnectAttempts: 2, reconnectInterval: 10, maxReconnectBackoff: 10 });
    page.visibilityState = 'hidden';
    page.dispatchEvent(new Event('visibilitychange'));
    FakeSocket.last.closed(1006);
    for (let n = 0; n < 5; n++) {
      await pass(20);
      FakeSocket.last.closed(1006);
    }
    expect(client.getConnectionState()).toBe('reconnecting');
  });

  test('that is put away has no link, and has one again when it is brought back', async () => {
    const client = await connected();
    const event = (name: string) => Object.assign(new Event(name), { persisted: true });
    world.dispatchEvent(event('pagehide'));
    expect(FakeSocket.last.closes).toEqual([1000]);
    expect(client.getConnectionState()).toBe('reconnecting');
    vi.setSystemTime(Date.now() + 60_000);
    world.dispatchEvent(event('pageshow'));
    await pass(500);
    expect(FakeSocket.made.length).toBe(2);
    FakeSocket.last.open();
    await pass();
    expect(FakeSocket.last.sent[0]).toMatchObject({ taskId: 't', data: { action: 'subscribe' } });
    expect(client.stats()['sleptMs']).toBeGreaterThanOrEqual(60_000);
  });

  test('that was frozen probes its link', async () => {
    const client = await connected();
    FakeSocket.last.frame('status', '', { action: 'hello', version: 1, features: ['heartbeat'] });
    const before = FakeSocket.last.sent.filter(({ type }) => type === 'heartbeat').length;
    page.dispatchEvent(new Event('freeze'));
    page.dispatchEvent(new Event('resume'));
    await pass();
    expect(FakeSocket.last.sent.filter(({ type }) => type === 'heartbeat').length).toBe(before + 1);
    await pass(3100);
    expect(client.getConnectionState()).toBe('reconnecting');
  });

  test('is watched only while there is something to restore', async () => {
    const added = vi.spyOn(page, 'addEventListener');
    const removed = vi.spyOn(page, 'removeEventListener');
    const client = make();
    expect(added).not.toHaveBeenCalled();
    void client.connect().catch(() => {});
    expect(added).toHaveBeenCalledTimes(3);
    client.close();
    expect(removed).toHaveBeenCalledTimes(3);
  });
});

test('a machine that slept without telling is noticed by the clocks', async () => {
  const client = await connected();
  vi.setSystemTime(Date.now() + 3_600_000);
  FakeSocket.last.frame('progress', 't', { progress: 1 });
  expect(client.stats()['sleptMs']).toBeGreaterThanOrEqual(3_599_000);
});

test('close lets go of socket, timer and page at once', async () => {
  const client = await connected();
  client.close();
  expect(FakeSocket.last.closes.length).toBe(1);
  expect(vi.getTimerCount()).toBe(0);
  FakeSocket.last.say('{}');
});

test('close tells what waits, and answers what was sent', async () => {
  const client = await connected();
  const heard: string[] = [];
  client.on('lost', ({ reason }) => heard.push(reason));
  const receipt = client.send({ type: 'log', taskId: 't', data: { message: 'a' } });
  client.close();
  expect(heard).toEqual(['closed']);
  expect(await receipt).toEqual({ state: 'unknown' });
  FakeSocket.last.frame('progress', 't', { progress: 1 });
  expect(client.getConnectionState()).toBe('disconnected');
});

test('without a WebSocket it says what to do', async () => {
  vi.stubGlobal('WebSocket', undefined);
  const client = make({ WebSocket: undefined });
  const up = client.connect();
  await expect(up).rejects.toMatchObject({ message: expect.stringContaining('option `WebSocket`') });
});
