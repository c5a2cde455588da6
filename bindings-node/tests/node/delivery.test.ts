/** How events reach JavaScript: in turns, whole, and without holding what is not kept. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { WebSocket } from 'ws';
import type { Client } from '../../ts/node';
import type { ConnectionOptions, ErrorEvent, Event, ProgressEvent } from '../../ts/types';
import { LAYOUT } from '../../ts/node/layout';
import { addon, run, steadywire } from './installed';
import { answered, complete, heard, log, progress, type Server, startServer, subscribed } from './server';

const quiet = { warn() {}, error() {} };

let server: Server;
let client: Client;
beforeEach(async () => {
  server = await startServer();
});
afterEach(async () => {
  client?.close();
  await server.stop();
});

async function connected(options: Partial<ConnectionOptions> = {}): Promise<WebSocket> {
  client = new steadywire.Client({ url: server.url, logger: quiet, ...options });
  const [link] = await Promise.all([server.link(), client.connect('t')]);
  return link;
}

const outcome = () => new Promise<Event>((resolve) => client.once('complete', resolve));

/** Blocks the event loop until the server, which is in the same one, has had its say: it speaks before. */
function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** A field that would make a promise of an object. */
const THEN = 'then';

test('every kind of event arrives with its fields', async () => {
  const link = await connected({ terminalStatus: {} });
  const events: Event[] = [];
  for (const name of steadywire.EVENT_NAMES) {
    client.on(name, (first: unknown, second?: unknown) => {
      events.push((name === 'stateChange' ? second : first) as Event);
    });
  }
  const done = outcome();
  link.send(progress(42.5, 't', 'größer'));
  link.send(
    JSON.stringify({
      type: 'log',
      taskId: 't',
      timestamp: 8,
      data: { level: 'warn', message: 'm', metadata: { a: 'é' } },
    }),
  );
  link.send(log('plain'));
  link.send(
    JSON.stringify({ type: 'status', taskId: 't', timestamp: 9, data: { phase: 'x', taskId: 'other', [THEN]: 1 } }),
  );
  link.send(JSON.stringify({ type: 'own', taskId: 't', data: 1 }));
  link.send(
    JSON.stringify({ type: 'error', taskId: 't', timestamp: 9, data: { error: 'weak', fatal: false, code: 'c' } }),
  );
  link.send(complete({ answer: 42 }));
  await done;
  expect(events).toEqual([
    { type: 'progress', taskId: 't', stage: 's', progress: 42.5, message: 'größer', timestamp: 7 },
    { type: 'log', taskId: 't', level: 'warn', message: 'm', timestamp: 8, metadata: { a: 'é' } },
    { type: 'log', taskId: 't', level: 'info', message: 'plain', timestamp: 7 },
    { type: 'status', taskId: 't', timestamp: 9, data: { phase: 'x', taskId: 'other', [THEN]: 1 }, phase: 'x' },
    { type: 'message', messageType: 'own', taskId: 't', raw: '{"type":"own","taskId":"t","data":1}' },
    expect.objectContaining({ type: 'error', source: 'task', code: 'c', message: 'weak', taskId: 't', fatal: false }),
    { type: 'complete', taskId: 't', timestamp: 7, data: { answer: 42 }, synthetic: false, answer: 42 },
  ]);
});

test('a listener that throws loses no event, and with an error listener nobody crashes', async () => {
  const link = await connected({ conflate: 'never' });
  const seen: number[] = [];
  const errors: ErrorEvent[] = [];
  client.on('progress', (event) => {
    seen.push(event.progress);
    throw new Error(`no ${event.progress}`);
  });
  client.on('error', (event) => {
    errors.push(event);
    throw new Error('here too');
  });
  const done = outcome();
  for (let value = 0; value < 10; value++) {
    link.send(progress(value));
  }
  link.send(complete());
  await done;
  expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(errors).toHaveLength(10);
  expect(errors[3]).toMatchObject({ source: 'callback', code: 'callback_failed', cause: new Error('no 3') });
  expect(client.stats().callbacks.failures).toBe(20);
});

