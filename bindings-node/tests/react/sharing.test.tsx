/** What components do to each other: one connection, its tasks, and who of them is asked. */

import { act, cleanup, render, screen, waitFor } from '@testing-library/react';
import { type ReactNode, StrictMode, useEffect, useRef } from 'react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { BaseClient } from '../../ts/common';
import {
  Client,
  SteadywireProvider,
  useProgressTracking,
  useTask,
  useWebSocket,
  type WebSocketState,
} from '../../ts/react';
import { Connection, MAX_KEPT_TASKS } from '../../ts/react/connection';
import { FakeClient, log, progress } from '../common/fake';
import { Server } from './server';

let server: Server;
let url: string;
let client: Client | undefined;

beforeEach(async () => {
  server = new Server();
  url = await server.url();
});

afterEach(async () => {
  cleanup();
  client?.close();
  client = undefined;
  await server.until(() => server.links.length === 0);
  await server.close();
});

const say = (what: () => void) => act(async () => what());
const shown = () => screen.getByRole('status').textContent;

/** What the hook of the component rendered last has given. */
let api: WebSocketState;

function Using({ at = url, token, children }: { at?: string; token?: () => string; children?: ReactNode }) {
  api = useWebSocket({ url: at, token, reconnectInterval: 5 });
  return (
    <p role="status">
      {api.currentTaskId} {api.status} {api.error?.code}
      {children}
    </p>
  );
}

test('a connection that is shared asks a component that is there', async () => {
  const asked: string[] = [];
  const page = (name: string, token: string) => (
    <Using key={name} token={() => `${name} ${asked.push(`${name} ${token}`)}`} />
  );
  const { rerender } = render(page('first', 'old'));
  await server.until(() => server.accepted === 1);
  rerender(page('second', 'old'));
  rerender(page('second', 'new'));
  await say(() => server.cut());
  await server.until(() => server.accepted === 2);
  expect(asked).toEqual(['first old', 'second new']);
});

test('every task that is shown is kept, however many there are', async () => {
  const ids = Array.from({ length: MAX_KEPT_TASKS + 4 }, (_, at) => `row ${at}`);
  const Row = ({ id }: { id: string }) => (
    <p data-testid={id}>{useTask(id, (task) => task.progressPercentage, { url })}</p>
  );
  render(ids.map((id) => <Row key={id} id={id} />));
  await server.subscribed(ids.at(-1) as string);
  await say(() => {
    for (const id of ids) {
      server.progress(id, 50);
    }
  });
  await waitFor(() => expect(ids.filter((id) => screen.getByTestId(id).textContent !== '50')).toEqual([]));
});

test('whoever owns the client may close it before the components are gone', async () => {
  client = new Client({ url });
  const owned = client;
  const Child = () => {
    api = useWebSocket({ autoConnect: false });
    return null;
  };
  const Owner = () => {
    useEffect(() => () => owned.close(), []);
    return (
      <SteadywireProvider client={owned}>
        <Child />
      </SteadywireProvider>
    );
  };
  void client.connect();
  const { rerender, container } = render(<Owner />);
  await say(() => api.subscribe('k'));
  await server.subscribed('k');
  rerender(<b>the rest</b>);
  expect(container.textContent).toBe('the rest');
});

test('a client that its owner has closed leaves the page as it is', async () => {
  client = new Client({ url });
  const Child = ({ id }: { id: string }) => <p role="status">{useTask(id, (task) => task.status)}</p>;
  const page = (id: string) => (
    <SteadywireProvider client={client}>
      <Child id={id} />
    </SteadywireProvider>
  );
  const { rerender } = render(page('a'));
  await server.subscribed('a');
  client.close();
  rerender(page('b'));
  expect(shown()).toBe('unknown');
});

test('an id that no task can have is an error, and leaves nothing behind', async () => {
  const connections = () =>
    (globalThis as never as { [key: symbol]: { byKey: Map<string, unknown> } })[KEY]?.byKey.size;
  const KEY = Symbol.for('steadywire.connections');
  const before = connections() ?? 0;
  const Following = () => <p role="status">{useProgressTracking('x'.repeat(1025), { url }).error?.code}</p>;
  const { unmount } = render(<Following />);
  await waitFor(() => expect(shown()).toBe('invalid_argument'));
  expect(connections()).toBe(before + 1);
  unmount();
  await waitFor(() => expect(connections()).toBe(before), { timeout: 30_000 });
});

