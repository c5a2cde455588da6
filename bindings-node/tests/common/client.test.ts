import { describe, expect, test } from 'vitest';
import { completeEvent, failureOf, statusEvent } from '../../ts/common';
import { SteadywireError } from '../../ts/errors';
import { connected, FakeClient, outcome, progress } from './fake';

describe('a call', () => {
  test('is answered by its ticket, and wants everything until then', async () => {
    const client = new FakeClient();
    const up = client.connect('t');
    expect(client.calls).toEqual([{ type: 'connect', ticket: 1, task: 't' }]);
    expect(client.wanted).toBe('all');
    expect(client.tell(connected(1))).toEqual([true]);
    client.router.wantNow();
    expect(client.wanted).toEqual([]);
    await up;
  });

  test('that fails is rejected with what ended it', async () => {
    const client = new FakeClient();
    const up = client.connect();
    const error = new SteadywireError('unauthorized', 'no');
    client.tell({ ticket: 1, settlement: { type: 'connected', error } });
    await expect(up).rejects.toBe(error);
  });

  test('that is misuse is rejected, or thrown where there is no promise', async () => {
    const client = new FakeClient();
    client.refusal = new SteadywireError('invalid_argument', 'empty');
    await expect(client.connect('')).rejects.toBe(client.refusal);
    expect(() => client.subscribe('')).toThrow(client.refusal);
    expect(() => client.send({ type: 'log', taskId: 't', data: {} })).toThrow(client.refusal);
    expect(() => client.follow('')).toThrow(client.refusal);
    expect(client.stats().callbacks).toMatchObject({ waiting: 0, follows: 0 });
  });

  test('may be given up by a signal', async () => {
    const client = new FakeClient();
    const stop = new AbortController();
    const waiting = client.wait('t', { signal: stop.signal });
    stop.abort('enough');
    await expect(waiting).rejects.toBe('enough');
    expect(client.calls).toEqual([
      { type: 'lease', lease: 1, task: 't', kind: 'wait' },
      { type: 'unlease', lease: 1 },
    ]);
    await expect(client.connect('t', { signal: stop.signal })).rejects.toBe('enough');
    expect(client.calls.length).toBe(2);
  });

  test('wait gives an outcome as a value', async () => {
    const client = new FakeClient();
    const waiting = client.wait('t');
    client.tell(outcome(1));
    expect(await waiting).toMatchObject({ kind: 'complete', data: { answer: 42 } });
  });

  test('send gives the receipt; without one by the end it was dropped', async () => {
    const client = new FakeClient();
    const first = client.send({ type: 'status', taskId: 't', data: { a: 1 } }, { ack: true });
    const second = client.send({ type: 'mine', taskId: 't' });
    client.tell({ ticket: 1, settlement: { type: 'receipt', receipt: { state: 'acked' } } });
    client.close();
    expect([await first, await second]).toEqual([{ state: 'acked' }, { state: 'dropped', reason: 'closed' }]);
  });
});

describe('close', () => {
  test('answers who waits; later calls throw', async () => {
    const client = new FakeClient();
    const [up, waiting, down] = [client.connect(), client.wait('t'), client.disconnect()];
    const follow = client.follow('t');
    client.close();
    client.close();
    await expect(up).rejects.toMatchObject({ kind: 'closed' });
    await expect(waiting).rejects.toMatchObject({ kind: 'closed' });
    await expect(down).resolves.toBeUndefined();
    expect(await follow.next()).toMatchObject({ value: { type: 'lost', reason: 'closed' } });
    expect(() => client.subscribe('t')).toThrow(/closed/);
    await expect(client.connect()).rejects.toMatchObject({ kind: 'closed' });
    await client.disconnect();
  });

  test('comes after disconnect with `await using`', async () => {
    const client = new FakeClient();
    const disposed = client[Symbol.asyncDispose]();
    expect(client.calls).toEqual([{ type: 'disconnect', ticket: 1 }]);
    client.tell({ ticket: 1, settlement: { type: 'disconnected' } });
    await disposed;
    expect(client.calls[1]).toEqual({ type: 'close' });
  });
});

test('null is as good as nothing', async () => {
  const client = new FakeClient();
  void client.connect(undefined, null);
  void client.reconnect(null);
  void client.flush(null);
  void client.wait('t', null);
  client.follow('t', null);
  client.follow('t', { signal: null });
  void client.send({ type: 'status', taskId: 't', data: 1 }, null);
  const task = client.report('t');
  void task.progress(1, null);
  void task.log('line', null);
  void task.fail('broken', null);
  expect(client.calls[0]).toEqual({ type: 'connect', ticket: 1, task: undefined });
  const sent = client.calls.flatMap((call) => (call.type === 'send' ? [call.message] : []));
  expect(sent.map(({ type, ack }) => [type, ack])).toEqual([
    ['status', false],
    ['progress', undefined],
    ['log', undefined],
    ['error', true],
  ]);
});

test('track holds a lease until it is called off, once', () => {
  const client = new FakeClient();
  const leave = client.track('t');
  leave();
  leave();
  expect(client.calls).toEqual([
    { type: 'lease', lease: 1, task: 't', kind: 'track' },
    { type: 'unlease', lease: 1 },
  ]);
});

