/** The hooks: what is known of a connection and a task, and the calls, over a store outside of React. */

import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import type {
  CompleteEvent,
  ConnectionState,
  ErrorEvent,
  EventName,
  LogEntry,
  LostEvent,
  MessageEvent,
  OutgoingMessage,
  ProgressUpdate,
  Receipt,
  SendOptions,
  StateChangeEvent,
  StatusEvent,
} from '../types';
import { type Connection, type ConnectionSnapshot, NOT_CONNECTED } from './connection';
import { useLatest, useOwnKey } from './latest';
import { useProvided } from './provider';
import { connectionOf, peek, type SharedOptions, type Source, sourceOf, sourceOfPage } from './source';
import { type TaskSnapshot, UNKNOWN } from './task';

/** The options of a connection, and what to call. Functions may be new on every render. */
export interface UseWebSocketOptions extends SharedOptions {
  /** Connect when mounted. Default true. */
  readonly autoConnect?: boolean | undefined;
  /** The task to follow and to show. */
  readonly taskId?: string | undefined;
  readonly onProgress?: ((update: ProgressUpdate) => void) | undefined;
  readonly onLog?: ((entry: LogEntry) => void) | undefined;
  readonly onStatus?: ((event: StatusEvent) => void) | undefined;
  readonly onComplete?: ((event: CompleteEvent) => void) | undefined;
  /** A task, the link, a message or a callback failed: `source` says which. */
  readonly onError?: ((error: ErrorEvent) => void) | undefined;
  readonly onLost?: ((event: LostEvent) => void) | undefined;
  readonly onMessage?: ((event: MessageEvent) => void) | undefined;
  readonly onStateChange?: ((state: ConnectionState, change: StateChangeEvent) => void) | undefined;
}

/** The calls. They are the same functions on every render, and none rejects. */
export interface Calls {
  /** Connects, and follows a task if one is given. Failures are in `error`. */
  connect(taskId?: string): Promise<void>;
  /** Takes no argument: `onClick={disconnect}` works. */
  disconnect(...ignored: unknown[]): Promise<void>;
  /** Takes no argument: `onClick={reconnect}` works. */
  reconnect(...ignored: unknown[]): Promise<void>;
  subscribe(taskId: string): void;
  unsubscribe(taskId: string): void;
  /** A message that makes no sense, or has no room, is `rejected`. */
  send(message: OutgoingMessage, options?: SendOptions): Promise<Receipt>;
}

/** What the hooks give. */
export interface WebSocketState extends Omit<TaskSnapshot, 'taskId' | 'failure'>, Calls {
  readonly connectionState: ConnectionState;
  readonly isConnected: boolean;
  readonly isConnecting: boolean;
  readonly isReconnecting: boolean;
  /** The task that this component connected or subscribed to last and still wants. */
  readonly currentTaskId: string | undefined;
  /** Why the task failed, else what went wrong last with the link. */
  readonly error: ErrorEvent | undefined;
}

/**
 * A connection, and what is known of one task: of `options.taskId`, else of the task that this component connected or
 * subscribed to last, else of the one heard of last. Components with the same url and token share one connection, which
 * ends a second after the last of them is gone. Renders at most once per frame; outcomes and states come at once.
 */
export function useWebSocket(options: UseWebSocketOptions = {}): WebSocketState {
  return useConnection(options, options.taskId, options.autoConnect ?? true);
}

/**
 * Follows one task from mount to unmount. The connection is that of `options.url`, else the provider's, else the
 * initialised service's, else `/ws` of the page's server.
 */
export function useProgressTracking(taskId: string, options: UseWebSocketOptions = {}): WebSocketState {
  return useConnection(options, taskId, false);
}

/**
 * Follows one task and gives what `select` makes of it. Renders only where that is another value: a bar that selects
 * `progressPercentage` does not render on log lines. Objects and arrays are compared by their fields.
 */
export function useTask<T = TaskSnapshot>(
  taskId: string,
  select: (task: TaskSnapshot) => T = asIs,
  options: SharedOptions = {},
): T {
  const source = useSource(options);
  useLease(source, taskId);
  const [chosen] = useState(() => new Chosen<T>());
  const subscribe = useMemo(() => (notify: () => void) => subscribeTask(source, taskId, notify), [source, taskId]);
  const get = () => chosen.of(select, taskOf(source, taskId));
  return useSyncExternalStore(subscribe, get, () => chosen.of(select, shownOf(taskId)));
}

