/** One connection that components share: a client, what is known of its tasks, and who holds it. */

import type { BaseClient } from '../common';
import type { ConnectionState, ErrorEvent } from '../types';
import type { SteadywireError } from '../errors';
import { nextFrame } from './frame';
import { TaskStore } from './task';

/** How long a connection that nobody holds stays, in milliseconds. */
export const GRACE_MS = 1000;

/** Of how many tasks that no component shows or wants something is kept. The one heard of longest ago goes first. */
export const MAX_KEPT_TASKS = 256;

/** What is known of a connection. */
export interface ConnectionSnapshot {
  readonly connectionState: ConnectionState;
  /** What went wrong last with the link; gone once it is up. */
  readonly error: ErrorEvent | undefined;
  /** The task that was heard of last. */
  readonly lastTaskId: string | undefined;
}

/** Before there is a connection, and on the server. */
export const NOT_CONNECTED: ConnectionSnapshot = {
  connectionState: 'disconnected',
  error: undefined,
  lastTaskId: undefined,
};

/** A connection and its tasks. */
export class Connection {
  snapshot: ConnectionSnapshot;
  readonly listeners = new Set<() => void>();
  /** Told when any task has changed. */
  readonly taskListeners = new Set<() => void>();
  private readonly tasks = new Map<string, TaskStore>();
  private readonly flags = new Map<string, Set<object>>();
  private readonly dirty = new Set<TaskStore>();
  private readonly offs: (() => void)[];
  private lastTaskId: string | undefined;
  /** For each component that holds it, its latest options. */
  private readonly holders: (() => object)[] = [];
  private grace: ReturnType<typeof setTimeout> | undefined;
  private cancelFrame: (() => void) | undefined;

  /** `ended` is called when nobody holds it any more; without it the client is somebody else's and stays. */
  constructor(
    readonly client: BaseClient,
    private readonly stallMs: number,
    private readonly ended: (() => void) | undefined,
  ) {
    this.snapshot = { ...NOT_CONNECTED, connectionState: client.getConnectionState() };
    this.offs = [
      client.on('progress', (event) => this.heard(event.taskId).progress(event)),
      client.on('log', (event) => this.heard(event.taskId).log(event)),
      client.on('status', (event) => this.heard(event.taskId).heard()),
      client.on('complete', (event) => this.heard(event.taskId).complete(event)),
      client.on('lost', (event) => this.heard(event.taskId).lost(event)),
      client.on('error', (event) => this.failed(event)),
      client.on('stateChange', (connectionState) => {
        const error = connectionState === 'connected' ? undefined : this.snapshot.error;
        this.show({ connectionState, error });
      }),
    ];
    this.expire();
  }

  /** Holds it until the returned function is called. `latest` gives the options of the component. */
  hold(latest: () => object): () => void {
    // One of its own: a component may hold it more than once.
    const holder = () => latest();
    this.holders.push(holder);
    clearTimeout(this.grace);
    return () => {
      const at = this.holders.indexOf(holder);
      if (at >= 0) {
        this.holders.splice(at, 1);
        this.expire();
      }
    };
  }

  /** An option of the component that came last of those that hold it and have the option. */
  option(name: string): unknown {
    for (const latest of [...this.holders].reverse()) {
      const value = (latest() as { readonly [name: string]: unknown })[name];
      if (value !== undefined) {
        return value;
      }
    }
    return undefined;
  }

  /** What is known of a task. */
  task(taskId: string): TaskStore {
    let store = this.tasks.get(taskId);
    if (!store) {
      store = new TaskStore(taskId, this.stallMs, (changed, now) => this.changed(changed, now));
      this.tasks.set(taskId, store);
      this.forgetOld();
    }
    return store;
  }

  /** What is known of a task, if anything is. */
  find(taskId: string): TaskStore | undefined {
    return this.tasks.get(taskId);
  }

  /** Notes that the task's flag is set, in the name of a component. */
  flag(holder: object, taskId: string): void {
    this.flags.set(taskId, (this.flags.get(taskId) ?? new Set()).add(holder));
  }

  /** Sets the task's flag, in the name of a component. */
  subscribe(holder: object, taskId: string): void {
    this.client.subscribe(taskId);
    this.flag(holder, taskId);
  }

