/** What stands in two places says the same in both. */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ERROR_CODES, type ErrorKind, SteadywireError } from '../../ts/core/error';
import { type Disposition, ofClose, ofHttp } from '../../ts/core/session/disposition';
import * as limits from '../../ts/core/session/limits';

interface Entry {
  from: number;
  to: number;
  disposition: Disposition;
}

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

describe('spec/disposition.json', () => {
  const table = JSON.parse(read('spec/disposition.json')) as { close: Entry[]; http: Entry[] };
  const of = (entries: Entry[], code: number) =>
    entries.find(({ from, to }) => from <= code && code <= to)?.disposition ?? 'retry';

  test.each([
    ['close codes', table.close, ofClose, 5000],
    ['HTTP statuses', table.http, ofHttp, 600],
  ] as const)('%s', (_, entries, said, most) => {
    expect(entries.length).toBeGreaterThan(10);
    for (let code = 0; code < most; code++) {
      expect([code, said(code)]).toEqual([code, of(entries, code)]);
    }
  });
});

describe('the kinds of errors', () => {
  const rust = [...read('core/src/error.rs').matchAll(/^ {4}([A-Z]\w+) = (\d{3}),$/gm)];
  const snake = (name: string) => name.replace(/(?<=.)[A-Z]/g, '_$&').toLowerCase();

  test('have the names and numbers of Rust', () => {
    expect(rust.length).toBeGreaterThan(30);
    expect(ERROR_CODES).toEqual(Object.fromEntries(rust.map(([, name = '', code]) => [snake(name), Number(code)])));
  });

  test('are looked up by number', () => {
    for (const [kind, code] of Object.entries(ERROR_CODES)) {
      expect(new SteadywireError(kind as ErrorKind, '')).toMatchObject({ kind, code });
    }
  });
});

test('what may be tried again is what may be in Rust', () => {
  const retryable = Object.keys(ERROR_CODES).filter((kind) => new SteadywireError(kind as ErrorKind, '').isRetryable());
  expect(retryable).toEqual([
    ...['connect_failed', 'dns_failed', 'tls_failed', 'connect_timeout', 'connection_lost', 'heartbeat_timeout'],
    ...['proxy_failed', 'attempts_exhausted', 'credentials_failed', 'queue_full', 'timeout'],
  ]);
  const rule = 'matches!(self.code(), 200..=299 | 500 | 502) && self != Self::Disconnected';
  expect(read('core/src/error.rs')).toContain(rule);
});

describe('the bounds and fixed times', () => {
  const section = read('spec/SESSION.md').split('## Bounds and fixed times')[1] ?? '';
  const cells = section
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .flatMap((line) => line.split('|').map((cell) => cell.trim()));
  const said = cells.flatMap((cell, at): [string, number][] => {
    const names = cell.split(', ');
    const values = (cells[at + 1] ?? '').split(', ');
    return /^[A-Z][A-Z_]+/.test(cell) ? names.map((name, n) => [name, Number(values[n])]) : [];
  });

  test('there are some', () => {
    expect(said.length).toBeGreaterThan(25);
  });

  test.each(said)('%s is %i', (name, value) => {
    expect((limits as Record<string, number>)[name]).toBe(value);
  });
});