test('without an error listener it is an uncaught exception, and the events after it still come', async () => {
  const program = `
    import { Client } from 'steadywire';
    const client = new Client({ url: process.env.URL });
    process.on('uncaughtException', (error) => console.log('uncaught', error.message));
    client.on('log', (event) => { if (event.message === 'bad') throw new Error('handler'); console.log(event.message); });
    client.on('complete', () => client.disconnect());
    client.connect('t');
  `;
  const ended = run(program, server.url);
  const link = await server.link();
  await subscribed(link);
  for (const message of [log('a'), log('bad'), log('b'), complete()]) {
    link.send(message);
  }
  const ran = await ended;
  expect(ran.out.split('\n').sort()).toEqual(['', 'a', 'b', 'uncaught handler']);
  const crash = run(program.replace(/process\.on.*/, ''), server.url);
  const second = await server.link();
  await subscribed(second);
  second.send(log('bad'));
  expect(await crash).toMatchObject({ status: 1, err: expect.stringContaining('Error: handler') });
});

test('what is listened to after an await misses nothing', async () => {
  client = new steadywire.Client({ url: server.url, logger: quiet });
  void server.link().then((link) => {
    for (let value = 0; value < 50; value++) {
      link.send(log(String(value)));
    }
    link.send(complete());
  });
  await client.connect('t');
  const seen: string[] = [];
  client.on('log', (event) => seen.push(event.message));
  await outcome();
  expect(seen).toEqual(Array.from({ length: 50 }, (_, value) => String(value)));
});

test('a loop that was blocked hears of every outcome, of the latest progress first, over a link that lives', async () => {
  const program = `
    import { Client } from 'steadywire';
    const client = new Client({ url: process.env.URL, heartbeatInterval: 1000, heartbeatTimeout: 4000 });
    await client.connect('t');
    let blocked = false;
    const seen = [];
    let next = () => {};
    client.on('log', () => next());
    client.on('progress', (event) => { if (blocked) seen.push(event.taskId + event.progress); });
    client.on('complete', (event) => { if (blocked) seen.push(event.taskId); });
    await new Promise((resolve) => { next = resolve; });
    client.send({ type: 'own', taskId: 't' });
    client.send({ type: 'status', taskId: 't', data: {} });
    const cell = new Int32Array(new SharedArrayBuffer(4));
    Atomics.wait(cell, 0, 0, 5000);
    // All that is sent after 'begin' is to be in the core before the loop goes on.
    while (client.stats().framesIn < 40_007) Atomics.wait(cell, 0, 0, 20);
    blocked = true;
    const { conflated } = client.stats().inbox;
    await new Promise((resolve) => { next = resolve; });
    console.log(JSON.stringify({ seen, conflated: conflated > 10000, generation: client.stats().generation }));
    await client.disconnect();
  `;
  const ended = run(program, server.url);
  const link = await server.link();
  await subscribed(link);
  link.send(log('begin'));
  await heard(link, (message) => message.type === 'own');
  // It is blocked now, or about to be; the core reads on.
  for (let value = 0; value < 40_000; value++) {
    link.send(progress(value % 100));
    if (value % 10_000 === 0) {
      link.send(complete({}, `other${value}`));
    }
  }
  link.send(progress(77));
  link.send(log('end'));
  const { out, err } = await ended;
  expect(err).toBe('');
  const { seen, conflated, generation } = JSON.parse(out) as { seen: string[]; conflated: boolean; generation: number };
  expect({ conflated, generation }).toEqual({ conflated: true, generation: 1 });
  expect(seen.filter((event) => event.startsWith('other'))).toEqual([
    'other0',
    'other10000',
    'other20000',
    'other30000',
  ]);
  // Older progress may have been on its way into JavaScript already; all of the rest is one event.
  expect(seen.at(-1)).toBe('t77');
  expect(seen.length).toBeLessThan(1000);
});

