/** Every scenario of tests/vectors, played on the session in TypeScript. */

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Fields } from './json';
import { play } from './player';

const folder = new URL('../../../tests/vectors/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json') && !name.startsWith('e2e-'));

for (const file of files) {
  describe(file, () => {
    const vectors = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Fields[];
    test.each(vectors.map((vector) => [vector['name'] as string, vector] as const))('%s', (_, vector) => {
      expect([...play(vector)]).toStrictEqual(vector['steps']);
    });
  });
}

test('there are vectors of every area', () => {
  expect(files.length).toBeGreaterThanOrEqual(14);
});
