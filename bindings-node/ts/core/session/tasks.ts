/** The tasks this session knows: who wants them, how far their subscription is, what was seen of them. */

import type { Generation, LeaseId, LeaseKind } from './io';
import { MAX_IDLE } from './limits';
import { entryOf, move, type Entry } from './ordered';
import type { Outcomes } from './outcomes';
import type { Reported } from './publications';

/** How far the subscription to a task is. */
export type Phase =
  /** Nobody wants the task. */
  | 'idle'
  /** Wanted; the server has said nothing of it yet. */
  | 'pending'
  /** Wanted; the server speaks of it. */
  | 'live'
  /** Wanted, and its outcome is known. */
  | 'ended'
  /** Wanted, but the subscription ended without an outcome. The next link opens it again. */
  | 'lost';

/** The last message of a task that was seen. */
export interface Cursor {
  readonly epoch: string;
  seq: number;
}

/** A status that says the task is over, while its own last message is awaited. */
export interface Hint {
  end: 'complete' | 'error';
  data: string | undefined;
  readonly due: number;
}

/** Fingerprints of the last frames of a task that came without seq, and the place of the next. */
export interface Recent {
  readonly marks: number[];
  next: number;
}

/** Everything known of one task. Times that are not set are `Infinity`. */
export interface Task {
  /** Counts tasks from 0 and is never reused: what the inbox tells tasks apart by. */
  readonly key: number;
  readonly id: string;
  phase: Phase;
  /** The explicit flag of `subscribe`. */
  flag: boolean;
  readonly leases: Map<LeaseId, LeaseKind>;
  /** How many of them are reporters'. */
  reporters: number;
  /** What they have said, while there are any. */
  reported: Reported | undefined;
  /** Order of the last `connect`, `subscribe` or lease; 0 = never. */
  rank: number;
  /** Order in which the subscription was opened. */
  opened: number;
  /** The transport on which `subscribe` went out last; 0 = none. */
  askedOn: Generation;
  /** Waits in the queue of subscriptions to send. */
  queued: boolean;
  /** `subscribe` went out before in this subscription: the next one is a resubscribe. */
  askedBefore: boolean;
  cursor: Cursor | undefined;
  /** The epoch that the server named last, whether or not messages of it were seen. */
  toldEpoch: string | undefined;
  /** Where the outcome was seen. The position is 0 where only the epoch is known. */
  ended: Cursor | undefined;
  /** Where the outcome before this subscription was seen, until the server names an epoch. */
  endedBefore: Cursor | undefined;
  /** The cursor in the epoch that was left last for another. */
  left: Cursor | undefined;
  /** The server has shown that it knows the task. */
  known: boolean;
  /** The subscription is older than the run of the task: its first message is number 1. */
  fromStart: boolean;
  /** How often in a row it said that it does not. */
  unknowns: number;
  heardAt: number;
  /** Status questions since the task was last heard. */
  questions: number;
  questionDue: number;
  hint: Hint | undefined;
  /** When the record of an unwanted task goes. */
  expires: number;
  recent: Recent | undefined;
  /** Until when frames without seq are compared with recent ones. */
  compareUntil: number;
  /** Its earliest deadline among those of all tasks. */
  readonly timer: Entry;
  /** Its place among those that may be forgotten, while it is one. */
  readonly forgettable: Entry;
}

/** All tasks, leases and remembered outcomes of a session. */
export interface Tasks {
  readonly byId: Map<string, Task>;
  readonly leases: Map<LeaseId, Task>;
  readonly timers: Entry[];
  /** Tasks without a lease that nobody wants, by the time at which they are forgotten anyway. */
  readonly forgettable: Entry[];
  readonly outcomes: Outcomes;
  lastKey: number;
  lastOrder: number;
  /** Tasks whose subscription is open. */
  open: number;
  /** Leases of reporters. */
  reported: number;
  wanted: number;
}

/** No tasks. */
export function newTasks(): Tasks {
  return {
    byId: new Map(),
    leases: new Map(),
    timers: [],
    forgettable: [],
    outcomes: { byId: new Map(), bytes: 0 },
    lastKey: -1,
    lastOrder: 0,
    open: 0,
    reported: 0,
    wanted: 0,
  };
}

