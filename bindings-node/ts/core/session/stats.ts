/** What a session can say of itself. */

import type { ErrorKind } from '../error';
import type { DropReason, Receipt, State } from '../event';
import { LAST_ERRORS } from './limits';
import type { Session } from './session';

/** Counters since the session was made. */
export interface Counters {
  attempts: number;
  connects: number;
  framesIn: number;
  bytesIn: number;
  framesOut: number;
  bytesOut: number;
  rejected: number;
  badFields: number;
  replaysDropped: number;
  gaps: number;
  questions: number;
  outcomes: number;
  lost: number;
  /** Messages by their final state. */
  readonly receipts: {
    written: number;
    acked: number;
    rejected: number;
    unknown: number;
    readonly dropped: Record<DropReason, number>;
  };
  sleptMs: number;
  rttMs: number | null;
  /** The last errors, oldest first. */
  readonly lastErrors: { readonly code: ErrorKind; readonly message: string }[];
}

/** The counters, and the session's depths now: the statistics with the names every language uses. */
export interface Stats extends Counters {
  state: State;
  generation: number;
  failures: number;
  tasks: number;
  openTasks: number;
  rememberedOutcomes: number;
  outboxMessages: number;
  outboxBytes: number;
  oldestQueuedMs: number;
  inFlight: number;
}

/** Counters at their beginning. */
export function newCounters(): Counters {
  return {
    attempts: 0,
    connects: 0,
    framesIn: 0,
    bytesIn: 0,
    framesOut: 0,
    bytesOut: 0,
    rejected: 0,
    badFields: 0,
    replaysDropped: 0,
    gaps: 0,
    questions: 0,
    outcomes: 0,
    lost: 0,
    receipts: {
      written: 0,
      acked: 0,
      rejected: 0,
      unknown: 0,
      dropped: {
        superseded: 0,
        overflow: 0,
        disconnected: 0,
        givenUp: 0,
        refused: 0,
        closed: 0,
        notConnected: 0,
      },
    },
    sleptMs: 0,
    rttMs: null,
    lastErrors: [],
  };
}

export function noteError({ lastErrors }: Counters, code: ErrorKind, message: string): void {
  if (lastErrors.push({ code, message }) > LAST_ERRORS) {
    lastErrors.shift();
  }
}

export function noteReceipt({ receipts }: Counters, receipt: Receipt): void {
  if (receipt.state === 'dropped') {
    receipts.dropped[receipt.reason]++;
  } else {
    receipts[receipt.state]++;
  }
}

/** What the session can say of itself now, as a value of its own. */
export function statsOf(s: Session): Stats {
  const { counters, link, tasks, outbox, receipts } = s;
  const oldest = outbox.queue[0];
  return {
    ...counters,
    receipts: { ...counters.receipts, dropped: { ...counters.receipts.dropped } },
    lastErrors: counters.lastErrors.slice(),
    state: s.state,
    generation: link.generation,
    failures: link.attempts.failures,
    tasks: tasks.wanted,
    openTasks: tasks.open,
    rememberedOutcomes: tasks.outcomes.byId.size,
    outboxMessages: outbox.queue.length,
    outboxBytes: outbox.bytes,
    oldestQueuedMs: oldest ? s.mono - oldest.since : 0,
    inFlight: receipts.inFlight.length,
  };
}
