import { act, cleanup, render, screen, waitFor } from '@testing-library/react';
import { type ReactNode, StrictMode, useEffect } from 'react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  Client,
  SteadywireProvider,
  useProgressTracking,
  useTask,
  useWebSocket,
  type UseWebSocketOptions,
  type WebSocketState,
} from '../../ts/react';
import { Server } from './server';

let server: Server;
let url: string;

beforeEach(async () => {
  server = new Server();
  url = await server.url();
});

afterEach(async () => {
  cleanup();
  await server.until(() => server.links.length === 0);
  await server.close();
});

const strict = (children: ReactNode) => render(<StrictMode>{children}</StrictMode>);

/** Says something, and lets React show it. */
const say = (what: () => void) => act(async () => what());

function Bar({ taskId, ...options }: UseWebSocketOptions & { taskId: string }) {
  const task = useProgressTracking(taskId, { url, ...options });
  return (
    <p role="status">
      {task.connectionState} {task.progressPercentage}% {task.currentStage} {task.status} {task.logs.length}
    </p>
  );
}

const shown = () => screen.getByRole('status').textContent;

test('follows a task from mount to unmount, over one socket in StrictMode', async () => {
  const { unmount } = strict(<Bar taskId="t" />);
  expect(shown()).toBe('disconnected 0%  unknown 0');
  await server.subscribed('t');
  await say(() => server.progress('t', 42.5));
  await waitFor(() => expect(shown()).toBe('connected 42.5% train running 0'));
  await say(() => {
    server.log('t', 'a');
    server.say('complete', 't', { result: { ok: true } });
  });
  await waitFor(() => expect(shown()).toBe('connected 100% train complete 1'));
  expect([server.accepted, server.count('subscribe', 't')]).toEqual([1, 1]);
  unmount();
  await server.until(() => server.links.length === 0);
});

test('survives a cut link, and shows what it is', async () => {
  strict(<Bar taskId="t" reconnectInterval={5} />);
  await server.subscribed('t');
  await say(() => server.progress('t', 10));
  await waitFor(() => expect(shown()).toContain('10%'));
  await say(() => server.cut());
  await server.subscribed('t', 2);
  await say(() => server.progress('t', 60));
  await waitFor(() => expect(shown()).toContain('connected 60%'));
  expect(server.accepted).toBe(2);
});

test('components with the same url share one socket; the last one out closes it after a second', async () => {
  const { rerender } = strict([<Bar key="a" taskId="a" />, <Watcher key="b" taskId="b" />]);
  await server.subscribed('a');
  await server.subscribed('b');
  expect(server.accepted).toBe(1);
  rerender(<StrictMode>{[<Watcher key="b" taskId="b" />]}</StrictMode>);
  await server.until(() => server.count('unsubscribe', 'a') === 1);
  rerender(<StrictMode>{[]}</StrictMode>);
  expect(server.links.length).toBe(1);
  rerender(<StrictMode>{[<Bar key="a" taskId="a" />]}</StrictMode>);
  await server.subscribed('a', 2);
  expect(server.accepted).toBe(1);
});

function Watcher({ taskId }: { taskId: string }) {
  const percent = useTask(taskId, (task) => task.progressPercentage, { url });
  return <output>{percent}</output>;
}

test('useTask renders only for what it selects', async () => {
  let renders = 0;
  function Counted() {
    renders++;
    return <output>{useTask('t', ({ progress }) => ({ at: progress?.progress }), { url }).at}</output>;
  }
  render(<Counted />);
  await server.subscribed('t');
  await say(() => server.progress('t', 1));
  await waitFor(() => expect(screen.getByRole('status').textContent).toBe('1'));
  const before = renders;
  await say(() => {
    server.log('t', 'a');
    server.log('t', 'b');
    server.say('status', 't', { note: 1 });
    server.say('complete', 't', {});
  });
  const probe = vi.fn();
  const client = new Client({ url });
  client.on('complete', probe);
  await client.connect('t');
  await say(() => server.say('complete', 't', {}));
  await waitFor(() => expect(probe).toHaveBeenCalled());
  expect(renders).toBe(before);
  await client.disconnect();
});

