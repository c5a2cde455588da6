/** Telling the server which tasks are wanted, on every new link again (rules SUB). */

import {
  encodeQuery,
  encodeSubscribe,
  encodeSubscribeBatch,
  encodeUnsubscribe,
  type Features,
  type Since,
} from '../protocol';
import { reopen } from './calls';
import {
  BATCH_TASKS,
  COMPARE_MS,
  HELLO_WAIT_MS,
  LONG_HELLO_WAIT_MS,
  MAX_REQUESTS,
  MAX_VAIN_WAITS,
  PACE_COUNT,
  PACE_MS,
} from './limits';
import { awaitWordOf } from './questions';
import { queueOf, size, take, waiting, type Queue } from './queue';
import type { Session } from './session';
import { inOrder, isOpen, rearm, setPhase, type Task } from './tasks';

/** What is to be asked of the server on the current link. */
export interface Subscriptions {
  /** What the server can do; none until it has said so or the wait is over. */
  features: Features | undefined;
  /** The same of the last link on which it was known: `NO_FEATURES` where there was no hello. */
  last: Features | undefined;
  helloDue: number;
  /** When a server that has no hello would be known to have none. */
  noHelloAt: number;
  /** Links in a row that were lost after that, while a hello was waited for. Up to `MAX_VAIN_WAITS`. */
  vainWaits: number;
  /** Tasks to subscribe to, in order. Bounded by the number of tasks; `Task.queued` keeps entries unique. */
  queue: Queue<Task>;
  /** Tasks with a cursor, which wait for the hello. Bounded likewise. */
  held: Task[];
  /** Tasks that are still reported, once the server has asked for them, in order. Bounded by the number of leases. */
  published: Task[] | undefined;
  /** A `publish` was written on this link. */
  introduced: boolean;
  /** `MAX_REQUESTS` at most. */
  readonly requests: Queue<Request>;
  /** When the first of the last few `subscribe` frames was written, and how many there were since. */
  paceFrom: number;
  sentInPace: number;
}

/** An `unsubscribe` or a `query`: the task, and whether it is a query. */
type Request = readonly [task: string, isQuery: boolean];

/** What a server can do that never says hello. */
const NO_FEATURES: Features = {
  resume: false,
  ack: false,
  batch: false,
  query: false,
  heartbeat: false,
  publish: false,
};

/** Nothing to ask. */
export function newSubscriptions(last?: Features, vainWaits = 0): Subscriptions {
  return {
    features: undefined,
    last,
    helloDue: Infinity,
    noHelloAt: Infinity,
    vainWaits,
    queue: queueOf([]),
    held: [],
    published: undefined,
    introduced: false,
    requests: queueOf([]),
    paceFrom: 0,
    sentInPace: 0,
  };
}

export function subscriptionsDeadline(of: Subscriptions): number {
  const paced = of.sentInPace >= PACE_COUNT && size(of.queue) > 0;
  return Math.min(of.helloDue, paced ? of.paceFrom + PACE_MS : Infinity);
}

/** Whether everything that had to be asked on this link has been written. */
export function allSent(of: Subscriptions): boolean {
  return size(of.queue) === 0 && of.held.length === 0;
}

export function subscriptionsBegin(s: Session): void {
  const { tasks, subscriptions } = s;
  const { last, vainWaits } = subscriptions;
  const isSlow = last && last !== NO_FEATURES && vainWaits < MAX_VAIN_WAITS;
  subscriptions.noHelloAt = s.mono + HELLO_WAIT_MS;
  subscriptions.helloDue = s.mono + (isSlow ? LONG_HELLO_WAIT_MS : HELLO_WAIT_MS);
  for (const task of inOrder(tasks, (task) => task.phase === 'lost')) {
    reopen(s, task);
  }
  for (const task of inOrder(tasks, isOpen)) {
    setPhase(tasks, task, 'pending');
    task.questions = 0;
    askFor(s, task);
  }
}

export function subscriptionsEnd(s: Session): void {
  const { last, features, noHelloAt, vainWaits } = s.subscriptions;
  s.subscriptions = newSubscriptions(last, !features && noHelloAt <= s.mono ? vainWaits + 1 : vainWaits);
  for (const task of s.tasks.byId.values()) {
    task.queued = false;
    if (task.questionDue !== Infinity) {
      task.questionDue = Infinity;
      rearm(s.tasks, task);
    }
  }
}

