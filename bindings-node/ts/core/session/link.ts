/** The transport: attempts, what ends them, and what happens next (rules LINK, TRY and CLOSE). */

import { redactUrl } from '../config';
import { SteadywireError, type ErrorKind } from '../error';
import type { ErrorSource, State } from '../event';
import {
  attemptFailed,
  causeOf,
  dial,
  linkLost,
  newAttempts,
  rejectWaiters,
  toldKind,
  tryNow,
  type Attempts,
  type Cause,
} from './attempts';
import { upTo } from './backoff';
import { settle, tell } from './calls';
import { decideUndecided } from './classify';
import { ofClose, parseCloseReason } from './disposition';
import { heartbeatBegins, heartbeatEnds, woke } from './heartbeat';
import type { CredentialsFailure, Generation, InputOf, Ticket } from './io';
import { CREDENTIALS_MS, SILENT_STABLE_MS, WAKE_SPREAD_MS } from './limits';
import { receiptsOfLostLink } from './receipts';
import type { Session } from './session';
import { noteError } from './stats';
import { subscriptionsBegin, subscriptionsEnd } from './subscriptions';

/** The transport and the history of attempts. */
export interface Link {
  generation: Generation;
  /**
   * `preparing`: credentials are awaited. `dialling`: a transport is being opened. `undecided`: what its end means is
   * being asked.
   */
  phase: 'stopped' | 'waiting' | 'preparing' | 'dialling' | 'undecided' | 'open';
  /** The deadline of the phase: the next attempt, the end of this one, the time at which an open link is stable. */
  until: number;
  /** While waiting: the server asked for this delay. */
  asked: boolean;
  /** While undecided: what is. */
  undecided: Cause | undefined;
  /** While open: since when, and whether anything has arrived. */
  since: number;
  heard: boolean;
  attempts: Attempts;
  offline: boolean;
  hidden: boolean;
  /** Who waits for the link. */
  waiters: Ticket[];
  /** What is dialled, to be shown. */
  url: string | undefined;
}

/** No transport yet. */
export function newLink(): Link {
  return {
    generation: 0,
    phase: 'stopped',
    until: Infinity,
    asked: false,
    undecided: undefined,
    since: 0,
    heard: false,
    attempts: newAttempts(false),
    offline: false,
    hidden: false,
    waiters: [],
    url: undefined,
  };
}

/** Whether the network is on and the page is shown. */
export function isReachable(link: Link): boolean {
  return !link.offline && !link.hidden;
}

/** Whether an attempt is under way. */
function isTrying({ phase }: Link): boolean {
  return phase === 'preparing' || phase === 'dialling';
}

/** Begins a phase, with its deadline. */
export function moveTo(link: Link, phase: Link['phase'], until: number): void {
  link.phase = phase;
  link.until = until;
  link.asked = false;
  link.undecided = undefined;
}

/** Notes who waits for the link. */
export function waitForLink(s: Session, ticket: Ticket): void {
  if (ticket !== 0) {
    s.link.waiters.push(ticket);
  }
}

/** Dials now: begins anew if stopped, cuts a wait short, joins an attempt under way. */
export function dialNow(s: Session, reason: string): void {
  if (s.link.phase === 'waiting') {
    tryNow(s, reason);
  } else {
    dialIfStopped(s, reason);
  }
}

/** Begins anew if nothing is under way. */
export function dialIfStopped(s: Session, reason: string): void {
  if (s.link.phase === 'stopped') {
    s.link.attempts = newAttempts(false);
    setState(s, 'connecting', reason, undefined, true);
    tryNow(s, reason);
  }
}

/** Lets go of an attempt or a link because the user asked. Not a failure; tries are counted anew. */
export function abandonLink(s: Session, reason: string): void {
  const { link } = s;
  const { phase } = link;
  link.attempts.tries = 0;
  if (phase === 'stopped' || phase === 'waiting') {
    return;
  }
  if (phase !== 'undecided') {
    dropLink(s);
  }
  if (phase === 'open') {
    linkIsGone(s, undefined, reason);
    setState(s, 'reconnecting', reason, undefined, true);
  }
  moveTo(link, 'waiting', s.mono);
}

/** Tells the driver to cut the current transport. */
export function dropLink(s: Session): void {
  s.outputs.push({ type: 'drop', generation: s.link.generation });
}

export function onOpened(s: Session): void {
  const { link } = s;
  const { generation, attempts, waiters } = link;
  const now = s.mono;
  if (s.state === 'connecting') {
    attempts.tries = 0;
  }
  attempts.lastCloseCode = attempts.lastHttpStatus = undefined;
  moveTo(link, 'open', now + SILENT_STABLE_MS);
  link.since = now;
  link.heard = false;
  s.counters.connects++;
  setState(s, 'connected', 'the link is up', undefined, false);
  tell(s, { event: 'connected', generation });
  link.waiters = [];
  for (const ticket of waiters) {
    settle(s, ticket, { type: 'connected' });
  }
  heartbeatBegins(s);
  subscriptionsBegin(s);
}

export function onDialFailed(s: Session, { failure }: InputOf<'dialFailed'>): void {
  attemptFailed(s, causeOf(s, failure));
}