test('a burst is one render', async () => {
  const seen: number[] = [];
  function Seen() {
    const { progressPercentage, logs } = useProgressTracking('t', { url });
    seen.push(logs.length);
    return <output>{progressPercentage}</output>;
  }
  render(<Seen />);
  await server.subscribed('t');
  const before = seen.length;
  await say(() => {
    for (let n = 0; n < 500; n++) {
      server.log('t', String(n));
      server.progress('t', n / 5);
    }
  });
  await waitFor(() => expect(seen.at(-1)).toBe(500));
  expect(seen.length - before).toBeLessThan(60);
});

test('the ring keeps the last 1,000 lines and counts the others', async () => {
  let state: WebSocketState | undefined;
  function Seen() {
    state = useProgressTracking('t', { url });
    return null;
  }
  render(<Seen />);
  await server.subscribed('t');
  await say(() => {
    for (let n = 0; n < 1234; n++) {
      server.log('t', String(n));
    }
  });
  await waitFor(() => expect(state?.logs.at(-1)?.message).toBe('1233'));
  expect([state?.logs.length, state?.logs[0]?.message, state?.droppedLogs]).toEqual([1000, '234', 234]);
});

test('another task id shows that task in the same render', async () => {
  const seen: string[] = [];
  function Seen({ id }: { id: string }) {
    const { progressPercentage } = useProgressTracking(id, { url });
    seen.push(`${id} ${progressPercentage}`);
    return <output>{progressPercentage}</output>;
  }
  const { rerender } = render(<Seen id="a" />);
  await server.subscribed('a');
  await say(() => server.progress('a', 50));
  await waitFor(() => expect(seen.at(-1)).toBe('a 50'));
  rerender(<Seen id="b" />);
  expect(seen.slice(seen.indexOf('b 0')).every((line) => line === 'b 0')).toBe(true);
  expect(seen).not.toContain('b 50');
  await server.until(() => server.count('unsubscribe', 'a') === 1);
});

let last: WebSocketState;

function Page(options: UseWebSocketOptions) {
  const state = useWebSocket({ url, ...options });
  last = state;
  return (
    <>
      <p role="status">{`${state.connectionState} ${state.currentTaskId ?? '-'} ${state.progressPercentage}`}</p>
      <button type="button" onClick={state.disconnect}>
        Disconnect
      </button>
      <button type="button" onClick={() => state.connect('t')}>
        Connect
      </button>
    </>
  );
}

test('useWebSocket connects, disconnects and shows the task it connected to; its functions stay', async () => {
  const onStateChange = vi.fn();
  strict(<Page onStateChange={onStateChange} />);
  await waitFor(() => expect(shown()).toBe('connected - 0'));
  const { connect, disconnect, send } = last;
  await act(async () => screen.getByText('Connect').click());
  await server.subscribed('t');
  await say(() => server.progress('t', 7));
  await waitFor(() => expect(shown()).toBe('connected t 7'));
  await act(async () => screen.getByText('Disconnect').click());
  await waitFor(() => expect(shown()).toBe('disconnected t 7'));
  expect(last.status).toBe('lost');
  await act(async () => screen.getByText('Connect').click());
  await waitFor(() => expect(shown()).toBe('connected t 7'));
  await act(async () => last.unsubscribe('t'));
  expect(last.currentTaskId).toBeUndefined();
  expect([last.connect, last.disconnect, last.send]).toEqual([connect, disconnect, send]);
  expect(onStateChange.mock.calls.map(([state]) => state)).toContain('connected');
  expect(await act(() => last.send({ type: 'progress', taskId: 't' }))).toMatchObject({ state: 'rejected' });
});

test('without autoConnect there is no socket; failures do not reject', async () => {
  strict(<Page autoConnect={false} maxConnectAttempts={1} url="ws://127.0.0.1:1/ws" />);
  expect(shown()).toBe('disconnected - 0');
  await act(() => last.connect());
  expect([last.connectionState, last.error?.source]).toEqual(['error', 'transport']);
  expect(server.accepted).toBe(0);
});

