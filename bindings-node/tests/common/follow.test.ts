import { expect, test } from 'vitest';
import { FOLLOW_MAX_EVENTS } from '../../ts/common';
import type { TaskEvent } from '../../ts/types';
import { FakeClient, log, outcome, progress } from './fake';

async function all(follow: AsyncIterable<TaskEvent>): Promise<TaskEvent[]> {
  const events: TaskEvent[] = [];
  for await (const event of follow) {
    events.push(event);
  }
  return events;
}

test('gives the events of its task, and the outcome last', async () => {
  const client = new FakeClient();
  const follow = client.follow('t');
  expect(client.wanted).toBe('all');
  client.tell(progress(1), progress(1, 'other'), log('a'));
  // The event of the outcome is for listeners; a follow has it as the answer to its lease.
  client.tell({ type: 'complete', taskId: 't', timestamp: 7, data: 1, synthetic: false }, outcome(1));
  client.tell(log('late'));
  expect((await all(follow)).map(({ type }) => type)).toEqual(['progress', 'log', 'complete']);
  expect(client.wanted).toEqual([]);
  expect(client.calls.length).toBe(1);
});

test('reads that overlap are answered in order, and end together', async () => {
  const client = new FakeClient();
  const follow = client.follow('t');
  const reads = [follow.next(), follow.next(), follow.next(), follow.next()];
  client.tell(progress(1), progress(2), outcome(1));
  expect((await Promise.all(reads)).map(({ value, done }) => [value?.type, done])).toEqual([
    ['progress', false],
    ['progress', false],
    ['complete', false],
    [undefined, true],
  ]);
});

test('leaving the loop gives the task up', async () => {
  const client = new FakeClient();
  const follow = client.follow('t');
  client.tell(progress(1), progress(2));
  for await (const event of follow) {
    expect(event).toMatchObject({ progress: 1 });
    break;
  }
  expect(client.calls[1]).toEqual({ type: 'unlease', lease: 1 });
  expect(await follow.next()).toEqual({ value: undefined, done: true });
});

test('`await using` gives the task up, and answers a read that waits', async () => {
  const client = new FakeClient();
  const follow = client.follow('t');
  const read = follow.next();
  await follow[Symbol.asyncDispose]();
  expect(await read).toEqual({ value: undefined, done: true });
  expect(client.calls[1]).toEqual({ type: 'unlease', lease: 1 });
  await follow[Symbol.asyncDispose]();
  expect(client.calls.length).toBe(2);
});

test('a signal ends it with its reason, once, and answers a read that waits', async () => {
  const client = new FakeClient();
  const stop = new AbortController();
  const follow = client.follow('t', { signal: stop.signal });
  const read = follow.next();
  stop.abort('enough');
  await expect(read).rejects.toBe('enough');
  expect(await follow.next()).toEqual({ value: undefined, done: true });
  expect(client.calls[1]).toEqual({ type: 'unlease', lease: 1 });
  expect(() => client.follow('t', { signal: stop.signal })).toThrow('enough');
});

test('a signal that comes between two reads fails the next', async () => {
  const client = new FakeClient();
  const stop = new AbortController();
  const follow = client.follow('t', { signal: stop.signal });
  client.tell(progress(1));
  stop.abort('enough');
  await expect(follow.next()).rejects.toBe('enough');
});

test('above half of the bound the latest progress replaces the one that waits', async () => {
  const client = new FakeClient();
  const follow = client.follow('t');
  const half = FOLLOW_MAX_EVENTS / 2 + 1;
  client.tell(...Array.from({ length: half }, (_, n) => log(String(n))));
  client.tell(progress(1), log('between'), progress(2), progress(3), outcome(1));
  const events = await all(follow);
  expect(events.length).toBe(half + 3);
  expect(events.slice(half)).toMatchObject([{ message: 'between' }, { progress: 3 }, { type: 'complete' }]);
});

test('at the bound the oldest log lines go, and are counted; the outcome arrives', async () => {
  const client = new FakeClient();
  const follow = client.follow('t');
  client.tell({ type: 'status', taskId: 't', timestamp: 0, data: 1 });
  client.tell(...Array.from({ length: FOLLOW_MAX_EVENTS + 9 }, (_, n) => log(String(n))), outcome(1));
  const events = await all(follow);
  expect(events[0]).toEqual({ type: 'overflow', count: 10 });
  expect(events.slice(1, 3)).toMatchObject([{ type: 'status' }, { message: '10' }]);
  expect(events.length).toBe(FOLLOW_MAX_EVENTS + 2);
});

test('without log lines the oldest of the rest goes', async () => {
  const client = new FakeClient();
  const follow = client.follow('t');
  const status = (data: number) => ({ type: 'status', taskId: 't', timestamp: 0, data }) as const;
  client.tell(...Array.from({ length: FOLLOW_MAX_EVENTS + 2 }, (_, n) => status(n)), outcome(1));
  const events = await all(follow);
  expect(events.slice(0, 2)).toMatchObject([{ count: 2 }, { data: 2 }]);
});

test('bytes are bounded too', async () => {
  const client = new FakeClient();
  const follow = client.follow('t');
  const line = log('x'.repeat(1 << 20));
  client.tell(...Array.from({ length: 20 }, () => line), outcome(1));
  const events = await all(follow);
  expect(events[0]).toEqual({ type: 'overflow', count: 5 });
});

test('a signal that comes after the outcome, but before it is read, ends it with its reason as well', async () => {
  const client = new FakeClient();
  const stop = new AbortController();
  const follow = client.follow('t', { signal: stop.signal });
  client.tell(progress(1), outcome(1));
  stop.abort('enough');
  await expect(follow.next()).rejects.toBe('enough');
  expect(await follow.next()).toEqual({ value: undefined, done: true });
});

test('lets go of its signal when the outcome has been read', async () => {
  const client = new FakeClient();
  const { signal } = new AbortController();
  let listening = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...given: unknown[]) => {
    listening++;
    Reflect.apply(addEventListener, signal, given);
  };
  signal.removeEventListener = (...given: unknown[]) => {
    listening--;
    Reflect.apply(removeEventListener, signal, given);
  };
  const follow = client.follow('t', { signal });
  client.tell(outcome(1));
  expect(listening).toBe(1);
  await all(follow);
  expect(listening).toBe(0);
  expect(client.calls.length).toBe(1);
});