describe('report', () => {
  test('sends what the worker says, and one end', async () => {
    const client = new FakeClient();
    const task = client.report('t');
    void task.progress(50, { stage: 's', message: 'm' });
    void task.log('line', { level: 'warn', metadata: { a: 1 } });
    void task.status({ a: 1 });
    void task.fail('broken', { code: 'E1', data: { line: 7 } });
    expect(task.ended).toBe(true);
    expect(() => task.complete()).toThrow(/reported already/);
    const sent = client.calls.flatMap((call) => (call.type === 'send' ? [call.message] : []));
    expect(sent).toMatchObject([
      { type: 'progress', taskId: 't', progress: 50, stage: 's', message: 'm' },
      { type: 'log', level: 'warn', message: 'line', metadata: '{"a":1}' },
      { type: 'status', data: '{"a":1}' },
      { type: 'error', ack: true, data: '{"error":"broken","code":"E1","line":7}' },
    ]);
    expect(client.calls.at(-1)).toEqual({ type: 'unlease', lease: 1 });
  });

  test('that did not report an end has abandoned its task', async () => {
    const client = new FakeClient();
    const task = client.report('t');
    const disposed = task[Symbol.asyncDispose]();
    expect(client.calls[1]).toMatchObject({ message: { type: 'error', code: 'abandoned', ack: true } });
    client.tell({ ticket: 2, settlement: { type: 'receipt', receipt: { state: 'acked' } } });
    await disposed;
    await task[Symbol.asyncDispose]();
    expect(client.calls.length).toBe(3);
  });
});

describe('the fields of data', () => {
  test('are readable on the event, but own ones win and none changes what it is', () => {
    const event = statusEvent('t', 1, '{"status":"running","taskId":"other","then":1,"__proto__":{"x":1}}');
    expect(event).toMatchObject({ status: 'running', taskId: 't', timestamp: 1 });
    expect('then' in event || event['x'] !== undefined).toBe(false);
    expect(Object.getPrototypeOf(event)).toBe(Object.prototype);
    expect(completeEvent('t', 1, [1], false)).toEqual({
      ...{ type: 'complete', taskId: 't', timestamp: 1, data: [1], synthetic: false },
    });
  });
});

describe('messages that make no sense', () => {
  test.each([
    [{ type: 7, taskId: 't' }, /both strings/],
    [{ type: 'progress', taskId: 't' }, /data.progress/],
    [{ type: 'progress', taskId: 't', data: { progress: 1, stag: 'x' } }, /takes progress, stage, message, not stag/],
    [{ type: 'log', taskId: 't', data: 'text' }, /is an object, not a string/],
    [{ type: 'log', taskId: 't', data: { level: 'loud' } }, /level/],
    [{ type: 'status', taskId: 't', data: 1n }, /JSON/],
    [{ type: 'status', taskId: 't', data: () => 0 }, /JSON can hold, not a function/],
    [{ type: 'error', taskId: 't', data: { code: 5 } }, /data.code/],
  ])('%#', (message, text) => {
    expect(() => new FakeClient().send(message as never)).toThrow(text);
  });
});

test('a listener may throw what has no text', () => {
  const client = new FakeClient();
  client.on('connected', () => {
    throw Object.create(null);
  });
  client.tell({ type: 'connected', generation: 1 });
  expect(client.surfaced.length).toBe(1);
  expect(client.stats().callbacks.failures).toBe(1);
});

test('a logger that throws stops nothing', () => {
  const client = new FakeClient(() => {
    throw new Error('from the logger');
  });
  const heard: number[] = [];
  client.on('progress', ({ progress }) => heard.push(progress));
  client.on('error', () => {
    throw new Error('from the listener');
  });
  const error = { type: 'error', source: 'transport', code: 'x', message: 'm', fatal: false, timestamp: 0 } as const;
  client.tell({ ...error, taskId: undefined, data: undefined, synthetic: false }, progress(1));
  expect(heard).toEqual([1]);
  expect(client.surfaced).toEqual([new Error('from the logger')]);
  client.removeAllListeners('error');
  client.tell({ ...error, taskId: undefined, data: undefined, synthetic: false }, progress(2));
  expect([heard, client.surfaced.length]).toEqual([[1, 2], 2]);
});

test('a failure to give credentials has a text, whatever is thrown', () => {
  expect(failureOf(new Error('no token'))).toEqual({ message: 'no token', fatal: false });
  expect(failureOf({ message: 'revoked', fatal: true })).toEqual({ message: 'revoked', fatal: true });
  expect(failureOf('text')).toEqual({ message: 'text', fatal: false });
  expect(failureOf(undefined)).toEqual({ message: 'undefined', fatal: false });
  const mute = Object.create(null, {
    message: {
      get() {
        throw new Error('not even this');
      },
    },
  });
  for (const thrown of [Object.create(null), mute]) {
    expect(failureOf(thrown)).toEqual({ message: 'something that has no text', fatal: false });
  }
});
