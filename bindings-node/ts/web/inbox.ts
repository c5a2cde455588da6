/**
 * Where events wait for the page. As long as it keeps pace nothing is decided here; when it lags, the class of an event
 * decides what may go. A browser's socket cannot be paused: where nothing may go, the driver delivers at once and keeps
 * the page, and with it the socket, from reading on.
 */

import { type Config, type Event, NO_KEY, type Settlement } from '../core';

/** A consumer lags when its oldest event waits longer than this, in milliseconds. */
export const LAG_AGE_MS = 100;

/** So many taken places may stand before those that wait before they are closed up. */
const GAPS_MIN = 1024;

/** What waits: an event or the answer to a call. */
export type Waiting = Event | { readonly event: 'overflow'; count: number } | Answer;

interface Answer {
  readonly ticket: number;
  readonly settlement: Settlement;
  readonly event?: undefined;
}

interface Entry {
  readonly key: number;
  readonly item: Waiting;
  readonly since: number;
  readonly weight: number;
  dead: boolean;
}

/** Kinds that are stored whether or not anybody listens: waiting calls depend on their order. */
const ALWAYS = new Set(['complete', 'error', 'lost', 'stateChange', 'connected', 'disconnected']);

/** Kinds that may be dropped at the bound. */
const LOG_CLASS = new Set(['log', 'message', 'heartbeat']);

export class Inbox {
  private entries: Entry[] = [];
  private head = 0;
  private events = 0;
  private bytes = 0;
  /** The latest waiting progress of a task, while the consumer lags. */
  private latest: Map<number, Entry> | undefined;
  private retry: Entry | undefined;
  private overflow: { readonly event: 'overflow'; count: number } | undefined;
  private wanted: ReadonlySet<string> | undefined = new Set();
  private conflated = 0;
  private dropped = 0;
  private unwanted = 0;

  constructor(private readonly config: Config) {}

  /** Exactly these kinds are stored from now on; `undefined` = all. */
  want(kinds: ReadonlySet<string> | undefined): void {
    this.wanted = kinds;
  }

  /** Whether nothing waits. */
  isEmpty(): boolean {
    return this.events === 0;
  }

  /** Stores an event of the task with this key, or of none. */
  store(key: number, event: Event, now: number): void {
    const kind = event.event;
    if (this.wanted && !this.wanted.has(kind) && !ALWAYS.has(kind)) {
      this.unwanted++;
      return;
    }
    const entry = this.add(key, event, now);
    if (kind === 'retry') {
      this.replace(this.retry);
      this.retry = entry;
    } else if (kind === 'progress' && key !== NO_KEY) {
      if (!this.latest && this.lags(now)) {
        this.beginLag();
      } else if (this.latest) {
        this.replace(this.latest.get(key));
        this.latest.set(key, entry);
      }
    }
  }

  /** Stores the answer to a call. Where it is that of `disconnect()`, waiting progress and logs are discarded. */
  answer(ticket: number, settlement: Settlement, now: number): void {
    if (settlement.type === 'disconnected') {
      for (const entry of this.entries) {
        const { event } = entry.item;
        if (!entry.dead && (event === 'progress' || (event !== undefined && LOG_CLASS.has(event)))) {
          this.kill(entry);
          this.dropped++;
        }
      }
      this.latest?.clear();
    }
    this.add(NO_KEY, { ticket, settlement }, now);
  }

  /**
   * Whether a bound is reached although the oldest of what may be dropped went, down to half of the bounds. One
   * `overflow` event says how many went.
   */
  isFull(now: number): boolean {
    const { maxPendingEvents, maxPendingBytes } = this.config;
    const full = () => this.events >= maxPendingEvents || this.bytes >= maxPendingBytes;
    if (!full()) {
      return false;
    }
    if (!this.latest && this.lags(now)) {
      this.beginLag();
    }
    let count = 0;
    for (const entry of this.entries) {
      if (this.events <= maxPendingEvents / 2 && this.bytes <= maxPendingBytes / 2) {
        break;
      }
      const { event } = entry.item;
      if (!entry.dead && event && (LOG_CLASS.has(event) || (event === 'progress' && entry.key === NO_KEY))) {
        this.kill(entry);
        count++;
      }
    }
    if (count > 0) {
      this.dropped += count;
      if (this.overflow) {
        this.overflow.count += count;
      } else {
        this.overflow = { event: 'overflow', count };
        this.add(NO_KEY, this.overflow, now);
      }
    }
    return full();
  }

