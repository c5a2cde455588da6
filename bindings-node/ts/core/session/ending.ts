/** disconnect(): everything that waits is written or answered before the link is closed (rules END). */

import { SteadywireError } from '../error';
import { rejectWaiters } from './attempts';
import { checkLease, checkRoom, flag, lease, settle, settleLost, takeLease } from './calls';
import type { InputOf, LeaseId, Ticket } from './io';
import { CLOSE_TIMEOUT_MS, DRAIN_MS } from './limits';
import {
  dialIfStopped,
  dropLink,
  linkIsGone,
  rejectWaitersDisconnected,
  setState,
  stopLink,
  waitForLink,
} from './link';
import { endAllWork } from './outcome';
import { hasUnsettled, receiptsUnknown } from './receipts';
import type { Session } from './session';
import { hurryHello } from './subscriptions';

/** The close code of a disconnect. */
const NORMAL = 1000;

/** A disconnect under way. */
export interface Disconnecting {
  /** Draining: the link is up and the outbox is being written. Closing: the close frame is on its way. */
  stage: 'draining' | 'closing';
  /** Until when that may take. */
  until: number;
  readonly waiters: Ticket[];
  /** What was called meanwhile; carried out afterwards. Bounded by `MAX_WAITERS`. */
  deferred: Deferred[];
}

/** A call that waits for the end of a disconnect. */
type Deferred = InputOf<'connect' | 'subscribe' | 'lease'>;

/** Puts a call off until the disconnect has ended. */
export function defer(ending: Disconnecting, call: Deferred): void {
  checkRoom(ending.deferred.length);
  ending.deferred.push(call);
}

/** The task was unsubscribed again before its subscribe was carried out. */
export function withdrawSubscribe(ending: Disconnecting, task: string): void {
  const others = ending.deferred.filter((one) => one.type !== 'subscribe' || one.task !== task);
  ending.deferred = others.map((one) =>
    one.type === 'connect' && one.task === task ? { type: 'connect', ticket: one.ticket } : one,
  );
}

/** Takes a deferred lease back, if it is one. */
export function withdrawLease(ending: Disconnecting, lease: LeaseId): InputOf<'lease'> | undefined {
  const found = ending.deferred.find((one): one is InputOf<'lease'> => one.type === 'lease' && one.lease === lease);
  ending.deferred = ending.deferred.filter((one) => one !== found);
  return found;
}

export function disconnect(s: Session, { ticket }: InputOf<'disconnect'>): void {
  const { ending } = s;
  if (ending) {
    checkRoom(ending.waiters.length);
    ending.waiters.push(ticket);
    takeBackDeferred(s);
    if (ending.stage === 'closing') {
      endAllWork(s, 'disconnected');
    }
    rejectWaitersDisconnected(s);
    return;
  }
  s.ending = { stage: 'draining', until: s.mono + DRAIN_MS, waiters: [ticket], deferred: [] };
  if (s.link.phase === 'open') {
    hurryHello(s);
  } else {
    finishEnding(s);
  }
}

/** Closes the link once everything is written and settled. */
export function endWhenDrained(s: Session): void {
  if (s.ending && s.ending.stage === 'draining' && !hasUnsettled(s)) {
    finishEnding(s);
  }
}

export function endingTimeout(s: Session): void {
  const { ending } = s;
  if (ending && ending.until <= s.mono) {
    if (ending.stage === 'draining') {
      finishEnding(s);
    } else {
      dropClosing(s);
    }
  }
}

/** Ends everything that is open and closes the link. */
export function finishEnding(s: Session): void {
  const { ending, link } = s;
  const reason = 'disconnect() was called';
  const closing = link.phase === 'open';
  if (ending && closing) {
    s.outputs.push({ type: 'close', generation: link.generation, code: NORMAL });
    ending.stage = 'closing';
    ending.until = s.mono + CLOSE_TIMEOUT_MS;
    receiptsUnknown(s);
    linkIsGone(s, undefined, reason);
  } else {
    stopLink(s);
  }
  endAllWork(s, 'disconnected');
  setState(s, 'disconnected', reason, undefined, false);
  rejectWaitersDisconnected(s);
  if (!closing) {
    ended(s);
  }
}

/** The peer answered the close frame, or the transport ended. */
export function closingEnded(s: Session): void {
  if (isClosing(s)) {
    ended(s);
  }
}

/** The client is being freed: nothing is written or awaited any more. */
export function closeNow(s: Session): void {
  const reason = 'the client was closed';
  if (s.link.phase === 'open') {
    dropLink(s);
    receiptsUnknown(s);
    linkIsGone(s, undefined, reason);
  }
  stopLink(s);
  takeBackDeferred(s);
  endAllWork(s, 'closed');
  setState(s, 'disconnected', reason, undefined, false);
  rejectWaiters(s, new SteadywireError('closed', `${reason} before the link was up`));
  dropClosing(s);
  ended(s);
}

/** The close handshake is not waited for any longer. */
function dropClosing(s: Session): void {
  if (isClosing(s)) {
    dropLink(s);
    ended(s);
  }
}

function isClosing(s: Session): boolean {
  return s.ending !== undefined && s.ending.stage === 'closing';
}

/** Answers those who called disconnect(), then carries out what was called meanwhile. */
function ended(s: Session): void {
  const { ending } = s;
  s.ending = undefined;
  if (!ending) {
    return;
  }
  for (const ticket of ending.waiters) {
    settle(s, ticket, { type: 'disconnected' });
  }
  for (const one of ending.deferred) {
    if (one.type === 'lease') {
      const { task, kind } = one;
      try {
        checkLease(s, task);
      } catch {
        settleLost(s, one.lease, kind, task, 'refused');
        continue;
      }
      lease(s, one);
    } else {
      if (one.task !== undefined) {
        flag(s, one.task);
      }
      if (one.type === 'connect') {
        waitForLink(s, one.ticket);
        dialIfStopped(s, 'connect() was called');
      }
    }
  }
}

/**
 * Something ends what was called during the disconnect before it was carried out: connects wait for that end like
 * any other, subscriptions are there to be lost.
 */
function takeBackDeferred(s: Session): void {
  const { ending } = s;
  const deferred = ending ? ending.deferred : [];
  if (ending) {
    ending.deferred = [];
  }
  for (const one of deferred) {
    if (one.type === 'connect') {
      if (one.task !== undefined) {
        flag(s, one.task);
      }
      waitForLink(s, one.ticket);
    } else if (one.type === 'subscribe') {
      flag(s, one.task);
    } else {
      takeLease(s, one.lease, one.task, one.kind);
    }
  }
}