test('the latest functions are called', async () => {
  const heard: string[] = [];
  const { rerender } = render(<Page taskId="t" onProgress={() => heard.push('first')} />);
  await server.subscribed('t');
  rerender(<Page taskId="t" onProgress={({ progress }) => heard.push(`second ${progress}`)} />);
  await say(() => server.progress('t', 1));
  await waitFor(() => expect(heard).toEqual(['second 1']));
  expect(server.accepted).toBe(1);
});

test('a task that failed says why; one that is run again begins anew', async () => {
  render(<Page taskId="t" />);
  await server.subscribed('t');
  await say(() => server.say('error', 't', { error: 'out of memory', code: 'OOM' }));
  await waitFor(() => expect(last.isFailed).toBe(true));
  expect(last.error).toMatchObject({ source: 'task', message: 'out of memory', code: 'OOM' });
  expect([last.isDone, last.isComplete, last.status]).toEqual([true, false, 'error']);
  await say(() => server.log('t', 'straggler'));
  await waitFor(() => expect(last.logs.length).toBe(1));
  expect([last.isFailed, last.status]).toEqual([true, 'error']);
  await say(() => server.progress('t', 1));
  await waitFor(() => expect(last.status).toBe('running'));
  expect([last.isFailed, last.isDone, last.error]).toEqual([false, false, undefined]);
});

test('rate and time to come are worked out', async () => {
  render(<Page taskId="t" />);
  await server.subscribed('t');
  await say(() => {
    server.progress('t', 10, 's', 1000);
    server.progress('t', 20, 's', 2000);
  });
  await waitFor(() => expect(last.rate).toBe(10));
  expect(last.eta).toBe(8000);
});

test('a task that says nothing for long is stalled, until it says something', async () => {
  const seen = new Set<string>();
  function Seen() {
    const { stalled, progressPercentage } = useProgressTracking('t', { url, stallTimeout: 50 });
    seen.add(`${progressPercentage} ${stalled}`);
    return null;
  }
  render(<Seen />);
  await server.subscribed('t');
  await say(() => server.progress('t', 10));
  await waitFor(() => expect(seen).toContain('10 true'));
  await say(() => server.progress('t', 11));
  await waitFor(() => expect(seen).toContain('11 false'));
});

test('a provider gives its connection to those below', async () => {
  function Below() {
    const { progressPercentage } = useProgressTracking('t');
    return <output>{progressPercentage}</output>;
  }
  const { unmount } = strict(
    <SteadywireProvider url={url}>
      <Below />
      <Below />
    </SteadywireProvider>,
  );
  await server.subscribed('t');
  await say(() => server.progress('t', 5));
  await waitFor(() => expect(screen.getAllByRole('status').map((one) => one.textContent)).toEqual(['5', '5']));
  expect(server.accepted).toBe(1);
  unmount();
});

test('a client that is given stays its owner’s', async () => {
  const client = new Client({ url });
  function Below() {
    return <output>{useTask('t', (task) => task.progressPercentage)}</output>;
  }
  const { unmount } = strict(
    <SteadywireProvider client={client}>
      <Below />
    </SteadywireProvider>,
  );
  await server.subscribed('t');
  unmount();
  await server.until(() => server.count('unsubscribe', 't') === 1);
  await act(() => new Promise((resolve) => setTimeout(resolve, 1100)));
  expect(client.getConnectionState()).toBe('connected');
  await client.disconnect();
});

test('what a component subscribed to goes with it, unless another did too', async () => {
  function Subscribes({ id }: { id: string }) {
    const { subscribe, isConnected } = useWebSocket({ url });
    useEffect(() => {
      if (isConnected) {
        subscribe(id);
      }
    }, [isConnected, subscribe, id]);
    return null;
  }
  const { rerender } = render([<Subscribes key={1} id="a" />, <Subscribes key={2} id="a" />]);
  await server.subscribed('a');
  rerender([<Subscribes key={1} id="a" />]);
  rerender([<Subscribes key={1} id="a" />, <Subscribes key={3} id="b" />]);
  await server.subscribed('b');
  expect(server.count('unsubscribe', 'a')).toBe(0);
  rerender([<Subscribes key={3} id="b" />]);
  await server.until(() => server.count('unsubscribe', 'a') === 1);
});