  /** Takes the oldest. */
  take(now: number): Waiting | undefined {
    if (!this.latest && this.lags(now)) {
      this.beginLag();
    }
    for (let entry = this.entries[this.head]; entry; entry = this.entries[this.head]) {
      this.head++;
      if (!entry.dead) {
        this.kill(entry);
        this.forget(entry);
        this.tidy(now);
        return entry.item;
      }
    }
    return undefined;
  }

  /** Depths and counters, for statistics. */
  stats(now: number): Record<string, unknown> {
    const { events, bytes, conflated, dropped, unwanted } = this;
    return {
      pendingEvents: events,
      pendingBytes: bytes,
      oldestMs: this.oldestAge(now),
      conflated,
      dropped,
      unwanted,
      paused: false,
    };
  }

  private add(key: number, item: Waiting, since: number): Entry {
    const entry = { key, item, since, weight: weigh(item), dead: false };
    this.entries.push(entry);
    this.events++;
    this.bytes += entry.weight;
    return entry;
  }

  private replace(entry: Entry | undefined): void {
    if (entry && !entry.dead) {
      this.kill(entry);
      this.conflated++;
    }
  }

  private kill(entry: Entry): void {
    entry.dead = true;
    this.events--;
    this.bytes -= entry.weight;
  }

  private forget(entry: Entry): void {
    if (entry === this.retry) {
      this.retry = undefined;
    }
    if (entry.item === this.overflow) {
      this.overflow = undefined;
    }
    if (this.latest?.get(entry.key) === entry) {
      this.latest.delete(entry.key);
    }
  }

  private lags(now: number): boolean {
    const { maxPendingEvents, maxPendingBytes, conflate } = this.config;
    const half = this.events > maxPendingEvents / 2 || this.bytes > maxPendingBytes / 2;
    return conflate === 'lag' && this.events > 0 && (half || this.oldestAge(now) > LAG_AGE_MS);
  }

  /** Well below what makes a lag, so that it does not begin and end in turn. */
  private keepsPace(now: number): boolean {
    const { maxPendingEvents, maxPendingBytes } = this.config;
    const quarter = this.events <= maxPendingEvents / 4 && this.bytes <= maxPendingBytes / 4;
    return quarter && this.oldestAge(now) <= LAG_AGE_MS / 2;
  }

  /** How long the oldest has been waiting, in milliseconds. */
  oldestAge(now: number): number {
    const oldest = this.events > 0 ? this.entries[this.head] : undefined;
    return oldest ? Math.max(now - oldest.since, 0) : 0;
  }

  /** The consumer lags: of each task only the latest progress goes on waiting, from here on. */
  private beginLag(): void {
    this.latest = new Map();
    for (const entry of this.entries) {
      if (!entry.dead && entry.item.event === 'progress' && entry.key !== NO_KEY) {
        this.replace(this.latest.get(entry.key));
        this.latest.set(entry.key, entry);
      }
    }
  }

  private tidy(now: number): void {
    if (this.events === 0) {
      this.entries = [];
      this.head = 0;
      this.latest = undefined;
      return;
    }
    while (this.entries[this.head]?.dead) {
      this.head++;
    }
    if (this.entries.length > 2 * this.events + GAPS_MIN) {
      this.entries = this.entries.filter((entry) => !entry.dead);
      this.head = 0;
    }
    if (this.latest && this.keepsPace(now)) {
      this.latest = undefined;
    }
  }
}

/** What an item weighs against the bound in bytes: its texts, and something for itself. */
function weigh(item: Waiting): number {
  const { message, data, raw, metadata } = item as { [text: string]: string | undefined };
  return 96 + (message?.length ?? 0) + (data?.length ?? 0) + (raw?.length ?? 0) + (metadata?.length ?? 0);
}
