/** Who listens to what. */

import { SteadywireError } from '../errors';
import type { ConnectionState, EventName, Listener, StateChangeEvent } from '../types';

/** Takes a listener off; says whether it was on. */
export type Off = () => boolean;

/** Any listener, for calling. */
export type AnyListener = (...given: unknown[]) => unknown;

/** One listener as it was added. */
interface Entry {
  readonly listener: AnyListener;
  readonly once: boolean;
  alive: boolean;
}

/** Every kind of event. */
export const EVENT_NAMES: readonly EventName[] = [
  'progress',
  'log',
  'status',
  'error',
  'complete',
  'heartbeat',
  'message',
  'stateChange',
  'retry',
  'connected',
  'disconnected',
  'lost',
  'gap',
  'overflow',
];

/** The listeners of a client, by kind of event. Those of one kind are called in the order in which they were added. */
export abstract class Emitter {
  /** Copied on change, so that a round of calls sees those who listened when it began. */
  private readonly byName: { [Name in EventName]?: readonly Entry[] } = {};

  /**
   * Calls `listener` for every event of a kind, one at a time. Returns a function that takes it off again. One that
   * throws is counted and reported as an `error` event of source callback; nothing else changes.
   *
   * @throws {SteadywireError} `invalid_argument` for an unknown kind of event, or no function.
   */
  on<S extends string = ConnectionState>(
    event: 'stateChange',
    listener: (state: S, change: StateChangeEvent) => unknown,
  ): Off;
  on<Name extends EventName>(event: Name, listener: Listener<Name>): Off;
  on(event: EventName, listener: unknown): Off {
    return this.add(event, listener, false);
  }

  /** As `on`, for the next event only. */
  once<S extends string = ConnectionState>(
    event: 'stateChange',
    listener: (state: S, change: StateChangeEvent) => unknown,
  ): Off;
  once<Name extends EventName>(event: Name, listener: Listener<Name>): Off;
  once(event: EventName, listener: unknown): Off {
    return this.add(event, listener, true);
  }

  /** Takes a listener off: no call of it begins after this. Says whether it was on. */
  off<S extends string = ConnectionState>(
    event: 'stateChange',
    listener: (state: S, change: StateChangeEvent) => unknown,
  ): boolean;
  off<Name extends EventName>(event: Name, listener: Listener<Name>): boolean;
  off(event: EventName, listener: unknown): boolean {
    return this.find(event, listener);
  }

  /** The same as `on`. */
  addListener<Name extends EventName>(event: Name, listener: Listener<Name>): Off {
    return this.add(event, listener, false);
  }

  /** The same as `off`. */
  removeListener<Name extends EventName>(event: Name, listener: Listener<Name>): boolean {
    return this.find(event, listener);
  }

  /** Takes all listeners off, or those of one kind of event. */
  removeAllListeners(event?: EventName): void {
    for (const name of event === undefined ? EVENT_NAMES : [known(event)]) {
      for (const entry of this.byName[name] ?? []) {
        entry.alive = false;
      }
      delete this.byName[name];
    }
    this.listenersChanged();
  }

  /** How many listen to a kind of event. */
  listenerCount(event: EventName): number {
    return this.byName[known(event)]?.length ?? 0;
  }

  /** @internal The kinds that somebody listens to. */
  listenedTo(): EventName[] {
    return Object.keys(this.byName) as EventName[];
  }

  /** @internal Calls those who listen to `name`. Says whether anybody did. */
  emit(name: EventName, first: unknown, second?: unknown): boolean {
    const entries = this.byName[name];
    let heard = false;
    if (entries) {
      for (const entry of entries) {
        if (!entry.alive || (entry.once && !this.remove(name, entry))) {
          continue;
        }
        heard = true;
        try {
          const given = entry.listener(first, second);
          if (given !== undefined && typeof (given as PromiseLike<unknown> | null)?.then === 'function') {
            (given as PromiseLike<unknown>).then(undefined, (thrown) => this.listenerThrew(name, thrown));
          }
        } catch (thrown) {
          this.listenerThrew(name, thrown);
        }
      }
    }
    return heard;
  }

  /** @internal Somebody came or went. */
  protected abstract listenersChanged(): void;

  /** @internal A listener threw, or the promise of an async one was rejected. */
  protected abstract listenerThrew(name: EventName, thrown: unknown): void;

  private add(event: EventName, listener: unknown, once: boolean): Off {
    if (typeof listener !== 'function') {
      throw new SteadywireError('invalid_argument', `a listener is a function, not ${typeof listener}`);
    }
    const entry: Entry = { listener: listener as AnyListener, once, alive: true };
    this.byName[event] = [...(this.byName[known(event)] ?? []), entry];
    this.listenersChanged();
    return () => this.remove(event, entry);
  }

  private find(event: EventName, listener: unknown): boolean {
    // The latest of those that were added twice.
    const entry = [...(this.byName[known(event)] ?? [])].reverse().find((one) => one.listener === listener);
    return entry !== undefined && this.remove(event, entry);
  }

  private remove(event: EventName, entry: Entry): boolean {
    if (!entry.alive) {
      return false;
    }
    entry.alive = false;
    const rest = (this.byName[event] ?? []).filter((other) => other !== entry);
    if (rest.length > 0) {
      this.byName[event] = rest;
    } else {
      delete this.byName[event];
    }
    this.listenersChanged();
    return true;
  }
}

function known(event: EventName): EventName {
  if (!EVENT_NAMES.includes(event)) {
    throw new SteadywireError(
      'invalid_argument',
      `there is no event \`${String(event)}\`; ${EVENT_NAMES.join(', ')} are`,
    );
  }
  return event;
}