function useConnection(options: UseWebSocketOptions, taskId: string | undefined, autoConnect: boolean): WebSocketState {
  const source = useSource(options);
  const latest = useLatest(options);
  const latestSource = useLatest(source);
  const [instance] = useState(() => new Instance(latestSource));
  const subscribe = useMemo(
    () => (notify: () => void) => {
      const connection = source && connectionOf(source);
      const release = source && connection?.hold(source.latest);
      const off = connection && listenAll(connection, notify);
      instance.notify.add(notify);
      return () => {
        instance.notify.delete(notify);
        off?.();
        release?.();
      };
    },
    [source, instance],
  );
  const shownTask = () => taskId ?? instance.current() ?? (source && peek(source)?.snapshot.lastTaskId);
  const get = () => {
    const connection = source && peek(source);
    const shown = shownTask();
    const task = taskOf(source, shown);
    return instance.combine(connection?.snapshot ?? NOT_CONNECTED, task, instance.current());
  };
  const state = useSyncExternalStore(subscribe, get, () => instance.combine(NOT_CONNECTED, shownOf(taskId), undefined));
  useEffect(() => source && listen(connectionOf(source), latest), [source, latest]);
  useEffect(() => {
    if (source && autoConnect) {
      const { client } = connectionOf(source);
      if (client.getConnectionState() === 'disconnected') {
        void client.connect().catch(ignored);
      }
    }
  }, [source, autoConnect]);
  useEffect(() => {
    if (!source) {
      return undefined;
    }
    instance.renew(connectionOf(source));
    return () => peek(source)?.release(instance);
  }, [source, instance]);
  useLease(source, taskId);
  return state;
}

/** The source of the options, else of those around. The same object as long as it is the same connection. */
function useSource(options: SharedOptions): Source | undefined {
  const own = useOwnKey();
  const latest = useLatest(options);
  const provided = useProvided();
  const source = sourceOf(options, latest, own) ?? provided ?? sourceOfPage();
  return useMemo(() => source, [source?.key]);
}

/** Wants the task from mount to unmount. */
function useLease(source: Source | undefined, taskId: string | undefined): void {
  useEffect(() => {
    if (!source || !taskId) {
      return undefined;
    }
    const connection = connectionOf(source);
    const leave = connection.attempt(() => connection.client.track(taskId));
    if (!leave) {
      return undefined;
    }
    const release = connection.hold(source.latest);
    const { listeners } = connection.task(taskId);
    // What is shown is kept.
    const keep = () => {};
    listeners.add(keep);
    return () => {
      listeners.delete(keep);
      leave();
      release();
    };
  }, [source, taskId]);
}

/** Calls a component's functions, always the latest. */
function listen(connection: Connection, latest: () => UseWebSocketOptions): () => void {
  const { client } = connection;
  const offs = (Object.keys(CALLED) as EventName[]).map((name) =>
    client.on(
      name as 'progress',
      ((...given: unknown[]) => {
        const call = latest()[CALLED[name] as 'onProgress'] as ((...given: unknown[]) => unknown) | undefined;
        return call?.(...given);
      }) as never,
    ),
  );
  return () => {
    for (const off of offs) {
      off();
    }
  };
}

const CALLED: { readonly [Name in EventName]?: keyof UseWebSocketOptions } = {
  progress: 'onProgress',
  log: 'onLog',
  status: 'onStatus',
  complete: 'onComplete',
  error: 'onError',
  lost: 'onLost',
  message: 'onMessage',
  stateChange: 'onStateChange',
};

/** Notifies of the connection and of all its tasks: which one is shown is looked at then. */
function listenAll(connection: Connection, notify: () => void): () => void {
  connection.listeners.add(notify);
  connection.taskListeners.add(notify);
  return () => {
    connection.listeners.delete(notify);
    connection.taskListeners.delete(notify);
  };
}

function subscribeTask(source: Source | undefined, taskId: string, notify: () => void): () => void {
  if (!source) {
    return () => {};
  }
  const connection = connectionOf(source);
  const release = connection.hold(source.latest);
  const { listeners } = connection.task(taskId);
  listeners.add(notify);
  return () => {
    listeners.delete(notify);
    release();
  };
}

function taskOf(source: Source | undefined, taskId: string | undefined): TaskSnapshot {
  const known = taskId === undefined ? undefined : source && peek(source)?.find(taskId);
  return known?.snapshot ?? shownOf(taskId);
}

/** One object for each task of which nothing is known, so that renders find it unchanged. */
const blank = new Map<string, TaskSnapshot>();

/** How many of them are kept. */
const MAX_BLANK = 1000;

