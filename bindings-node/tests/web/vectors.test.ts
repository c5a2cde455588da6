/** The e2e vectors, played by the client of browsers over a socket that Node has. */

import { expect, test } from 'vitest';
import WebSocket from 'ws';
import { Client } from '../../ts/web';
import { e2eVectors, play } from '../e2e/player';

/** What a browser's WebSocket cannot do: each of these needs it. */
const NEED: { readonly [name: string]: string } = {
  'e2e-refused-with-401': 'the status of a refusal',
  'e2e-refused-with-404': 'the status of a refusal',
  'e2e-retry-after': 'the headers of a refusal',
  'e2e-half-open-link': 'pings',
  'e2e-close-1000-without-open-work': 'pings',
  'e2e-protocol-errors-are-fatal-at-three': 'to be told of frames that make no sense',
  'e2e-written-and-unknown': 'pings',
  'e2e-sent-before-the-link': 'pings',
  'e2e-ack-unsupported': 'pings',
  'e2e-outcome-is-not-asked-for-again': 'a receipt before the link has lived long',
};

const vectors = e2eVectors();
const logger = { warn() {}, error() {} };

test.each(vectors.filter(([name]) => !(name in NEED)))('%s', async (_, file, vector) => {
  await play(file, vector, (options) => new Client({ logger, ...options, WebSocket }));
});

test('what is left out exists, and little is', () => {
  const names = vectors.map(([name]) => name);
  expect(Object.keys(NEED).filter((name) => !names.includes(name))).toEqual([]);
  expect(vectors.length).toBeGreaterThan(3 * Object.keys(NEED).length);
});