test('calls that are refused say so in `error`', async () => {
  render(<Using />);
  await waitFor(() => expect(api.isConnected).toBe(true));
  for (const call of [() => api.connect(''), () => api.subscribe(''), () => api.unsubscribe('')]) {
    await act(async () => call());
    expect([api.error?.code, api.currentTaskId]).toEqual(['invalid_argument', undefined]);
  }
});

test('what a component has subscribed to it wants again when its effects run again', async () => {
  function Once() {
    const { subscribe } = (api = useWebSocket({ url }));
    const done = useRef(false);
    useEffect(() => {
      if (!done.current) {
        done.current = true;
        subscribe('k');
      }
    }, [subscribe]);
    return <p role="status">{api.progressPercentage}</p>;
  }
  render(
    <StrictMode>
      <Once />
    </StrictMode>,
  );
  await server.subscribed('k');
  expect(server.count('unsubscribe', 'k')).toBe(0);
  await say(() => server.progress('k', 7));
  await waitFor(() => expect(shown()).toBe('7'));
});

test('what a component has subscribed to it wants at another server too', async () => {
  const { rerender } = render(<Using />);
  await say(() => api.subscribe('k'));
  await server.subscribed('k');
  const other = new Server();
  rerender(<Using at={await other.url()} />);
  await other.subscribed('k');
  cleanup();
  await other.until(() => other.links.length === 0);
  await other.close();
});

test('a task is wanted until the last component has unsubscribed', async () => {
  const both: WebSocketState[] = [];
  const One = ({ at }: { at: number }) => {
    both[at] = useWebSocket({ url });
    return null;
  };
  render([0, 1].map((at) => <One key={at} at={at} />));
  await say(() => {
    both[0]?.subscribe('k');
    both[1]?.subscribe('k');
  });
  await server.subscribed('k');
  await say(() => both[0]?.unsubscribe('k'));
  await say(() => both[1]?.subscribe('after'));
  await server.subscribed('after');
  expect([server.count('unsubscribe', 'k'), both[0]?.currentTaskId]).toEqual([0, undefined]);
  await say(() => both[1]?.unsubscribe('k'));
  await server.until(() => server.count('unsubscribe', 'k') === 1);
});

/** A connection over a client that says what the test says. */
function fake(stallMs = 0): { fake: FakeClient; connection: Connection } {
  const fake = new FakeClient();
  return { fake, connection: new Connection(fake as BaseClient, stallMs, undefined) };
}

test('of tasks that nobody shows or wants the one heard of longest ago is forgotten first', () => {
  const { fake: from, connection } = fake();
  connection.flag({}, 'wanted');
  from.tell(log('x', 'wanted'), log('x', 'often'));
  for (let count = 0; count < MAX_KEPT_TASKS; count++) {
    from.tell(progress(1, `other ${count}`), log('x', 'often'));
  }
  const known = ['wanted', 'often', 'other 0', 'other 1'].filter((id) => connection.find(id));
  expect(known).toEqual(['wanted', 'often', 'other 1']);
});

test('that a task is silent does not make it the one heard of last', () => {
  vi.useFakeTimers();
  try {
    const { fake: from, connection } = fake(1000);
    from.tell(progress(1, 'silent'));
    vi.advanceTimersByTime(500);
    from.tell(progress(1, 'speaking'));
    vi.advanceTimersByTime(900);
    expect([connection.find('silent')?.snapshot.stalled, connection.snapshot.lastTaskId]).toEqual([true, 'speaking']);
  } finally {
    vi.useRealTimers();
  }
});

test('more lines than are kept between two frames are told of', () => {
  vi.useFakeTimers();
  try {
    const { fake: from, connection } = fake();
    const store = connection.task('t');
    let told = 0;
    store.listeners.add(() => told++);
    for (let line = 0; line < 2001; line++) {
      from.tell(log(`${line}`));
    }
    vi.advanceTimersByTime(1000);
    const { logs, droppedLogs } = store.snapshot;
    expect([told, logs.length, droppedLogs, logs[0]?.message]).toEqual([1, 1000, 1001, '1001']);
  } finally {
    vi.useRealTimers();
  }
});
