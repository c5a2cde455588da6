import { afterEach, expect, test } from 'vitest';
import { newRegistry } from '../../ts/common';
import { SteadywireError } from '../../ts/errors';
import type { ConnectionOptions } from '../../ts/types';
import { FakeClient } from './fake';

const KEY = Symbol.for('steadywire.client');

afterEach(() => {
  delete (globalThis as { [KEY]?: unknown })[KEY];
});

const registry = () => {
  const made: ConnectionOptions[] = [];
  const make = (options: ConnectionOptions) => {
    made.push(options);
    return new FakeClient();
  };
  return { made, ...newRegistry(make) };
};

test('the first call makes it, later ones give it', () => {
  const { getClient, find, made } = registry();
  expect(find()).toBeUndefined();
  expect(() => getClient()).toThrow(/no client yet/);
  const client = getClient({ url: 'ws://h', cursors: { t: { epoch: 'e', seq: 1 } } });
  expect(getClient()).toBe(client);
  expect(getClient({ cursors: { t: { seq: 1, epoch: 'e' } }, url: 'ws://h' })).toBe(client);
  expect(() => getClient({ url: 'ws://other' })).toThrow(/other options/);
  expect(find()).toBe(client);
  expect(made.length).toBe(1);
});

test('functions are the same only if they are one', () => {
  const { getClient } = registry();
  const url = () => 'ws://h';
  const client = getClient({ url });
  expect(getClient({ url })).toBe(client);
  expect(() => getClient({ url: () => 'ws://h' })).toThrow(SteadywireError);
});

test('initialize takes the place of one that is disconnected or has stopped, and of no other', () => {
  const { initialize, find } = registry();
  const first = initialize({ url: 'ws://a' });
  first.now = 'connected';
  expect(() => initialize({ url: 'ws://b' })).toThrow(/other options/);
  expect(initialize({ url: 'ws://a' })).toBe(first);
  first.now = 'error';
  const second = initialize({ url: 'ws://b' });
  expect([second === first, find() === second]).toEqual([false, true]);
});

test('one that was closed counts as none', () => {
  const { getClient, initialize, find } = registry();
  getClient({ url: 'ws://a' }).close();
  expect(find()).toBeUndefined();
  expect(() => getClient()).toThrow(/no client yet/);
  const second = getClient({ url: 'ws://b' });
  expect(getClient()).toBe(second);
  second.now = 'connected';
  second.close();
  expect(initialize({ url: 'ws://c' })).toBe(find());
});

test('two copies of this library share it, and know each other’s errors', async () => {
  const client = registry().getClient({ url: 'ws://h' });
  expect(registry().find()).toBe(client);
  const BRAND = Symbol.for('steadywire.error');
  const foreign = Object.assign(new Error('x'), { [BRAND]: true });
  expect(foreign instanceof SteadywireError).toBe(true);
  expect(new Error('x') instanceof SteadywireError).toBe(false);
  class Mine extends SteadywireError {}
  expect([new Mine('internal', '') instanceof SteadywireError, foreign instanceof Mine]).toEqual([true, false]);
});