  /** Clears the task's flag, unless other components have set it too. */
  unsubscribe(holder: object, taskId: string): void {
    const holders = this.flags.get(taskId);
    holders?.delete(holder);
    if (!holders?.size) {
      this.flags.delete(taskId);
      // Whoever owns the client may have closed it.
      if (!this.client.isClosed) {
        this.client.unsubscribe(taskId);
      }
    }
  }

  /** The component is gone: the flags that it alone had set are cleared. */
  release(holder: object): void {
    for (const [taskId, holders] of [...this.flags]) {
      if (holders.has(holder)) {
        this.unsubscribe(holder, taskId);
      }
    }
  }

  /** Makes a call. That it was refused, as no event tells, is shown. */
  attempt<T>(call: () => T): T | undefined {
    try {
      return call();
    } catch (thrown) {
      this.refused(thrown);
      return undefined;
    }
  }

  /** Shows why a call was refused. What a link is the cause of is told by events. Says whether it was. */
  refused(thrown: unknown): boolean {
    const { kind, message } = thrown as SteadywireError;
    const is = kind === 'invalid_argument' || kind === 'limit_reached' || kind === 'closed';
    if (is) {
      const error = {
        type: 'error',
        source: 'transport',
        code: kind,
        message,
        taskId: undefined,
        data: undefined,
      } as const;
      this.show({ error: { ...error, fatal: false, timestamp: Date.now(), synthetic: false } });
    }
    return is;
  }

  /** Tells of a failure that is nobody's answer. */
  failed(event: ErrorEvent): void {
    const { source, taskId, fatal } = event;
    if (source === 'task' && taskId !== undefined) {
      if (fatal) {
        this.heard(taskId).failed(event);
      } else {
        this.heard(taskId).heard();
      }
    } else if (source === 'callback') {
      // To the client somebody listens to errors: nobody else would tell of it.
      console.error(event.message, event.cause);
    } else {
      this.show({ error: event });
    }
  }

  /** The same for a task that says something. */
  private heard(taskId: string): TaskStore {
    const store = this.task(taskId);
    if (taskId !== this.lastTaskId) {
      this.lastTaskId = taskId;
      // The one heard of last stands last.
      this.tasks.delete(taskId);
      this.tasks.set(taskId, store);
    }
    return store;
  }

  private changed(store: TaskStore, now: boolean): void {
    this.dirty.add(store);
    if (now) {
      this.flush();
    } else {
      this.cancelFrame ??= nextFrame(() => this.flush());
    }
  }

  /** States are shown at once, and what waits of the tasks before them. */
  private show(what: Partial<ConnectionSnapshot>): void {
    this.snapshot = { ...this.snapshot, ...what };
    this.flush();
    tell(this.listeners);
  }

  private flush(): void {
    this.cancelFrame?.();
    this.cancelFrame = undefined;
    const stores = [...this.dirty];
    this.dirty.clear();
    const { lastTaskId } = this;
    const moved = lastTaskId !== this.snapshot.lastTaskId;
    if (moved) {
      this.snapshot = { ...this.snapshot, lastTaskId };
    }
    for (const store of stores) {
      if (store.show()) {
        tell(store.listeners);
      }
    }
    tell(this.taskListeners);
    if (moved) {
      tell(this.listeners);
    }
  }

  private forgetOld(): void {
    if (this.tasks.size > MAX_KEPT_TASKS) {
      const isIdle = ({ listeners, taskId }: TaskStore) => listeners.size === 0 && !this.flags.has(taskId);
      const idle = [...this.tasks.values()].filter(isIdle);
      for (const store of idle.slice(0, -MAX_KEPT_TASKS)) {
        store.stop();
        this.tasks.delete(store.taskId);
        this.dirty.delete(store);
      }
    }
  }

  private expire(): void {
    if (this.ended && this.holders.length === 0) {
      clearTimeout(this.grace);
      this.grace = setTimeout(() => this.end(), GRACE_MS);
    }
  }

  private end(): void {
    this.ended?.();
    this.cancelFrame?.();
    for (const store of this.tasks.values()) {
      store.stop();
    }
    for (const off of this.offs) {
      off();
    }
    void this.client.disconnect().then(() => this.client.close());
  }
}

function tell(listeners: Set<() => void>): void {
  for (const listener of [...listeners]) {
    listener();
  }
}