export function onCredentials(s: Session, { failure }: InputOf<'credentials'>): void {
  if (failure) {
    credentialsFailed(s, failure);
  } else {
    s.link.attempts.forceRefresh = false;
    dial(s);
  }
}

function credentialsFailed(s: Session, { message, fatal }: CredentialsFailure): void {
  attemptFailed(s, {
    kind: 'credentials_failed',
    text: `credentials could not be had: ${message}`,
    disposition: fatal ? 'fatal' : 'retry',
  });
}

export function onClosed(s: Session, { code: closeCode = 1005, reason }: InputOf<'closed'>): void {
  const said = parseCloseReason(reason);
  const disposition = said.disposition ?? s.config.dispositions.get(closeCode) ?? ofClose(closeCode);
  linkLost(s, {
    kind: 'connection_lost',
    text:
      closeCode === 1006
        ? reason || 'the connection ended without a close frame'
        : `the server closed the link with code ${closeCode}${reason && `: ${reason}`}`,
    disposition,
    closeCode,
    retryAfterMs: said.retryAfterMs,
    isOpenToQuestion: true,
  });
}

export function onBroken(s: Session, { failure }: InputOf<'broken'>): void {
  linkBroke(s, causeOf(s, failure));
}

/** The link failed in a way that is nobody's wish: told by an `error` event too. */
export function linkBroke(s: Session, cause: Cause): void {
  report(s, 'transport', toldKind(cause), cause.text, false);
  linkLost(s, cause);
}

/** A frame, ping or pong arrived on the current link for the first time. */
export function linkHeard(s: Session): void {
  const { link } = s;
  link.heard = true;
  if (link.until !== Infinity) {
    link.until = link.since + Math.min(s.config.stableAfter, SILENT_STABLE_MS);
  }
  // The deadline may have passed while nothing had been heard.
  linkTimeout(s);
}

export function linkTimeout(s: Session): void {
  const { link } = s;
  if (link.until > s.mono) {
    return;
  }
  if (link.phase === 'waiting') {
    tryNow(s, 'the delay is over');
  } else if (link.phase === 'preparing') {
    dropLink(s);
    credentialsFailed(s, { message: `no answer within ${CREDENTIALS_MS} ms` });
  } else if (link.phase === 'dialling') {
    const { url, connectTimeout } = s.config;
    dropLink(s);
    attemptFailed(s, {
      kind: 'connect_timeout',
      text: `no connection to ${link.url ?? redactUrl(url)} within ${connectTimeout} ms`,
      disposition: 'retry',
    });
  } else if (link.phase === 'undecided') {
    decideUndecided(s, undefined);
  } else {
    // Rule TRY-6: the link is stable.
    link.until = Infinity;
    link.attempts = newAttempts(true);
  }
}

/** The machine slept, or the page or the network is back: those who wait dial soon, spread out. */
export function dialSoon(s: Session): void {
  const { link } = s;
  if (link.phase === 'waiting' && !link.asked) {
    link.until = Math.min(link.until, s.mono + upTo(s.rng, WAKE_SPREAD_MS));
  }
}

/** The network came or went, or the page was shown or hidden. */
export function onReachable(s: Session, sense: 'offline' | 'hidden', is: boolean): void {
  const { link } = s;
  const before = isReachable(link);
  link[sense] = is;
  if (!before && isReachable(link)) {
    link.attempts.uncounted = 0;
    woke(s);
  }
}

/** Ends everything that is under way with the transport. No events. */
export function stopLink(s: Session): void {
  if (isTrying(s.link)) {
    dropLink(s);
  }
  moveTo(s.link, 'stopped', Infinity);
}

/** The link that was up is gone: what hung on it ends, and `disconnected` tells. */
export function linkIsGone(s: Session, closeCode: number | undefined, reason: string): void {
  moveTo(s.link, 'stopped', Infinity);
  heartbeatEnds(s);
  subscriptionsEnd(s);
  receiptsOfLostLink(s);
  tell(s, { event: 'disconnected', generation: s.link.generation, closeCode, reason });
}

/** The state is this from now on; told where it is another than before. */
export function setState(s: Session, state: State, reason: string, cause: Cause | undefined, willRetry: boolean): void {
  const previous = s.state;
  if (previous !== state) {
    s.state = state;
    const { generation } = s.link;
    const { closeCode, httpStatus } = cause ?? ({} as Partial<Cause>);
    tell(s, { event: 'stateChange', state, previous, reason, generation, closeCode, httpStatus, willRetry });
  }
}

/** Tells of an error of our own finding, and remembers it. */
export function report(s: Session, source: ErrorSource, code: ErrorKind, message: string, fatal: boolean): void {
  noteError(s.counters, code, message);
  tell(s, {
    event: 'error',
    source,
    code,
    message,
    taskId: undefined,
    data: undefined,
    fatal,
    timestamp: s.wall,
    synthetic: false,
  });
}

/** Fails everyone who waits for the link because the user disconnected. */
export function rejectWaitersDisconnected(s: Session): void {
  rejectWaiters(s, new SteadywireError('disconnected', 'disconnect() was called before the link was up'));
}
