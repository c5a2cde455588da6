/** The e2e vectors, all of them, played by the installed package. */

import { test } from 'vitest';
import { e2eVectors, play } from '../e2e/player';
import { steadywire } from './installed';

const logger = { warn() {}, error() {} };

test.each(e2eVectors())('%s', async (_, file, vector) => {
  await play(file, vector, (options) => new steadywire.Client({ logger, ...options }));
});
