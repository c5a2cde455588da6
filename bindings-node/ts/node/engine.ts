/** The native session under a client: passes calls on, and delivers what comes, in turns that hold the loop shortly. */

import type { Call, Draft, Engine, Router } from '../common';
import { ERROR_CODES, type ErrorKind, SteadywireError } from '../errors';
import type { Cursors, EventName, State } from '../types';
import { addon, type Native } from './addon';
import { answerQuestions } from './asking';
import { LAYOUT } from './layout';
import type { Settings } from './options';
import { Records } from './records';

/** A turn ends after so many milliseconds or so many drains, and goes on in the next round of the loop. */
const TURN_MS = 5;
const TURN_DRAINS = 8;

/** How drains grow: events in the core can still be replaced by newer ones, events in a drain cannot. */
const FIRST_DRAIN = 64;
const MAX_DRAIN = 1000;
const FAST_MS = 1;

/** The clock is read after so many records, and fewer where the listeners take their time. */
const MAX_STRIDE = 64;

/** What the addon's wake-up holds of an engine, so that a client that nobody uses is collected. */
interface Woken {
  readonly weak: WeakRef<NativeEngine>;
  strong: NativeEngine | undefined;
}

/** An engine over the addon. */
export class NativeEngine implements Engine {
  private readonly native: Native;
  private readonly woken: Woken;
  private readonly records = new Records();
  /** Whether the program is ever asked anything. */
  private readonly answers: boolean;
  private more = false;
  private size = FIRST_DRAIN;
  private stride = MAX_STRIDE;
  /** A turn is to come. */
  private turning: NodeJS.Immediate | NodeJS.Timeout | undefined;
  /** How many disconnects have not been answered. */
  private ending = 0;
  private held = false;
  private referred = true;
  private closed = false;
  private wanted: readonly EventName[] | 'all' = [];
  /** More than that is kept. */
  private keepsAll = false;
  /** Listeners may be running. */
  private delivering = false;
  /** The state may have changed since the hold on the event loop was looked at. */
  private stale = false;

  constructor(
    json: string,
    private readonly settings: Settings,
    private readonly router: Router,
  ) {
    const woken: Woken = { weak: new WeakRef(this), strong: undefined };
    this.woken = woken;
    const { Native } = addon();
    this.answers = settings.asks || settings.classify !== undefined;
    const wake = () => (woken.strong ?? woken.weak.deref())?.woke();
    this.native = guarded(() => new Native(json, settings.asks, settings.classify !== undefined, wake));
  }

  call(call: Call): void {
    if (call.type === 'subscribe' || call.type === 'lease') {
      this.keepAll();
    }
    guarded(() => this.pass(call));
    if (call.type === 'send' && this.held) {
      // Its receipt is waited for.
      this.woken.strong = this;
      return;
    }
    this.stale = true;
    if (call.type === 'disconnect') {
      this.ending++;
    }
    if (call.type === 'close') {
      this.end();
    } else if (this.isActive()) {
      this.hold();
    } else {
      // What such a call is answered with is there already; the loop must not end before it is told.
      this.goOn();
    }
  }

  want(kinds: readonly EventName[] | 'all'): void {
    this.wanted = kinds;
    if (kinds === 'all' || this.keepsAll) {
      this.native.wantAll();
    } else {
      this.native.want(kinds.reduce((sum, name) => sum + 2 ** LAYOUT.kinds[name], 0));
    }
    this.keep();
  }

  state(): State {
    return this.native.state() as State;
  }

  currentTask(): string | undefined {
    return this.native.currentTaskId() ?? undefined;
  }

  stats(): Record<string, unknown> {
    return JSON.parse(this.native.stats());
  }

  cursors(): Cursors {
    return JSON.parse(this.native.cursors());
  }

  /** Whether the process goes on while the client is open. */
  refer(on: boolean): void {
    this.referred = on;
    this.hold();
  }

  private woke(): void {
    if (this.closed) {
      return;
    }
    if (this.answers) {
      answerQuestions(this.native, this.settings);
    }
    if (this.turning) {
      // The bell does not ring again for what it rang for now.
      this.more = true;
    } else {
      this.turn();
    }
  }

  /** Until the next turn: what is sent at once waits for the listeners that are added right after a call. */
  private keepAll(): void {
    if (!this.keepsAll) {
      this.keepsAll = true;
      this.native.wantAll();
      this.goOn();
    }
  }

  private goOn(): void {
    const holds = !this.isLeft();
    if (!this.turning) {
      const turn = () => {
        this.turning = undefined;
        this.turn();
      };
      // An immediate that does not hold the loop does not wake it either.
      this.turning = holds ? setImmediate(turn) : setTimeout(turn, 0).unref();
    } else if (holds) {
      this.turning.ref();
    }
  }

  /** Delivers for a moment. A defect would end the turn and not what comes after. */
  private turn(): void {
    if (this.keepsAll) {
      this.keepsAll = false;
      this.want(this.wanted);
    }
    let isOver = false;
    this.delivering = true;
    try {
      this.deliverTurn();
      isOver = true;
    } finally {
      this.delivering = false;
      if (!isOver && !this.closed) {
        this.goOn();
      }
    }
  }