test('timers and promises run between the turns of a full load', async () => {
  const link = await connected({ conflate: 'never', maxPendingEvents: 100_000 });
  const turns: number[] = [];
  let now = 0;
  let counting = true;
  client.on('log', () => {
    now++;
  });
  const count = () => {
    if (counting) {
      turns.push(now);
      now = 0;
      setTimeout(count, 1);
    }
  };
  const done = outcome();
  // Before the load: what has come when it begins is counted too.
  count();
  for (let line = 0; line < 50_000; line++) {
    link.send(log('x'.repeat(50)));
  }
  link.send(complete());
  await done;
  counting = false;
  expect(turns.filter((events) => events > 0).length).toBeGreaterThan(3);
  // A turn has at most eight drains.
  expect(Math.max(...turns)).toBeLessThanOrEqual(3 * 8 * 1024);
});

test('1,000 kept of 1,000,000 events keep memory for 1,000', async () => {
  const program = `
    import { Client } from 'steadywire';
    const client = new Client({ url: process.env.URL, conflate: 'never' });
    const kept = [];
    let seen = 0;
    client.on('progress', (event) => { if (seen++ % 1000 === 0) kept.push(event); });
    await client.connect('t');
    const before = measure();
    await new Promise((resolve) => client.once('complete', resolve));
    const grown = measure() - before;
    console.log(JSON.stringify({ kept: kept.length, seen, grown, text: kept.at(-1).message.length }));
    await client.disconnect();
    function measure() { gc(); gc(); const { heapUsed, external, arrayBuffers } = process.memoryUsage(); return heapUsed + external + arrayBuffers; }
  `;
  const ended = run(program, server.url, ['--expose-gc']);
  const link = await server.link();
  await subscribed(link);
  for (let value = 0; value < 1_000_000; value += 2_000) {
    for (let more = 0; more < 2_000; more++) {
      link.send(progress((value + more) % 100, `t${more % 50}`, `step ${value + more} ${'.'.repeat(100)}`));
    }
    await answered(link);
  }
  link.send(complete());
  const { out, err } = await ended;
  expect(err).toBe('');
  const found = JSON.parse(out) as { kept: number; seen: number; grown: number; text: number };
  expect(found).toMatchObject({ kept: 1000, seen: 1_000_000 });
  expect(found.text).toBeGreaterThan(100);
  // An event is about 300 bytes with its text; a batch that one of them pinned would be 100 KB.
  expect(found.grown).toBeLessThan(2_500_000);
}, 600_000);

test('texts that come again are one string; the table is bounded and begins anew', async () => {
  const link = await connected({ conflate: 'never' });
  const seen: ProgressEvent[] = [];
  client.on('progress', (event) => seen.push(event));
  const done = outcome();
  const tasks = Array.from({ length: 10_000 }, (_, at) => `task-${at}`);
  const long = 'é'.repeat(400);
  for (const [at, task] of tasks.entries()) {
    link.send(progress(at % 100, task));
    if (at % 1000 === 0) {
      link.send(progress(1, long));
      link.send(JSON.stringify({ type: 'progress', taskId: `${long}x`, data: { progress: 2, stage: long } }));
    }
  }
  link.send(complete());
  await done;
  const names = tasks.flatMap((task, at) => (at % 1000 === 0 ? [task, long, `${long}x`] : [task]));
  expect(seen.map((event) => event.taskId)).toEqual(names);
  expect(seen.filter((event) => event.stage === long)).toHaveLength(10);
});

test('one event may be larger than the buffer for texts', async () => {
  const link = await connected();
  const done = outcome();
  const lines: string[] = [];
  client.on('log', (event) => lines.push(event.message));
  const large = 'ä'.repeat(1_000_000);
  for (const line of ['small', large, 'small', large]) {
    link.send(log(line));
  }
  link.send(complete());
  await done;
  expect(lines.map((line) => line.length)).toEqual([5, 1_000_000, 5, 1_000_000]);
  expect(lines[1] === large).toBe(true);
});

