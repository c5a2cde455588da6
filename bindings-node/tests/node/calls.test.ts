/** What people call, over the addon: options, credentials, signals, errors, workers' reports. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Client } from '../../ts/node';
import { load } from '../../ts/node/addon';
import { LAYOUT } from '../../ts/node/layout';
import type { ConnectionOptions, CredentialsRequest, Ending } from '../../ts/types';
import { addon, run, startHub, steadywire } from './installed';
import { complete, heard, progress, type Server, startServer, subscribed } from './server';

const { ERROR_CODES, SteadywireError } = steadywire;
const logged: unknown[] = [];
const logger = { warn: (...text: unknown[]) => logged.push(text), error: (...text: unknown[]) => logged.push(text) };

let server: Server;
const clients: Client[] = [];
beforeEach(async () => {
  server = await startServer();
  logged.length = 0;
});
afterEach(async () => {
  for (const client of clients.splice(0)) {
    client.close();
  }
  await server.stop();
});

function make(options: Partial<ConnectionOptions> = {}): Client {
  const client = new steadywire.Client({ url: server.url, logger, reconnectInterval: 5, ...options });
  clients.push(client);
  return client;
}

function kindOf(call: () => unknown): [kind: string, message: string] {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(SteadywireError);
    const { kind, message } = error as InstanceType<typeof SteadywireError>;
    return [kind, message];
  }
  throw new Error('it was not refused');
}

test('both halves agree on numbers, names and errors', () => {
  expect(JSON.parse(addon.layout())).toEqual(LAYOUT);
  const kinds = JSON.parse(addon.errorKinds()) as [number, keyof typeof ERROR_CODES, boolean][];
  expect(Object.fromEntries(kinds.map(([code, name]) => [name, code]))).toEqual(ERROR_CODES);
  for (const [, name, retryable] of kinds) {
    expect(new SteadywireError(name, '').isRetryable(), name).toBe(retryable);
  }
});

test('a refused option names itself and what it takes', () => {
  const refused = (options: object) => kindOf(() => make(options as ConnectionOptions));
  expect(refused({ url: undefined })[1]).toContain('`url` is required');
  expect(refused({ url: 'http://localhost' })).toEqual(['invalid_url', expect.stringContaining('ws:// or wss://')]);
  expect(refused({ reconectInterval: 1 })).toEqual(['unknown_option', expect.stringContaining('`reconectInterval`')]);
  expect(refused({ heartbeatInterval: -1 })).toEqual([
    'invalid_argument',
    expect.stringContaining('`heartbeatInterval`'),
  ]);
  expect(refused({ heartbeatTimeout: Number.NaN })[1]).toContain('`heartbeatTimeout`');
  expect(refused({ maxReconnectAttempts: -Infinity })[1]).toContain('`maxReconnectAttempts`');
  expect(refused({ classify: 1 })[1]).toContain('`classify` takes a function');
  expect(refused({ logger: {} })[1]).toContain('`logger`');
  expect(refused({ token: 7 })[0]).toBe('invalid_argument');
  expect(refused({ seed: () => 1 })[1]).toContain('`seed` cannot take a function');
  expect(refused({ tokenIn: 'protocol' })).toEqual(['unsupported', expect.stringContaining('`tokenIn`')]);
  expect(refused({ WebSocket: class {} })[0]).toBe('unsupported');
  make({ maxReconnectAttempts: Infinity, maxConnectAttempts: Infinity, heartbeatInterval: 0, proxy: null });
  const absent = { tokenIn: undefined, reconnectInterval: undefined, reconectInterval: undefined };
  make(absent);
});

test('calls refuse what makes no sense, and change nothing', async () => {
  const client = make();
  expect(kindOf(() => client.subscribe(''))[0]).toBe('invalid_argument');
  expect(kindOf(() => client.subscribe(7 as unknown as string))[1]).toContain('a task id is a string');
  expect(kindOf(() => client.subscribe('x'.repeat(1025)))[1]).toContain('1024');
  await expect(client.connect(null as unknown as string)).rejects.toMatchObject({ kind: 'invalid_argument' });
  client.close();
  expect(kindOf(() => client.subscribe('t'))[0]).toBe('closed');
  expect(client.getConnectionState()).toBe('disconnected');
});

test('functions are asked before every attempt, and may take their time', async () => {
  const requests: CredentialsRequest[] = [];
  const upgrades: { url?: string | undefined; headers: import('node:http').IncomingHttpHeaders }[] = [];
  const http = createServer();
  http.on('upgrade', (request, socket) => {
    upgrades.push({ url: request.url, headers: request.headers });
    socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n');
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  const client = make({
    url: async (request) => {
      requests.push(request);
      await new Promise((resolve) => setImmediate(resolve));
      return `ws://127.0.0.1:${port}/for-${request.attempt}`;
    },
    token: () => 'secret-token',
    headers: async () => ({ 'X-Own': 'yes' }),
  });
  await expect(client.connect()).rejects.toMatchObject({ kind: 'unauthorized', code: 401 });
  expect(requests.map(({ forceRefresh, httpStatus }) => [forceRefresh, httpStatus])).toEqual([
    [false, undefined],
    [true, 401],
  ]);
  expect(upgrades[0]).toMatchObject({
    url: '/for-1',
    headers: { authorization: 'Bearer secret-token', 'x-own': 'yes' },
  });
  expect(JSON.stringify(logged)).not.toContain('secret-token');
  http.close();
});

test('functions that fail are a failed attempt; with `fatal` the end', async () => {
  let asked = 0;
  const client = make({
    token: () => {
      asked++;
      throw Object.assign(new Error('no luck'), { fatal: asked === 3 });
    },
  });
  await expect(client.connect()).rejects.toMatchObject({
    kind: 'credentials_failed',
    message: expect.stringContaining('no luck'),
  });
  expect(asked).toBe(3);
});

test('classify decides what an end means', async () => {
  const endings: Ending[] = [];
  const client = make({
    classify: async (ending) => {
      endings.push(ending);
      return 'fatal' as const;
    },
  });
  const [link] = await Promise.all([server.link(), client.connect('t')]);
  const stopped = new Promise((resolve) => client.on('stateChange', (state) => state === 'error' && resolve(state)));
  link.close(1012, 'restart');
  await stopped;
  expect(endings).toMatchObject([{ closeCode: 1012, disposition: 'retry', kind: 'connection_lost' }]);
});

test('signals end what waits, and nothing else', async () => {
  const client = make();
  const reason = new Error('enough');
  const abort = new AbortController();
  await expect(client.connect('t', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  const [link] = await Promise.all([server.link(), client.connect('t')]);
  const waits = [
    client.wait('t', { signal: abort.signal }),
    client.follow('t', { signal: abort.signal }).next(),
    client.wait('other', { signal: abort.signal }),
  ];
  // What was never subscribed to would need no unsubscribing.
  await heard(link, (message) => message.data?.action === 'subscribe' && message.taskId === 'other');
  abort.abort(reason);
  for (const wait of waits) {
    await expect(wait).rejects.toBe(reason);
  }
  await heard(link, (message) => message.data?.action === 'unsubscribe' && message.taskId === 'other');
  const outcome = client.wait('t');
  link.send(complete());
  expect(await outcome).toMatchObject({ kind: 'complete', data: { answer: 42 } });
});

test('a follow gives events and ends with the outcome; leaving it gives the task up', async () => {
  const client = make();
  const seen: string[] = [];
  const following = (async () => {
    for await (const event of client.follow('t')) {
      seen.push(event.type);
    }
    for await (const event of client.follow('second')) {
      seen.push(event.type);
      break;
    }
  })();
  const link = await server.link();
  await subscribed(link);
  link.send(progress(1));
  link.send(complete());
  await heard(link, (message) => message.data?.action === 'subscribe' && message.taskId === 'second');
  link.send(progress(1, 'second'));
  await following;
  expect(seen).toEqual(['progress', 'complete', 'progress']);
  await heard(link, (message) => message.data?.action === 'unsubscribe' && message.taskId === 'second');
});

test('a worker reports over the hub, and the other side has the outcome, with its cursors', async () => {
  const hub = await startHub();
  try {
    const worker = make({ url: hub.url });
    const follower = make({ url: hub.url });
    const outcome = follower.wait('build');
    const line = new Promise((resolve) => follower.once('log', resolve));
    const task = worker.report('build');
    task.progress(40, { stage: 'compile' });
    task.log('a line', { level: 'warn', metadata: { line: 12 } });
    await line;
    const cursors = follower.cursors();
    expect(cursors).toMatchObject({ build: { epoch: expect.any(String), seq: expect.any(Number) } });
    make({ url: hub.url, cursors });
    expect(await task.complete({ artifact: 'app.tar' })).toEqual({ state: 'acked' });
    expect(kindOf(() => task.progress(1))[0]).toBe('invalid_state');
    expect(await outcome).toMatchObject({ kind: 'complete', data: { artifact: 'app.tar' }, taskId: 'build' });
    expect(follower.stats()).toMatchObject({
      state: 'connected',
      connects: 1,
      outcomes: 1,
      inbox: { pendingEvents: 0 },
    });
    await worker.flush();
    await Promise.all([worker.disconnect(), follower.disconnect()]);
  } finally {
    await hub.stop();
  }
});

test('two copies of the package share the one client and know each other’s errors', async () => {
  const program = `
    import { createRequire } from 'node:module';
    const require = createRequire(import.meta.url);
    const first = await import('steadywire');
    const service = first.getWebSocketService({ url: process.env.URL });
    const file = require.resolve('steadywire');
    delete require.cache[file];
    const second = require('steadywire');
    console.log(second.Client !== first.Client, second.getWebSocketService() === service);
    try { second.getClient({ url: 'ws://other/' }); } catch (error) { console.log(error instanceof first.SteadywireError, error.kind); }
  `;
  expect(await run(program, server.url)).toMatchObject({ out: 'true true\ntrue invalid_state\n', err: '', status: 0 });
});

test('modules, CommonJS and the web have the same names', async () => {
  const program = `
    import * as module from 'steadywire';
    import { createRequire } from 'node:module';
    const required = createRequire(import.meta.url)('steadywire');
    console.log(Object.keys(required).every((name) => required[name] === module[name]), Object.keys(required).length === Object.keys(module).length);
    const web = await import('steadywire/web');
    console.log(new web.SteadywireError('closed', '') instanceof module.SteadywireError);
    console.log(Object.keys(web).join() === Object.keys(module).join());
  `;
  expect(await run(program)).toMatchObject({ out: 'true true\ntrue\ntrue\n', err: '', status: 0 });
});

test('await using disconnects', async () => {
  const client = make();
  const [link] = await Promise.all([server.link(), client.connect()]);
  const closed = new Promise((resolve) => link.once('close', resolve));
  await client[Symbol.asyncDispose]();
  expect(await closed).toBe(1000);
  expect(kindOf(() => client.subscribe('t'))[0]).toBe('closed');
});

test('where there is no addon the error says what was tried and what else there is', () => {
  Object.assign(globalThis, { STEADYWIRE_VERSION: '0.1.0' });
  const missing = (name: string) => {
    throw new Error(`Cannot find module '${name}'\nRequire stack:`);
  };
  const [kind, message] = kindOf(() => load('linux', 'riscv64', missing));
  expect(kind).toBe('unsupported');
  for (const part of ['linux riscv64', '@steadywire/linux-riscv64-gnu: Cannot find', '-musl', "'steadywire/web'"]) {
    expect(message).toContain(part);
  }
  expect(kindOf(() => load('darwin', 'arm64', () => ({ version: () => '9.9.9' })))[1]).toContain(
    'it is of version 9.9.9',
  );
});

test('a client that is shown shows no credentials', () => {
  const token = () => 'secret-1';
  const headers = { 'x-key': 'secret-2' };
  const client = make({ url: 'ws://user:secret-3@127.0.0.1:1/?key=secret-4', headers, token });
  expect(inspect(client, { depth: 9 })).toBe("Client { state: 'disconnected' }");
  const inside = inspect({ ...client }, { depth: 9, showHidden: true });
  expect(inside).toContain('router');
  expect(inside).not.toContain('secret');
});

test('closing tells what became of messages, as far as it is known', async () => {
  const client = make();
  await client.connect();
  const link = await server.link();
  const receipt = client.send({ type: 'log', taskId: 't', data: { message: 'm' } });
  // The turn of the loop in which the receipt would be told does not come before it is closed.
  await heard(link, ({ type }) => type === 'log');
  client.close();
  expect((await receipt).state).toMatch(/^(written|unknown)$/);
  const later = make();
  const waiting = later.send({ type: 'log', taskId: 't', data: { message: 'm' } });
  later.close();
  expect(await waiting).toEqual({ state: 'dropped', reason: 'closed' });
});

test('closing inside a listener answers who waits and calls nobody any more', async () => {
  const client = make();
  const seen: string[] = [];
  client.on('progress', ({ progress }) => {
    seen.push(`progress ${progress}`);
    client.close();
  });
  client.on('lost', () => seen.push('lost'));
  await client.connect('t');
  const waiting = client.wait('t');
  const link = await server.link();
  link.send(progress(1));
  link.send(progress(2));
  expect(await waiting).toMatchObject({ kind: 'lost', reason: 'closed' });
  expect(seen).toEqual(['progress 1']);
});

test('collections are refused where they would count as empty objects', async () => {
  const refused = (options: object) => kindOf(() => make(options as ConnectionOptions));
  const said = (name: string) => ['invalid_argument', expect.stringContaining(`not a ${name}`)];
  expect(refused({ headers: new Headers({ a: 'b' }) })).toEqual(said('Headers'));
  expect(refused({ dispositions: new Map([[4000, 'fatal']]) })).toEqual(said('Map'));
  expect(refused({ dispositions: ['fatal'] })).toEqual([
    'invalid_argument',
    expect.stringContaining('`dispositions` takes an object'),
  ]);
  expect(refused({ cursors: { t: { epoch: 'e', seq: 1n } } })).toEqual([
    'invalid_argument',
    expect.stringContaining('`cursors`'),
  ]);
  const client = make({ headers: () => new Map([['a', 'b']]) as never, maxConnectAttempts: 1 });
  await expect(client.connect()).rejects.toThrow('`headers`');
});

test('an argument of another type is refused by name', () => {
  const client = make();
  const task = client.report('t');
  const named = (name: string) => ['invalid_argument', expect.stringContaining(`\`${name}\` takes`)];
  const refused = (call: () => unknown) => kindOf(call);
  expect(refused(() => client.send({ type: 'x', taskId: 't', timestamp: 'now' as never }))).toEqual(named('timestamp'));
  expect(refused(() => client.send({ type: 'x', taskId: 't', timestamp: Number.NaN }))).toEqual(named('timestamp'));
  expect(refused(() => task.progress('50' as never))).toEqual(named('progress'));
  expect(refused(() => task.progress(undefined as never))).toEqual(named('progress'));
  expect(refused(() => task.progress(1, { stage: 5 as never }))).toEqual(named('stage'));
  expect(refused(() => task.log(5 as never))).toEqual(named('message'));
  expect(refused(() => task.fail(new Error('boom') as never))).toEqual(named('message'));
  expect(task.ended).toBe(false);
});

test('what a logger throws is told, and what comes after it is delivered', async () => {
  const ran = await run(
    `
      import { Client } from 'steadywire';
      const logger = { warn() { throw new Error('from the logger'); }, error() {} };
      process.on('uncaughtException', ({ message }) => console.log(message));
      const client = new Client({ url: process.env.URL, logger });
      client.on('progress', ({ progress }) => {
        console.log(progress);
        client.close();
      });
      client.connect();
    `,
    (() => {
      server.link().then((link) => {
        link.send('garbage');
        link.send(progress(1));
      });
      return server.url;
    })(),
  );
  // It is told once what came with it is delivered.
  expect(ran.out.trim().split('\n').sort(), ran.err).toEqual(['1', 'from the logger']);
});
