/** Every block of tests/mission/MISSION.md, byte for byte, behind the preamble of its number: checked and run. */

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { act, cleanup, render, screen, waitFor } from '@testing-library/react';
import { type ComponentType, createElement, StrictMode } from 'react';
import ts from 'typescript';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { getWebSocketService } from '../../ts/web';
import { Server } from './server';

const root = process.cwd().replace(/\/bindings-node$/, '');
const made = `${root}/target/mission-${process.env['REACT']}`;
const text = readFileSync(`${root}/tests/mission/MISSION.md`, 'utf8');
const blocks = [...text.matchAll(/^```(typescript|tsx)\n([\s\S]*?)^```$/gm)].map(([, language, code], at) => {
  const extension = language === 'tsx' ? 'tsx' : 'ts';
  const preamble = readFileSync(`${root}/tests/mission/preambles/${at + 1}.${extension}`, 'utf8');
  mkdirSync(made, { recursive: true });
  const file = `${made}/${at + 1}.${extension}`;
  writeFileSync(file, `${preamble}\n${code}`);
  return file;
});

let loads = 0;

/** Runs a block, each time anew. */
function load(number: number) {
  const file = blocks[number - 1] as string;
  const copy = file.replace(/(\.tsx?)$/, `-run-${++loads}$1`);
  copyFileSync(file, copy);
  return import(/* @vite-ignore */ copy);
}

let server: Server;

beforeEach(async () => {
  server = new Server();
  const url = await server.url();
  const { WebSocket } = globalThis;
  // Port 8080 is somebody else's here.
  class Mapped extends WebSocket {
    constructor(_: string) {
      super(url);
    }
  }
  vi.stubGlobal('WebSocket', Mapped);
  vi.spyOn(console, 'log').mockImplementation(() => {});
  vi.spyOn(console, 'error').mockImplementation(() => {});
});

