/**
 * Lives of sessions that the simulator wrote, played again by the session in TypeScript.
 *
 * The file is JSON Lines, one trace a line: `TRACES`, by default what `make traces` writes.
 */

import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import type { Fields } from './json';
import { play } from './player';

const path = process.env['TRACES'] ?? fileURLToPath(new URL('../../../target/traces.jsonl', import.meta.url));

test('each trace has the same outputs here', async () => {
  let traces = 0;
  let steps = 0;
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    const trace = JSON.parse(line) as Fields;
    const wanted = trace['steps'] as Fields[];
    let at = 0;
    for (const played of play(trace)) {
      if (!isDeepStrictEqual(played, wanted[at])) {
        expect(played, `${trace['name']}, step ${at}`).toStrictEqual(wanted[at]);
      }
      at++;
    }
    steps += at;
    traces++;
  }
  console.log(`${traces} traces with ${steps} steps`);
  expect(traces).toBeGreaterThan(0);
});