/** Whether anybody wants events of the task. */
export function isWanted(task: Task): boolean {
  return task.flag || task.leases.size > task.reporters;
}

/** Whether the subscription is open: wanted and without an end. */
export function isOpen(task: Task): boolean {
  return task.phase === 'live' || task.phase === 'pending';
}

/** Whether the lease ends with the task's outcome and is told it. */
export function waits(kind: LeaseKind): boolean {
  return kind === 'follow' || kind === 'wait';
}

/** The task of that id, made if there is none. */
export function findOrAdd(tasks: Tasks, id: string): Task {
  const known = tasks.byId.get(id);
  if (known !== undefined) {
    return known;
  }
  const task = {
    key: ++tasks.lastKey,
    id,
    phase: 'idle',
    flag: false,
    leases: new Map(),
    reporters: 0,
    reported: undefined,
    rank: 0,
    opened: 0,
    askedOn: 0,
    queued: false,
    askedBefore: false,
    cursor: undefined,
    toldEpoch: undefined,
    ended: undefined,
    endedBefore: undefined,
    left: undefined,
    known: false,
    fromStart: false,
    unknowns: 0,
    heardAt: 0,
    questions: 0,
    questionDue: Infinity,
    hint: undefined,
    expires: Infinity,
    recent: undefined,
    compareUntil: 0,
  } as Task & { timer: Entry; forgettable: Entry };
  task.timer = entryOf(task);
  task.forgettable = entryOf(task);
  tasks.byId.set(id, task);
  return task;
}

/** Forgets a task that nobody wants. */
export function remove(tasks: Tasks, task: Task): void {
  move(tasks.timers, task.timer, Infinity);
  move(tasks.forgettable, task.forgettable, Infinity);
  tasks.byId.delete(task.id);
}

/** The only way to change a phase: keeps the counts. */
export function setPhase(tasks: Tasks, task: Task, phase: Phase): void {
  tasks.open -= +isOpen(task);
  tasks.wanted -= +(task.phase !== 'idle');
  task.phase = phase;
  tasks.open += +isOpen(task);
  tasks.wanted += +(phase !== 'idle');
}

/**
 * Puts the task's earliest deadline in its place among all. To be called after each change of a deadline, of the
 * phase or of the leases.
 */
export function rearm(tasks: Tasks, task: Task): void {
  const { hint, questionDue, expires } = task;
  const mayGo = task.phase === 'idle' && task.leases.size === 0;
  move(tasks.forgettable, task.forgettable, mayGo ? (expires === Infinity ? 0 : expires) : Infinity);
  move(tasks.timers, task.timer, Math.min(hint ? hint.due : Infinity, questionDue, expires));
}

/** Tasks of that kind, in the order in which their subscriptions were opened. */
export function inOrder(tasks: Tasks, wanted: (task: Task) => boolean): Task[] {
  return [...tasks.byId.values()].filter(wanted).sort((a, b) => a.opened - b.opened);
}

/** The latest connected or subscribed task that is still wanted. */
export function current(tasks: Tasks): string | undefined {
  let latest: Task | undefined;
  for (const task of tasks.byId.values()) {
    if (task.rank > (latest ? latest.rank : 0) && isWanted(task)) {
      latest = task;
    }
  }
  return latest && latest.id;
}

/** Makes room for one more unwanted task that keeps its cursor. */
export function trimIdle(tasks: Tasks): void {
  while (tasks.forgettable.length > MAX_IDLE) {
    remove(tasks, (tasks.forgettable[0] as Entry).task);
  }
}

/** Notes a lease of the task. */
export function addLease(tasks: Tasks, lease: LeaseId, task: Task, kind: LeaseKind): void {
  tasks.leases.set(lease, task);
  task.leases.set(lease, kind);
  if (kind === 'report') {
    task.reporters++;
    task.reported ??= { order: ++tasks.lastOrder, firstOn: 0, ended: false };
    tasks.reported++;
  }
}

/** Forgets a lease of the task. */
export function endLease(tasks: Tasks, lease: LeaseId, task: Task, kind: LeaseKind): void {
  tasks.leases.delete(lease);
  task.leases.delete(lease);
  if (kind === 'report') {
    if (--task.reporters === 0) {
      task.reported = undefined;
    }
    tasks.reported--;
  }
}