afterEach(async () => {
  cleanup();
  const KEY = Symbol.for('steadywire.client');
  const shared = globalThis as { [KEY]?: { client: { close(): void } } | undefined };
  shared[KEY]?.client.close();
  delete shared[KEY];
  await server.until(() => server.links.length === 0);
  await server.close();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test('there are twelve blocks, and all pass tsc --strict', () => {
  expect(blocks.length).toBe(12);
  const program = ts.createProgram(blocks, {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.esnext.disposable.d.ts'],
    jsx: ts.JsxEmit.ReactJSX,
    types: [],
    paths: {
      '@/services/WebSocketService': [`${root}/bindings-node/ts/web/index.ts`],
      '@/hooks/useWebSocket': [`${root}/bindings-node/ts/react/index.ts`],
      react: [`${root}/bindings-node/node_modules/@types/react`],
      'react/jsx-runtime': [`${root}/bindings-node/node_modules/@types/react/jsx-runtime.d.ts`],
    },
  });
  const found = ts.getPreEmitDiagnostics(program);
  expect(
    found.map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`),
  ).toEqual([]);
});

describe('the service', () => {
  test('1: connects, subscribes, listens, disconnects', async () => {
    await load(1);
    await server.until(() => server.accepted === 1 && server.links.length === 0);
    expect(server.count('subscribe', 'task-123')).toBe(1);
    const service = getWebSocketService();
    await service.disconnect();
    // What it listens with stays.
    const up = service.connect('task-123');
    await server.subscribed('task-123', 2);
    await up;
    server.progress('task-123', 40);
    await waitFor(() => expect(console.log).toHaveBeenCalledWith('Progress: 40% - m'));
    server.cut();
    await server.subscribed('task-123', 3);
    server.progress('task-123', 60);
    server.log('task-123', 'hello');
    await waitFor(() => expect(console.log).toHaveBeenCalledWith('[info] hello'));
    expect(console.log).toHaveBeenCalledWith('Progress: 60% - m');
  });

  test('2: its states are the words of the enum', async () => {
    const { ConnectionState } = await load(2);
    expect(console.log).toHaveBeenCalledWith('Current state:', ConnectionState.DISCONNECTED);
    await getWebSocketService().connect();
    await waitFor(() =>
      expect(console.log).toHaveBeenCalledWith('Connection state changed:', ConnectionState.CONNECTED),
    );
    server.cut();
    await waitFor(() =>
      expect(console.log).toHaveBeenCalledWith('Connection state changed:', ConnectionState.RECONNECTING),
    );
  });

  test('3, 8, 9, 10: types and their values', async () => {
    const { MessageType } = await load(3);
    const { MessageType: ours } = await import('../../ts/web');
    expect({ ...MessageType }).toEqual(ours);
    await Promise.all([load(8), load(9), load(10)]);
  });

  test('4: takes the options', async () => {
    const { wsService } = await load(4);
    await wsService.connect();
    expect(server.accepted).toBe(1);
    wsService.close();
  });

  test('11: errors are told', async () => {
    await load(11);
    const service = getWebSocketService();
    await service.connect('t');
    server.say('error', 't', { error: 'out of memory' });
    await waitFor(() =>
      expect(console.error).toHaveBeenCalledWith(
        'WebSocket error:',
        expect.objectContaining({ message: 'out of memory' }),
      ),
    );
  });

  test('12: disconnects and connects again', async () => {
    await load(12);
    await server.subscribed('task-123');
  });
});

/** Says something, and lets React show it. */
const say = (what: () => void) => act(async () => what());
const page = () => document.body.textContent ?? '';

describe.each([false, true])('the components, in StrictMode: %s', (isStrict) => {
  const show = (component: ComponentType<{ taskId: string }>, taskId = 'task-123') => {
    const element = createElement(component, { taskId });
    return render(isStrict ? createElement(StrictMode, null, element) : element);
  };

  test('5: MyComponent', async () => {
    const { MyComponent } = await load(5);
    show(MyComponent);
    await waitFor(() => expect(page()).toContain('Status: connected'));
    await act(async () => screen.getByText('Connect').click());
    await server.subscribed('task-123');
    await say(() => server.progress('task-123', 40));
    await waitFor(() =>
      expect(console.log).toHaveBeenCalledWith('Progress:', expect.objectContaining({ progress: 40 })),
    );
    await say(() => server.cut());
    await server.subscribed('task-123', 2);
    await say(() => server.log('task-123', 'hello'));
    await waitFor(() =>
      expect(console.log).toHaveBeenCalledWith('Log:', expect.objectContaining({ message: 'hello' })),
    );
    await act(async () => screen.getByText('Disconnect').click());
    await waitFor(() => expect(page()).toContain('Status: disconnected'));
    await act(async () => screen.getByText('Subscribe').click());
    await act(async () => screen.getByText('Connect').click());
    await server.subscribed('task-123', 3);
    expect(server.accepted).toBe(3);
  });

  test('6: ProgressTracker', async () => {
    const { ProgressTracker } = await load(6);
    const { container } = show(ProgressTracker);
    await waitFor(() => expect(page()).toContain('Connection: connected'));
    await say(() => {
      server.progress('task-123', 40);
      server.log('task-123', 'hello');
    });
    await waitFor(() => expect(page()).toContain('Stage: trainComplete: No[info] hello'));
    expect(container.querySelector<HTMLElement>('.progress-fill')?.style.width).toBe('40%');
    await say(() => server.cut());
    await server.until(() => server.accepted === 2 && server.links.length === 1);
    await waitFor(() => expect(page()).toContain('Connection: connected'));
    await say(() => server.say('complete', 'task-123', {}));
    await waitFor(() => expect(page()).toContain('Complete: Yes'));
  });

  test('7: TaskProgress', async () => {
    const { TaskProgress } = await load(7);
    const { unmount } = show(TaskProgress);
    await server.subscribed('task-123');
    await say(() => server.progress('task-123', 40));
    await waitFor(() => expect(page()).toContain('Task: task-123Status: connectedProgress: 40%Stage: train'));
    await say(() => server.cut());
    await server.subscribed('task-123', 2);
    await say(() => {
      server.log('task-123', 'hello');
      server.say('complete', 'task-123', {});
    });
    await waitFor(() => expect(page()).toContain('Task Complete!'));
    expect(page()).toContain('[info] hello');
    unmount();
    await server.until(() => server.links.length === 0);
    expect(server.accepted).toBe(2);
  });
});
