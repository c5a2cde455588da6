/** Telling the server on a new link whose it is and which tasks are still reported (rules PUB). */

import { encodePublish, parse, type Features } from '../protocol';
import type { Generation } from './io';
import { BATCH_TASKS } from './limits';
import { isOfProtocol, type Queued } from './outbox';
import type { Session } from './session';
import { allSent } from './subscriptions';
import type { Task } from './tasks';

/** What was said of a task since its first reporter began. */
export interface Reported {
  /** When that was, among everything that is counted by order. */
  readonly order: number;
  /** The first link on which a message of it went out; 0 = none. */
  firstOn: Generation;
  /** Its end was sent. */
  ended: boolean;
}

/** The server says what it can do: where it can, it is told once which tasks are still reported. */
export function publicationsBegin(s: Session, { publish }: Features): void {
  const { subscriptions, tasks } = s;
  if (publish && !subscriptions.published) {
    const published = [...tasks.byId.values()].filter((task) => goesOn(s, task));
    subscriptions.published = published.sort((a, b) => orderOf(a) - orderOf(b));
  }
}

/** The next `publish`, once the server has been asked for everything: for tasks, or ahead of the first message. */
export function nextPublication(s: Session): string | undefined {
  const { subscriptions } = s;
  const { published } = subscriptions;
  const isAwaited = !subscriptions.introduced && s.outbox.queue.length > 0;
  while (published && (published.length > 0 || isAwaited) && allSent(subscriptions)) {
    const named = published.splice(0, BATCH_TASKS).filter((task) => goesOn(s, task));
    if (named.length > 0 || isAwaited) {
      subscriptions.introduced = true;
      return encodePublish(s.wall, s.nonce, s.link.generation, named);
    }
  }
  return undefined;
}

/** A message was taken to be sent: whether its task goes on. Returns whether that has a reporter. */
export function noteSent(s: Session, type: string, taskId: string, text: string): boolean {
  const reported = reportedOf(s, taskId);
  if (reported && isOfProtocol(type)) {
    reported.ended = type === 'complete' || (type === 'error' && isOutcome(text));
  }
  return reported !== undefined;
}

/** Whether a message waits until the server has said what it can do. */
export function waitsForHello({ subscriptions }: Session, { id, isReported }: Queued): boolean {
  // Whether the server acknowledges must be known before a message that asks for it is written, and a server that
  // tells links apart must know this one first.
  const { features, last } = subscriptions;
  return !features && (id !== undefined || (last ? last.publish : isReported));
}

/** A message was handed to the transport. */
export function notePublished(s: Session, taskId: string): void {
  const reported = reportedOf(s, taskId);
  if (reported) {
    reported.firstOn ||= s.link.generation;
  }
}

/** Whether an earlier link than this one made us the task's publisher, and there is more to come. */
function goesOn(s: Session, { reported }: Task): boolean {
  return reported !== undefined && !reported.ended && reported.firstOn > 0 && reported.firstOn < s.link.generation;
}

function orderOf({ reported }: Task): number {
  return reported ? reported.order : 0;
}

function reportedOf({ tasks }: Session, taskId: string): Reported | undefined {
  return tasks.reported > 0 ? tasks.byId.get(taskId)?.reported : undefined;
}

/** Whether an `error` of ours ends its task. */
function isOutcome(text: string): boolean {
  const frame = parse(text);
  return frame.type === 'error' && frame.fatal !== false && frame.action === undefined && frame.refusedId === undefined;
}
