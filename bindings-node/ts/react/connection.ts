/** One connection that components share: a client, what is known of its tasks, and who holds it. */

import type { BaseClient } from '../common';
import type { ConnectionState, ErrorEvent } from '../types';
import { nextFrame } from './frame';
import { TaskStore } from './task';

/** How long a connection that nobody holds stays, in milliseconds. */
export const GRACE_MS = 1000;

/** Of how many tasks that no component shows something is kept. The one heard of longest ago goes first. */
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
  private holders = 0;
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
      client.on('progress', (event) => this.task(event.taskId).progress(event)),
      client.on('log', (event) => this.task(event.taskId).log(event)),
      client.on('status', (event) => this.task(event.taskId).heard()),
      client.on('complete', (event) => this.task(event.taskId).complete(event)),
      client.on('lost', (event) => this.task(event.taskId).lost(event)),
      client.on('error', (event) => this.failed(event)),
      client.on('stateChange', (connectionState) => {
        const error = connectionState === 'connected' ? undefined : this.snapshot.error;
        this.show({ connectionState, error });
      }),
    ];
    this.expire();
  }

  /** Holds it until the returned function is called. */
  hold(): () => void {
    this.holders++;
    clearTimeout(this.grace);
    let held = true;
    return () => {
      if (held) {
        held = false;
        this.holders--;
        this.expire();
      }
    };
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

  /** Sets the task's flag, in the name of a component. */
  flag(holder: object, taskId: string): void {
    this.flags.set(taskId, (this.flags.get(taskId) ?? new Set()).add(holder));
  }

  /** Clears the task's flag. */
  unsubscribe(taskId: string): void {
    this.flags.delete(taskId);
    this.client.unsubscribe(taskId);
  }

  /** The component is gone: the flags that it alone had set are cleared. */
  release(holder: object): void {
    for (const [taskId, holders] of [...this.flags]) {
      if (holders.delete(holder) && holders.size === 0) {
        this.unsubscribe(taskId);
      }
    }
  }

  /** Tells of a failure that is nobody's answer. */
  failed(event: ErrorEvent): void {
    const { source, taskId, fatal } = event;
    if (source === 'task' && taskId !== undefined) {
      if (fatal) {
        this.task(taskId).failed(event);
      } else {
        this.task(taskId).heard();
      }
    } else if (source === 'callback') {
      // To the client somebody listens to errors: nobody else would tell of it.
      console.error(event.message, event.cause);
    } else {
      this.show({ error: event });
    }
  }

  private changed(store: TaskStore, now: boolean): void {
    this.lastTaskId = store.taskId;
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
      for (const [taskId, store] of this.tasks) {
        if (store.listeners.size === 0 && taskId !== this.lastTaskId) {
          store.stop();
          this.tasks.delete(taskId);
          this.dirty.delete(store);
          if (this.tasks.size <= MAX_KEPT_TASKS) {
            return;
          }
        }
      }
    }
  }

  private expire(): void {
    if (this.ended && this.holders === 0) {
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
