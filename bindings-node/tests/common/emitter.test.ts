import { describe, expect, test } from 'vitest';
import { SteadywireError } from '../../ts/errors';
import type { ErrorEvent, StateChangeEvent } from '../../ts/types';
import { FakeClient, log, progress } from './fake';

describe('on', () => {
  test('calls in the order of adding, and returns what takes it off', () => {
    const client = new FakeClient();
    const heard: string[] = [];
    const off = client.on('progress', ({ progress }) => heard.push(`a${progress}`));
    client.on('progress', ({ progress }) => heard.push(`b${progress}`));
    client.tell(progress(1));
    expect([off(), off()]).toEqual([true, false]);
    client.tell(progress(2));
    expect(heard).toEqual(['a1', 'b1', 'b2']);
  });

  test('tells the state first, then the change', () => {
    const client = new FakeClient();
    const heard: unknown[] = [];
    const change: StateChangeEvent = {
      type: 'stateChange',
      state: 'connected',
      previous: 'connecting',
      reason: 'r',
      generation: 1,
      closeCode: undefined,
      httpStatus: undefined,
      willRetry: false,
    };
    client.on('stateChange', (...given) => heard.push(given));
    client.tell(change);
    expect(heard).toEqual([['connected', change]]);
  });

  test('once is once, and off works inside a round', () => {
    const client = new FakeClient();
    const heard: string[] = [];
    const second = () => heard.push('second');
    client.once('log', () => {
      heard.push('first');
      client.off('log', second);
      client.on('log', () => heard.push('late'));
    });
    client.on('log', second);
    client.tell(log('x'));
    expect(heard).toEqual(['first']);
    client.tell(log('y'));
    expect(heard).toEqual(['first', 'late']);
  });

  test('a listener added twice is called twice; off takes the latest', () => {
    const client = new FakeClient();
    let calls = 0;
    const listener = () => calls++;
    client.addListener('log', listener);
    client.on('log', listener);
    expect(client.listenerCount('log')).toBe(2);
    client.tell(log('x'));
    expect(calls).toBe(2);
    expect(client.removeListener('log', listener)).toBe(true);
    expect(client.listenerCount('log')).toBe(1);
    client.removeAllListeners('log');
    expect([client.listenerCount('log'), client.off('log', listener)]).toEqual([0, false]);
  });

  test('names no kind and takes no function: an error that says so', () => {
    const client = new FakeClient();
    expect(() => client.on('progres' as 'progress', () => 0)).toThrow(/no event `progres`/);
    expect(() => client.on('progress', 7 as never)).toThrow(SteadywireError);
  });

  test('what is listened to is what is wanted', () => {
    const client = new FakeClient();
    const off = client.on('progress', () => 0);
    client.on('error', () => 0);
    expect(client.wanted).toEqual(['progress', 'error']);
    off();
    expect(client.wanted).toEqual(['error']);
    client.removeAllListeners();
    expect(client.wanted).toEqual([]);
  });
});

describe('a listener that throws', () => {
  test('is reported to error listeners, and the others are called', () => {
    const client = new FakeClient();
    const heard: unknown[] = [];
    const thrown = new TypeError('oops');
    client.on('progress', () => {
      throw thrown;
    });
    client.on('progress', () => heard.push('second'));
    client.on('error', (error) => heard.push(error));
    client.tell(progress(1));
    expect(heard).toMatchObject([
      { source: 'callback', code: 'callback_failed', cause: thrown, fatal: false },
      'second',
    ]);
    expect(client.surfaced).toEqual([]);
    expect(client.stats().callbacks).toMatchObject({
      failures: 1,
      lastFailures: ['a listener for progress threw: TypeError: oops'],
    });
  });

  test('surfaces where nobody listens to errors', () => {
    const client = new FakeClient();
    client.on('progress', () => {
      throw 'oops';
    });
    client.tell(progress(1), progress(2));
    expect(client.surfaced).toEqual(['oops', 'oops']);
  });

  test('inside an error listener is only logged', () => {
    const client = new FakeClient();
    client.on('error', () => {
      throw new Error('again');
    });
    client.on('log', () => {
      throw new Error('first');
    });
    client.tell(log('x'));
    expect(client.logged).toEqual(['error a listener for error threw: Error: again']);
    expect(client.surfaced).toEqual([]);
  });

  test('may be async', async () => {
    const client = new FakeClient();
    const errors: string[] = [];
    client.on('error', ({ message }) => errors.push(message));
    client.on('log', async () => {
      await Promise.resolve();
      throw new Error('later');
    });
    client.tell(log('x'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(errors).toEqual(['a listener for log threw: Error: later']);
  });

  test('so often: only the latest texts are kept', () => {
    const client = new FakeClient();
    client.on('error', () => 0);
    client.on('progress', ({ progress }) => {
      throw new Error(String(progress).padEnd(1000, '.'));
    });
    client.tell(...Array.from({ length: 20 }, (_, n) => progress(n)));
    const { failures, lastFailures } = client.stats().callbacks;
    expect([failures, lastFailures.length, lastFailures[0]?.length]).toEqual([20, 8, 512]);
    expect(lastFailures[0]).toContain('Error: 12.');
  });
});

test('a link error that nobody hears is logged', () => {
  const client = new FakeClient();
  const error: ErrorEvent = {
    type: 'error',
    source: 'transport',
    code: 'connection_lost',
    message: 'gone',
    taskId: undefined,
    data: undefined,
    fatal: false,
    timestamp: 0,
    synthetic: false,
  };
  client.tell(error, { ...error, fatal: true }, { ...error, source: 'task', fatal: true });
  const text = 'gone (connection_lost; nobody listens to errors)';
  expect(client.logged).toEqual([`warn ${text}`, `error ${text}`]);
});
