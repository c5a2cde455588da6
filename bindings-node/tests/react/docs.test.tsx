/** The lines that the README shows, run as they stand there. */

import { readFileSync } from 'node:fs';
import { act, cleanup, render, screen, waitFor } from '@testing-library/react';
import { type ComponentType, createElement, StrictMode } from 'react';
import { afterEach, expect, test, vi } from 'vitest';
import { Server } from './server';

const root = process.cwd().replace(/\/bindings-node$/, '');
const read = (path: string) => readFileSync(`${root}/${path}`, 'utf8');
const bar = `${root}/examples/react/src/Bar.tsx`;

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

test('are those of the example, and five', () => {
  const [, shown] = /```tsx\n(import[\s\S]*?)```/.exec(read('README.md')) ?? [];
  expect(read('examples/react/src/Bar.tsx')).toBe(shown);
  expect(read('docs/react.md')).toContain(`\`\`\`tsx\n${shown}\`\`\``);
  const code = shown?.split('\n').filter((line) => /\w/.test(line)) ?? [];
  expect(code.length).toBeLessThanOrEqual(5);
});

test('are a live bar, also after a cut link', async () => {
  const server = new Server();
  const url = await server.url();
  const { WebSocket } = globalThis;
  class Mapped extends WebSocket {
    constructor(_: string) {
      super(url);
    }
  }
  vi.stubGlobal('WebSocket', Mapped);
  const { Bar } = (await import(/* @vite-ignore */ bar)) as { Bar: ComponentType<{ id: string }> };
  render(createElement(StrictMode, null, createElement(Bar, { id: 'build-7' })));
  const shown = () => screen.getByRole<HTMLProgressElement>('progressbar').value;
  await server.subscribed('build-7');
  await act(async () => server.progress('build-7', 40));
  await waitFor(() => expect(shown()).toBe(40));
  server.cut();
  await server.subscribed('build-7', 2);
  await act(async () => server.say('complete', 'build-7', {}));
  await waitFor(() => expect(shown()).toBe(100));
  cleanup();
  await server.until(() => server.links.length === 0);
  await server.close();
});
