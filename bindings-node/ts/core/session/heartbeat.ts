/** Keeping the link alive and noticing when it is not (rules BEAT and WAKE). */

import { encodeHeartbeat } from '../protocol';
import { upTo } from './backoff';
import type { InputOf, Transmit } from './io';
import { LATE_MS, MAX_PINGS, PROBE_MS } from './limits';
import { dialSoon, dropLink, linkBroke, linkHeard } from './link';
import { hasOpenWork } from './outcome';
import { aliveAfterWriting, writtenUpTo } from './receipts';
import type { Session } from './session';
import { current } from './tasks';

/** A ping without a pong. */
interface Ping {
  readonly number: number;
  /** How many messages had been written before it. */
  readonly written: number;
  readonly sent: number;
}

/** Heartbeat messages whose answers prove the same. */
interface Beats {
  /** How many messages had been written before the first of them. */
  readonly written: number;
  unanswered: number;
}

/** What keeps the current link alive. */
export interface Heartbeat {
  /** When the next heartbeat is due. */
  due: number;
  /** Until when a sign of life has to come. */
  deadline: number;
  /** Reading is paused: the deadline does not count. */
  paused: boolean;
  /** The server has shown that it answers heartbeats. */
  answers: boolean;
  /** Frames to write, at most one of each: the task of a heartbeat, the task of an answer, a ping. */
  beat: string | undefined;
  answer: string | undefined;
  ping: boolean;
  /** See `MAX_PINGS`. */
  pings: Ping[];
  /** Heartbeat messages without an answer, oldest first. See `MAX_PINGS`. */
  beats: Beats[];
  lastPing: number;
}

/** Nothing to keep alive; pings count on. */
export function newHeartbeat(lastPing: number): Heartbeat {
  return {
    due: Infinity,
    deadline: Infinity,
    paused: false,
    answers: false,
    beat: undefined,
    answer: undefined,
    ping: false,
    pings: [],
    beats: [],
    lastPing,
  };
}

export function heartbeatBegins(s: Session): void {
  heartbeatEnds(s);
  s.heartbeat.ping = s.platform.pings;
  scheduleBeat(s);
}

export function heartbeatEnds(s: Session): void {
  s.heartbeat = newHeartbeat(s.heartbeat.lastPing);
}

/** Something arrived on the current link. */
export function signOfLife(s: Session): void {
  s.heartbeat.deadline = Infinity;
  if (!s.link.heard) {
    linkHeard(s);
  }
}

/** Whether silence would end the link: there are heartbeats, and pings or a server that answers them. */
export function canTellADeadLink({ platform, heartbeat, config }: Session): boolean {
  return config.heartbeatInterval > 0 && (platform.pings || heartbeat.answers);
}

export function onPing(s: Session): void {
  signOfLife(s);
  aliveAfterWriting(s);
}

export function onPong(s: Session, { payload }: InputOf<'pong'>): void {
  signOfLife(s);
  const { pings } = s.heartbeat;
  const at = pings.findIndex(({ number }) => number === payload);
  const ping = pings[at];
  if (ping) {
    pings.splice(0, at + 1);
    s.counters.rttMs = s.mono - ping.sent;
    writtenUpTo(s, ping.written);
  }
  aliveAfterWriting(s);
}

/** A `heartbeat` message arrived. */
export function onHeartbeat(s: Session, task: string, received: boolean): void {
  const { heartbeat } = s;
  if (received) {
    heartbeat.answers = true;
    // It may be the answer to the oldest one, and proves no more than that.
    const oldest = heartbeat.beats[0];
    if (oldest) {
      if (--oldest.unanswered === 0) {
        heartbeat.beats.shift();
      }
      writtenUpTo(s, oldest.written);
    }
  } else {
    heartbeat.answer = task;
  }
}

export function onReadPaused(s: Session): void {
  s.heartbeat.paused = true;
  s.heartbeat.deadline = Infinity;
}

export function onReadResumed(s: Session): void {
  if (s.heartbeat.paused) {
    s.heartbeat.paused = false;
    probe(s);
  }
}

export function onWoke(s: Session, { sleptMs }: InputOf<'woke'>): void {
  s.counters.sleptMs += sleptMs;
  woke(s);
}

/** The machine slept, or the network or the page is back. */
export function woke(s: Session): void {
  if (s.link.phase === 'open') {
    probe(s);
  } else {
    dialSoon(s);
  }
}

export function heartbeatTimeout(s: Session): void {
  const now = s.mono;
  const { deadline } = s.heartbeat;
  if (deadline <= now) {
    if (now - deadline > LATE_MS) {
      probe(s);
    } else {
      dropLink(s);
      linkBroke(s, {
        kind: 'heartbeat_timeout',
        text: 'the server gave no sign of life in time; the link is dropped',
        disposition: 'retry',
      });
    }
  }
  const { heartbeat } = s;
  if (heartbeat.due <= now) {
    scheduleBeat(s);
    if (hasOpenWork(s)) {
      beatNow(s);
    }
    heartbeat.ping ||= s.platform.pings;
    expectLife(s, s.config.heartbeatTimeout);
  }
}

/** Heartbeats, answers and pings, which go ahead of everything. */
export function nextControl(s: Session): Transmit | undefined {
  const { heartbeat } = s;
  const { answer, beat } = heartbeat;
  if (answer !== undefined) {
    heartbeat.answer = undefined;
    return encodeHeartbeat(answer, s.wall, true);
  }
  if (beat !== undefined) {
    heartbeat.beat = undefined;
    noteBeat(s);
    return encodeHeartbeat(beat, s.wall, false);
  }
  if (heartbeat.ping) {
    heartbeat.ping = false;
    return makePing(s);
  }
  return undefined;
}

/** A ping, noted so that its pong can be told. */
export function makePing(s: Session): number {
  const { heartbeat } = s;
  const { pings } = heartbeat;
  const number = ++heartbeat.lastPing;
  if (pings.length === MAX_PINGS) {
    pings.shift();
  }
  pings.push({ number, written: s.receipts.written, sent: s.mono });
  return number;
}

/** A heartbeat is due every interval, up to a tenth sooner or later, so that many clients do not beat together. */
function scheduleBeat(s: Session): void {
  const { heartbeatInterval } = s.config;
  const tenth = Math.floor(heartbeatInterval / 10);
  s.heartbeat.due = heartbeatInterval > 0 ? s.mono + heartbeatInterval - tenth + upTo(s.rng, 2 * tenth) : Infinity;
}

function beatNow(s: Session): void {
  s.heartbeat.beat = current(s.tasks) ?? '';
}

/** Asks for a sign of life now and gives the server `PROBE_MS` for it. */
function probe(s: Session): void {
  if (s.platform.pings) {
    s.heartbeat.ping = true;
  } else {
    beatNow(s);
  }
  s.heartbeat.deadline = Infinity;
  expectLife(s, PROBE_MS);
}

function expectLife(s: Session, within: number): void {
  const { heartbeat } = s;
  const canTell = s.platform.pings || (heartbeat.answers && heartbeat.beat !== undefined);
  if (canTell && !heartbeat.paused && heartbeat.deadline === Infinity) {
    heartbeat.deadline = s.mono + within;
  }
}

function noteBeat(s: Session): void {
  const { beats } = s.heartbeat;
  const last = beats[MAX_PINGS - 1];
  if (last) {
    // Its answer then proves less than it could, and those after it no more than they should.
    last.unanswered++;
  } else {
    beats.push({ written: s.receipts.written, unanswered: 1 });
  }
}
