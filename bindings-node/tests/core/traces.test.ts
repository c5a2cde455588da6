/**
 * Lives of sessions that the simulator wrote, played again by the session in TypeScript.
 *
 * They are read from the file that `TRACES_FILE` names, by default where `make traces` writes them.
 */

import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Fields } from './json';
import { linesOf, replay } from './replay';

const path = process.env['TRACES_FILE'] ?? fileURLToPath(new URL('../../../target/traces.jsonl', import.meta.url));

test('each trace has the same outputs here', async () => {
  const { traces, steps, difference } = await replay(linesOf(path));
  expect(difference).toBeUndefined();
  expect(traces).toBeGreaterThan(0);
  console.log(`${traces} traces with ${steps} steps`);
});

test('a difference is found and shown with both sides', async () => {
  const dial = { dial: 1 };
  const steps = (expected: Fields[]): Fields[] => [
    { check: { state: 'disconnected' } },
    { do: 'connect', ticket: 1, now: [5, 7], expect: expected },
  ];
  const lines = async function* (...traces: Fields[]) {
    yield* traces.map((trace) => JSON.stringify(trace));
  };
  const first = await replay(lines({ name: 'a', steps: steps([{ dial: 2 }]) }));
  expect(first).toEqual({
    traces: 0,
    steps: 0,
    difference: [
      'a, step 1: {"do":"connect","ticket":1,"now":[5,7]}',
      'expect 0 wanted {"dial":2}',
      'expect 0 found  {"dial":1}',
    ].join('\n  '),
  });
  const second = await replay(lines({ name: 'b', steps: steps([dial]) }));
  expect(second.difference).toMatch(/^b, step 1: .*\n {2}expect 1 wanted undefined\n {2}expect 1 found {2}\{"event"/);
  const third = await replay(lines({ name: 'c', steps: [{ check: { state: 'connected' } }] }));
  expect(third.difference).toMatch(/check wanted {"state":"connected"}\n {2}check found {2}{"state":"disconnected"}$/);
  const seen = JSON.parse(/found {2}(.*)$/.exec(second.difference ?? '')?.[1] ?? '{}') as Fields;
  expect(await replay(lines({ name: 'd', steps: steps([dial, seen]) }))).toEqual({
    traces: 1,
    steps: 2,
    difference: undefined,
  });
});
