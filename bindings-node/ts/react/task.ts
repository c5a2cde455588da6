/** What is known of one task: changed by events, shown as immutable snapshots. */

import type { CompleteEvent, ErrorEvent, LogEntry, LogEvent, LostEvent, LostReason, ProgressUpdate } from '../types';

/** How many log lines of a task are kept; older ones go and are counted. */
export const MAX_LOGS = 1000;

/** How a task is. */
export type TaskStatus = 'unknown' | 'running' | 'complete' | 'error' | 'lost';

/** What is known of a task now. A new object each time something changed, at most once per frame. */
export interface TaskSnapshot {
  readonly taskId: string | undefined;
  readonly status: TaskStatus;
  readonly progress: ProgressUpdate | undefined;
  /** 0 to 100; 100 once it is complete. */
  readonly progressPercentage: number;
  readonly currentStage: string;
  /** The last 1,000 lines, oldest first. */
  readonly logs: readonly LogEntry[];
  /** How many lines went before them. */
  readonly droppedLogs: number;
  readonly isComplete: boolean;
  readonly isFailed: boolean;
  /** Complete, failed or lost: nothing more will come. */
  readonly isDone: boolean;
  /** What came with `complete`. */
  // biome-ignore lint/suspicious/noExplicitAny: it is any JSON
  readonly result: any;
  /** Why it failed. */
  readonly failure: ErrorEvent | undefined;
  /** Why it was lost. */
  readonly lostReason: LostReason | undefined;
  /** Milliseconds it will still take at the present rate. */
  readonly eta: number | undefined;
  /** Percent per second. */
  readonly rate: number | undefined;
  /** It has said nothing for long, and has not ended. */
  readonly stalled: boolean;
  /** When it last said something; milliseconds since the Unix epoch. */
  readonly lastEventAt: number | undefined;
}

/** It has not ended. */
const OPEN = {
  isComplete: false,
  isFailed: false,
  isDone: false,
  result: undefined,
  failure: undefined,
  lostReason: undefined,
} as const;

/** A task that says something has not ended. */
const ANEW = { ...OPEN, status: 'running' } as const;

/** Nothing is known. */
export const UNKNOWN: TaskSnapshot = {
  ...OPEN,
  taskId: undefined,
  status: 'unknown',
  progress: undefined,
  progressPercentage: 0,
  currentStage: '',
  logs: [],
  droppedLogs: 0,
  eta: undefined,
  rate: undefined,
  stalled: false,
  lastEventAt: undefined,
};

/** How much a new measurement counts in the rate. */
const WEIGHT = 0.3;

/** What is known of one task. */
export class TaskStore {
  /** What is shown. */
  snapshot: TaskSnapshot;
  readonly listeners = new Set<() => void>();
  private next: { -readonly [Name in keyof TaskSnapshot]?: TaskSnapshot[Name] } = {};
  private logs: LogEntry[] = [];
  /** How many lines went before they were shown. */
  private dropped = 0;
  private stall: ReturnType<typeof setTimeout> | undefined;

  /** `changed` is told where something waits to be shown; `now` = it is not to wait for a frame. */
  constructor(
    readonly taskId: string,
    private readonly stallMs: number,
    private readonly changed: (store: TaskStore, now: boolean) => void,
  ) {
    this.snapshot = { ...UNKNOWN, taskId };
  }

  progress(event: ProgressUpdate): void {
    const before = this.next.progress ?? this.snapshot.progress;
    const { progress, stage } = event;
    const seconds = before ? (event.timestamp - before.timestamp) / 1000 : 0;
    const gained = before ? progress - before.progress : 0;
    const known = this.next.rate ?? this.snapshot.rate;
    let rate = known;
    if (gained < 0) {
      rate = undefined;
    } else if (seconds > 0) {
      const measured = gained / seconds;
      rate = known === undefined ? measured : known + WEIGHT * (measured - known);
    }
    this.change(
      {
        progress: event,
        progressPercentage: progress,
        currentStage: stage,
        rate,
        eta: rate ? Math.round(((100 - progress) / rate) * 1000) : undefined,
      },
      false,
    );
  }

  log(event: LogEvent): void {
    this.logs.push(event);
    this.change({}, false);
  }

  complete({ data }: CompleteEvent): void {
    this.end({ status: 'complete', isComplete: true, result: data, progressPercentage: 100 });
  }

  failed(failure: ErrorEvent): void {
    this.end({ status: 'error', isFailed: true, failure });
  }

  lost({ reason }: LostEvent): void {
    this.end({ status: 'lost', lostReason: reason });
  }

  /** It said something else. */
  heard(): void {
    this.change({}, false);
  }

  /** Shows what waits. Says whether anything did. */
  show(): boolean {
    const { next, logs } = this;
    if (Object.keys(next).length === 0) {
      return false;
    }
    const all = logs.length > 0 ? [...this.snapshot.logs, ...logs.slice(-MAX_LOGS)] : this.snapshot.logs;
    const shown = all.length > MAX_LOGS ? all.slice(-MAX_LOGS) : all;
    const before = this.snapshot.droppedLogs + this.snapshot.logs.length;
    const droppedLogs = before + this.dropped + logs.length - shown.length;
    this.snapshot = { ...this.snapshot, ...next, logs: shown, droppedLogs };
    this.next = {};
    this.logs = [];
    this.dropped = 0;
    this.watchForStall();
    return true;
  }

  /** Forgets its timer. */
  stop(): void {
    clearTimeout(this.stall);
  }

  private change(what: typeof this.next, now: boolean): void {
    clearTimeout(this.stall);
    // A straggling line changes nothing about the end; progress after it means that the task is run again.
    const isOver = this.snapshot.isDone && what.progress === undefined;
    const begun = isOver ? {} : ANEW;
    this.next = { stalled: false, ...begun, ...this.next, ...what, lastEventAt: Date.now() };
    this.changed(this, now);
    if (this.logs.length > 2 * MAX_LOGS) {
      // Without frames nobody shows what waits.
      this.dropped += this.logs.length - MAX_LOGS;
      this.logs = this.logs.slice(-MAX_LOGS);
    }
  }

  private end(what: typeof this.next): void {
    this.change({ ...OPEN, isDone: true, eta: undefined, ...what }, true);
  }

  private watchForStall(): void {
    clearTimeout(this.stall);
    if (this.stallMs > 0 && !this.snapshot.isDone && !this.snapshot.stalled) {
      this.stall = setTimeout(() => {
        this.next = { ...this.next, stalled: true };
        this.changed(this, true);
      }, this.stallMs);
    }
  }
}
