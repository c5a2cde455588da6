import { describe, expect, test } from 'vitest';
import { type Event, NO_KEY, newConfig } from '../../ts/core';
import { Inbox } from '../../ts/web/inbox';

function inbox(maxPendingEvents: number, conflate: 'lag' | 'never' = 'lag'): Inbox {
  const made = new Inbox({ ...newConfig('ws://h'), maxPendingEvents, conflate });
  made.want(undefined);
  return made;
}

const progress = (key: number, value: number): [number, Event] => [
  key,
  { event: 'progress', taskId: `t${key}`, stage: '', progress: value, message: '', timestamp: 0 },
];
const log = (message: string): [number, Event] => [
  1,
  { event: 'log', taskId: 't1', level: 'info', message, timestamp: 0, metadata: undefined },
];
const status = (data: string): [number, Event] => [1, { event: 'status', taskId: 't1', timestamp: 0, data }];
const retry = (attempt: number): [number, Event] => [NO_KEY, { event: 'retry', attempt, nextDelay: 1, cause: '' }];

function fill(into: Inbox, now: number, ...items: [number, Event][]): void {
  for (const [key, event] of items) {
    into.store(key, event, now);
  }
}

/** What comes out, in short. */
function drain(from: Inbox, now = 0): string[] {
  const all: string[] = [];
  for (let item = from.take(now); item; item = from.take(now)) {
    const { event, progress, message, data, attempt, count, taskId } = item as Record<string, unknown>;
    all.push(
      event === 'progress'
        ? `${taskId}=${progress}`
        : `${event ?? 'answer'} ${message ?? data ?? attempt ?? count ?? ''}`,
    );
  }
  return all;
}

test('what is stored is taken in order', () => {
  const box = inbox(100);
  fill(box, 0, progress(1, 1), log('a'), progress(1, 2), status('b'));
  expect(drain(box)).toEqual(['t1=1', 'log a', 't1=2', 'status b']);
  expect(box.stats(0)).toMatchObject({ pendingEvents: 0, pendingBytes: 0, oldestMs: 0, conflated: 0 });
});

test('of retries only the latest waits', () => {
  const box = inbox(100);
  fill(box, 0, retry(1), log('a'), retry(2));
  expect(drain(box)).toEqual(['log a', 'retry 2']);
});

describe('a consumer that lags', () => {
  test('gets the latest progress of each task, at the place of the latest', () => {
    const box = inbox(100);
    fill(box, 0, progress(1, 1), progress(2, 1), log('a'));
    fill(box, 101, progress(1, 2), progress(1, 3), progress(2, 2));
    expect(drain(box, 101)).toEqual(['log a', 't1=3', 't2=2']);
    expect(box.stats(101)).toMatchObject({ conflated: 3 });
  });

  test('lags above half of the bound too, but never where the option says so', () => {
    const box = inbox(10);
    fill(box, 0, ...Array.from({ length: 8 }, (_, n) => progress(1, n)));
    expect(drain(box).length).toBeLessThan(8);
    const never = inbox(10, 'never');
    fill(never, 500, ...Array.from({ length: 8 }, (_, n) => progress(1, n)));
    expect(drain(never, 1000).length).toBe(8);
  });

  test('lags no more when it has caught up', () => {
    const box = inbox(100);
    fill(box, 0, log('a'));
    fill(box, 200, progress(1, 1), progress(1, 2));
    expect(drain(box, 200)).toEqual(['log a', 't1=2']);
    fill(box, 300, progress(1, 3), progress(1, 4));
    expect(drain(box, 300)).toEqual(['t1=3', 't1=4']);
  });
});

describe('at the bound', () => {
  test('the oldest log lines go, down to half, and are counted in one event', () => {
    const box = inbox(10);
    fill(box, 0, status('s'), ...Array.from({ length: 9 }, (_, n) => log(String(n))));
    expect(box.isFull(0)).toBe(false);
    expect(drain(box)).toEqual(['status s', 'log 5', 'log 6', 'log 7', 'log 8', 'overflow 5']);
    expect(box.stats(0)).toMatchObject({ dropped: 5 });
  });

  test('what may not go stays, and the driver is told', () => {
    const box = inbox(4);
    fill(box, 0, status('1'), status('2'), status('3'), status('4'));
    expect(box.isFull(0)).toBe(true);
    expect(drain(box).length).toBe(4);
  });

  test('bytes count too', () => {
    const box = new Inbox({ ...newConfig('ws://h'), maxPendingBytes: 1000 });
    box.want(undefined);
    fill(box, 0, log('x'.repeat(600)), log('y'.repeat(600)));
    expect(box.isFull(0)).toBe(false);
    expect(drain(box)).toEqual(['overflow 2']);
  });
});

test('the end of disconnect discards progress and logs, not states and outcomes', () => {
  const box = inbox(100);
  fill(box, 0, log('a'), progress(1, 1), status('s'), [1, { event: 'lost', taskId: 't1', reason: 'disconnected' }]);
  box.answer(1, { type: 'disconnected' }, 0);
  expect(drain(box)).toEqual(['status s', 'lost ', 'answer ']);
  expect(box.stats(0)).toMatchObject({ dropped: 2 });
});

test('what nobody listens to is not stored, but outcomes and states are', () => {
  const box = inbox(100);
  box.want(new Set(['log']));
  fill(box, 0, log('a'), progress(1, 1), [1, { event: 'lost', taskId: 't1', reason: 'closed' }]);
  expect(drain(box)).toEqual(['log a', 'lost ']);
  expect(box.stats(0)).toMatchObject({ unwanted: 1 });
});