/** Puts a `subscribe` for the task in the queue of the current link. */
export function askFor(s: Session, task: Task): void {
  if (!task.queued) {
    const { features, held, queue } = s.subscriptions;
    task.queued = true;
    (task.cursor && !features ? held : queue.items).push(task);
  }
}

/** Nobody wants the task any more: the server is told if it was asked on this link. */
export function stopAsking(s: Session, task: Task): void {
  const { link, subscriptions } = s;
  const wasAsked = link.phase === 'open' && task.askedOn === link.generation;
  task.askedOn = 0;
  if (task.queued) {
    const others = (one: Task) => one !== task;
    task.queued = false;
    subscriptions.queue = queueOf(waiting(subscriptions.queue).filter(others));
    subscriptions.held = subscriptions.held.filter(others);
  }
  if (wasAsked) {
    request(s, task, false);
  }
}

/** Puts an `unsubscribe` or a `query` for the task in the queue of the current link. */
export function request(s: Session, task: Task, isQuery: boolean): void {
  const { requests } = s.subscriptions;
  if (size(requests) < MAX_REQUESTS) {
    requests.items.push([task.id, isQuery]);
  }
}

/** The client ends: the hello is waited for as if there had never been one. */
export function hurryHello(s: Session): void {
  const { subscriptions } = s;
  if (subscriptions.helloDue !== Infinity) {
    subscriptions.helloDue = Math.min(subscriptions.helloDue, Math.max(s.mono, subscriptions.noHelloAt));
  }
}

export function subscriptionsTimeout(s: Session): void {
  if (s.subscriptions.helloDue <= s.mono) {
    featuresAreKnown(s, NO_FEATURES);
  }
  renewPace(s);
}

/** The server has said what it can do, or the wait for that is over. */
export function featuresAreKnown(s: Session, features: Features): void {
  const { subscriptions } = s;
  const { held, queue } = subscriptions;
  subscriptions.helloDue = Infinity;
  subscriptions.features = features;
  subscriptions.last = features;
  subscriptions.vainWaits = 0;
  subscriptions.held = [];
  subscriptions.queue = queueOf(waiting(queue).concat(held));
}

/** The next `unsubscribe` or `query`, then the next `subscribe` that may be written now. */
export function nextSubscription(s: Session): string | undefined {
  const { subscriptions, wall } = s;
  const { queue, requests } = subscriptions;
  if (size(requests) > 0) {
    const [[id, isQuery]] = take(requests, 1) as [Request];
    return (isQuery ? encodeQuery : encodeUnsubscribe)(id, wall);
  }
  const { batch, resume } = subscriptions.features ?? NO_FEATURES;
  const most = batch ? Math.min(size(queue), BATCH_TASKS) : 1;
  renewPace(s);
  if (size(queue) === 0 || (most === 1 && subscriptions.sentInPace >= PACE_COUNT)) {
    return undefined;
  }
  const asked = take(queue, most);
  if (!batch && subscriptions.sentInPace++ === 0) {
    subscriptions.paceFrom = s.mono;
  }
  // A server that never named an epoch cannot be asked for what follows in it.
  const named = asked.map(({ id, cursor }): Since => [id, resume && cursor && cursor.epoch ? cursor : undefined]);
  for (const task of asked) {
    noteAsked(s, task);
  }
  const [id, since] = named[0] as Since;
  return batch || since ? encodeSubscribeBatch(wall, named) : encodeSubscribe(id, wall);
}

/** The `subscribe` of the task is handed to the transport. */
function noteAsked(s: Session, task: Task): void {
  task.queued = false;
  task.askedOn = s.link.generation;
  if (task.askedBefore) {
    task.compareUntil = s.mono + COMPARE_MS;
  }
  task.askedBefore = true;
  awaitWordOf(s, task);
}

function renewPace(s: Session): void {
  const { subscriptions } = s;
  if (subscriptions.paceFrom + PACE_MS <= s.mono) {
    subscriptions.sentInPace = 0;
  }
}