test('no listener is called after disconnect', async () => {
  const link = await connected();
  let after = false;
  let late = 0;
  client.on('log', () => {
    late += after ? 1 : 0;
  });
  const first = new Promise((resolve) => client.once('log', resolve));
  for (let line = 0; line < 20_000; line++) {
    link.send(log('x'));
  }
  await first;
  await client.disconnect();
  after = true;
  block(20);
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  expect(late).toBe(0);
  expect(client.getConnectionState()).toBe('disconnected');
});

test('what comes between two drains of one batch is not forgotten', async () => {
  let woken = () => {};
  const native = new addon.Native(JSON.stringify({ url: server.url }), false, false, () => woken());
  native.wantAll();
  native.connect(1, undefined);
  const ints = new Int32Array(LAYOUT.ints * 10);
  const floats = new Float64Array(LAYOUT.floats * 10 + 2);
  const text = Buffer.alloc(4096);
  const drain = (): [lines: number, more: boolean] => {
    const count = native.drain(1000, ints, floats, text);
    const heads = Array.from({ length: count }, (_, at) => (ints[at * LAYOUT.ints] ?? 0) & 0xff);
    return [heads.filter((kind) => kind === LAYOUT.kinds.log).length, floats[floats.length - 2] !== 0];
  };
  const link = await server.link();
  await vi.waitUntil(() => native.state() === 'connected', { timeout: 30_000 });
  while (drain()[1]) {}
  const send = (count: number) => {
    for (let line = 0; line < count; line++) {
      link.send(log('x'));
    }
    return answered(link);
  };
  const next = () =>
    new Promise<void>((resolve) => {
      woken = resolve;
    });
  let rung = next();
  await send(20);
  let [lines] = drain();
  expect(lines).toBeLessThan(20);
  await send(20);
  // As long as a drain says that more is left, nobody is told; after that somebody is told of each line that comes.
  while (lines < 40) {
    await rung;
    rung = next();
    for (let more = true; more; ) {
      const [count, left] = drain();
      lines += count;
      more = left;
    }
  }
  expect(lines).toBe(40);
  native.close();
});

test('an event may be long in all its texts at once', async () => {
  const [task, stage, message] = ['t'.repeat(1000), 's'.repeat(300_000), 'm'.repeat(400_000)];
  // In a process of its own: what cannot deliver it would not come back.
  const program = `
    import { Client } from 'steadywire';
    const client = new Client({ url: process.env.URL });
    const told = ({ taskId, stage, message, text }) => console.log(JSON.stringify([taskId, stage, message, text]));
    client.on('progress', told);
    client.on('complete', (event) => { told(event); client.close(); });
    client.connect('t'.repeat(1000));
  `;
  const ended = run(program, server.url);
  const link = await server.link();
  await subscribed(link);
  const frame = (type: string, data: unknown) => JSON.stringify({ type, taskId: task, timestamp: 7, data });
  link.send(frame('progress', { progress: 1, stage: 's', message }));
  link.send(frame('progress', { progress: 2, stage, message }));
  link.send(frame('complete', { text: message }));
  const { status, out, err } = await ended;
  expect([status, err]).toEqual([0, '']);
  expect(
    out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([
    [task, 's', message, null],
    [task, stage, message, null],
    [task, null, null, message],
  ]);
});

test('what comes while a turn is interrupted is not forgotten', async () => {
  const link = await connected({ conflate: 'never' });
  let count = 0;
  let over = () => {};
  client.on('log', (event) => {
    count++;
    if (event.message === 'slow') {
      // What it is sent now arrives while this batch is being delivered, and nothing comes after it.
      link.send(log('last'));
      block(20);
    } else if (event.message === 'last') {
      over();
    }
  });
  // Batches grow with those who keep pace.
  for (let line = 0; line < 5_000; line++) {
    link.send(log('x'));
  }
  await vi.waitUntil(() => count === 5_000, { timeout: 30_000 });
  for (let round = 0; round < 20; round++) {
    const last = new Promise<void>((resolve) => {
      over = resolve;
    });
    const lines = Array.from({ length: 300 }, (_, line) => log(line === 100 ? 'slow' : 'x'));
    for (const line of lines) {
      link.send(line);
    }
    await last;
  }
  expect(count).toBe(5_000 + 20 * 301);
});
