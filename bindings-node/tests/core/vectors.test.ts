/** Every scenario of tests/vectors, played on the session in TypeScript. */

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Fields } from './json';
import { play } from './player';

const folder = new URL('../../../tests/vectors/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json') && !name.startsWith('e2e-'));

let played = 0;
let all = 0;

for (const file of files) {
  const vectors = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Fields[];
  all += vectors.length;
  describe(file, () => {
    test.each(vectors.map((vector) => [vector['name'] as string, vector] as const))('%s', (_, vector) => {
      played++;
      const steps = vector['steps'] as Fields[];
      let at = 0;
      for (const step of play(vector)) {
        expect(step, `step ${at}`).toStrictEqual(steps[at]);
        at++;
      }
      expect(at).toBe(steps.length);
    });
  });
}

test('none was left out', () => {
  expect(files.length).toBeGreaterThanOrEqual(14);
  expect(all).toBeGreaterThan(300);
  expect(played).toBe(all);
});