  /** Goes on in another turn where something is left, or where a promise was settled. */
  private deliverTurn(): void {
    const begun = performance.now();
    for (let drain = 0; drain < TURN_DRAINS && !this.closed; drain++) {
      if (this.records.left === 0 && !this.fill()) {
        break;
      }
      const goesOn = this.deliver(begun);
      if (!this.more && this.records.left === 0) {
        break;
      }
      if (!goesOn) {
        this.goOn();
        return;
      }
    }
    if (this.closed) {
      return;
    }
    if (this.more || this.records.left > 0) {
      this.goOn();
    } else if (this.stale || (this.woken.strong && !this.router.isAwaited())) {
      this.stale = false;
      this.hold();
    }
  }

  private fill(): boolean {
    this.router.wantNow();
    this.more = this.records.fill(this.native, this.size);
    return this.records.left > 0;
  }

  /** Delivers the records there are. Says whether the turn may go on. */
  private deliver(begun: number): boolean {
    const { records, router } = this;
    const from = performance.now();
    const count = records.left;
    let goesOn = true;
    let looked = from;
    let toLook = this.stride;
    while (goesOn && !this.closed) {
      const item = records.next();
      if (item === undefined) {
        break;
      }
      if ('settlement' in item) {
        const { type } = item.settlement;
        this.stale = this.stale || (type !== 'receipt' && type !== 'flushed');
        this.ending -= type === 'disconnected' ? 1 : 0;
      } else if (item.type === 'stateChange') {
        this.stale = true;
      }
      goesOn = !router.deliver(item);
      if (--toLook === 0) {
        const now = performance.now();
        this.stride = now - looked > FAST_MS ? Math.max(this.stride >> 1, 1) : Math.min(this.stride * 2, MAX_STRIDE);
        looked = now;
        toLook = this.stride;
        goesOn = goesOn && now - begun < TURN_MS;
      }
    }
    const now = performance.now();
    const took = now - from;
    router.batchTook(took);
    if (took > 2 * TURN_MS || (!goesOn && records.left > 0 && took >= TURN_MS)) {
      this.size = Math.max(this.size >> 1, 1);
    } else if (count >= this.size && took < TURN_MS / 2) {
      this.size = Math.min(this.size * 2, MAX_DRAIN);
    }
    return goesOn && now - begun < TURN_MS;
  }

  private pass(call: Call): void {
    const { native } = this;
    switch (call.type) {
      case 'connect':
        return native.connect(call.ticket, call.task === undefined ? undefined : taskOf(call.task));
      case 'reconnect':
      case 'disconnect':
      case 'flush':
        return native[call.type](call.ticket);
      case 'subscribe':
      case 'unsubscribe':
        return native[call.type](taskOf(call.task));
      case 'lease':
        return native.lease(call.lease, taskOf(call.task), call.kind);
      case 'unlease':
        return native.unlease(call.lease);
      case 'send':
        return send(native, call.ticket, call.message);
      case 'close':
        return native.close();
    }
  }

  private isActive(): boolean {
    const state = this.native.state();
    return !this.closed && (this.ending > 0 || (state !== 'disconnected' && state !== 'error'));
  }

  /** Whether the process may end while this is active. A disconnect that was begun is waited for. */
  private isLeft(active = this.isActive()): boolean {
    return active && !this.referred && this.ending === 0;
  }

  /** Holds the event loop while the client is open, or lets it go. */
  private hold(): void {
    const active = this.isActive();
    const holds = active && !this.isLeft(active);
    if (holds !== this.held) {
      this.native.hold(holds);
      this.held = holds;
      if (!active && !this.closed) {
        // What ended the client may have come since the last drain, and the bell for it holds the loop no longer.
        this.goOn();
      }
    }
    this.keep(active);
  }

  /** An open client that somebody listens to lives on even if nobody holds it. */
  private keep(active = this.woken.strong !== undefined || (!this.closed && this.isActive())): void {
    this.woken.strong = active && this.router.isAwaited() ? this : undefined;
  }

  /** Tells what the core has told at its end, so that nobody is told less; listeners unless this is inside of one. */
  private end(): void {
    const isInside = this.delivering || this.closed;
    this.closed = true;
    do {
      for (let item = this.records.next(); item; item = this.records.next()) {
        if ('settlement' in item || !isInside) {
          this.router.deliver(item);
        }
      }
    } while (this.fill() || this.more);
    this.hold();
  }
}

function send(native: Native, ticket: number, draft: Draft): void {
  const { type, taskId, ack = false, timestamp, progress = 0, message = '' } = draft;
  const word = draft.stage ?? draft.level ?? draft.code ?? '';
  native.send(ticket, type, taskId, ack, timestamp, progress, message, word, draft.metadata ?? draft.data);
}

function taskOf(task: unknown): string {
  if (typeof task !== 'string') {
    throw new SteadywireError('invalid_argument', `a task id is a string, not ${task === null ? 'null' : typeof task}`);
  }
  return task;
}

/** The addon's errors as those of the library. */
function guarded<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: string };
    if (error instanceof SteadywireError || typeof code !== 'string') {
      throw error;
    }
    const kind = code in ERROR_CODES ? (code as ErrorKind) : 'invalid_argument';
    throw new SteadywireError(kind, message ?? code, kind === code ? undefined : error);
  }
}