function shownOf(taskId: string | undefined): TaskSnapshot {
  if (taskId === undefined) {
    return UNKNOWN;
  }
  let snapshot = blank.get(taskId);
  if (!snapshot) {
    if (blank.size >= MAX_BLANK) {
      blank.clear();
    }
    snapshot = { ...UNKNOWN, taskId };
    blank.set(taskId, snapshot);
  }
  return snapshot;
}

/** What a component has called, and what it was shown last. */
class Instance {
  readonly notify = new Set<() => void>();
  private ids: string[] = [];
  private last:
    | { connection: ConnectionSnapshot; task: TaskSnapshot; current: string | undefined; state: WebSocketState }
    | undefined;

  constructor(private readonly source: () => Source | undefined) {}

  readonly calls: Calls = {
    connect: async (taskId) => {
      await this.settle((connection) => {
        if (taskId !== undefined) {
          connection.flag(this, taskId);
          this.want(taskId);
        }
        return connection.client.connect(taskId).catch((thrown) => {
          if (connection.refused(thrown) && taskId !== undefined) {
            this.leave(connection, taskId);
          }
        });
      });
    },
    disconnect: () => this.settle((connection) => connection.client.disconnect()),
    reconnect: () => this.settle((connection) => connection.client.reconnect()),
    subscribe: (taskId) => {
      const connection = this.connection();
      connection?.attempt(() => {
        connection.subscribe(this, taskId);
        this.want(taskId);
      });
    },
    unsubscribe: (taskId) => {
      this.leave(this.connection(), taskId);
    },
    send: async (message, options) => {
      try {
        const connection = this.connection();
        return connection
          ? await connection.client.send(message, options)
          : { state: 'dropped', reason: 'notConnected' };
      } catch (error) {
        return { state: 'rejected', message: error instanceof Error ? error.message : String(error) };
      }
    },
  };

  /** Wants anew what it still wants: its effect has run again, maybe over another connection. */
  renew(connection: Connection): void {
    for (const taskId of this.ids) {
      connection.attempt(() => connection.subscribe(this, taskId));
    }
  }

  /** The latest task that was connected or subscribed to and is still wanted. */
  current(): string | undefined {
    return this.ids[this.ids.length - 1];
  }

  /** One object for the same parts. */
  combine(connection: ConnectionSnapshot, task: TaskSnapshot, current: string | undefined): WebSocketState {
    const { last } = this;
    if (last && last.connection === connection && last.task === task && last.current === current) {
      return last.state;
    }
    const { connectionState } = connection;
    const { taskId: _, failure, ...rest } = task;
    const state: WebSocketState = {
      ...rest,
      ...this.calls,
      connectionState,
      isConnected: connectionState === 'connected',
      isConnecting: connectionState === 'connecting',
      isReconnecting: connectionState === 'reconnecting',
      currentTaskId: current,
      error: failure ?? connection.error,
    };
    this.last = { connection, task, current, state };
    return state;
  }

  private connection(): Connection | undefined {
    const source = this.source();
    return source && connectionOf(source);
  }

  private want(taskId: string): void {
    this.ids = [...this.ids.filter((id) => id !== taskId), taskId];
    this.changed();
  }

  private leave(connection: Connection | undefined, taskId: string): void {
    connection?.attempt(() => connection.unsubscribe(this, taskId));
    this.ids = this.ids.filter((id) => id !== taskId);
    this.changed();
  }

  private changed(): void {
    for (const notify of [...this.notify]) {
      notify();
    }
  }

  /** What fails is told by events or is shown already, as `error`. */
  private async settle(call: (connection: Connection) => Promise<void>): Promise<void> {
    const connection = this.connection();
    await (connection && call(connection).catch(ignored));
  }
}

/** What a selector made of which snapshot. */
class Chosen<T> {
  private from: TaskSnapshot | undefined;
  private by: unknown;
  private value: T | undefined;

  of(select: (task: TaskSnapshot) => T, snapshot: TaskSnapshot): T {
    if (snapshot !== this.from || select !== this.by) {
      const value = select(snapshot);
      if (this.from === undefined || !same(this.value, value)) {
        this.value = value;
      }
      this.from = snapshot;
      this.by = select;
    }
    return this.value as T;
  }
}

function same(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) {
    return true;
  }
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) {
    return false;
  }
  const names = Object.keys(one);
  const has = (name: string) => Object.is((one as Fields)[name], (other as Fields)[name]);
  return names.length === Object.keys(other).length && names.every(has);
}

type Fields = { readonly [name: string]: unknown };

function asIs<T>(task: TaskSnapshot): T {
  return task as T;
}

/** The error is in an event too. */
function ignored(): void {}
