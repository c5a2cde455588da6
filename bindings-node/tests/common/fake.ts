/** A client over an engine that notes what it is asked and answers as the test says. */

import { BaseClient, type Call, type Engine, type Item } from '../../ts/common';
import type { Cursors, EventName, Logger, State } from '../../ts/types';

export class FakeClient extends BaseClient {
  readonly calls: Call[] = [];
  readonly logged: string[] = [];
  readonly surfaced: unknown[] = [];
  wanted: readonly EventName[] | 'all' = [];
  refusal: Error | undefined;
  now: State = 'disconnected';

  constructor(log?: () => void) {
    const lines: string[] = [];
    const surfaced: unknown[] = [];
    const note = (level: string) => log ?? ((text: string) => lines.push(`${level} ${text}`));
    const logger: Logger = { debug: note('debug'), warn: note('warn'), error: note('error') };
    super(logger, (thrown) => surfaced.push(thrown));
    this.logged = lines;
    this.surfaced = surfaced;
  }

  protected readonly engine: Engine = {
    call: (call) => {
      if (this.refusal) {
        throw this.refusal;
      }
      this.calls.push(call);
    },
    want: (kinds) => {
      this.wanted = kinds;
    },
    state: () => this.now,
    currentTask: () => 't',
    stats: () => ({ state: this.now }),
    cursors: (): Cursors => ({ t: { epoch: 'e', seq: 1 } }),
  };

  /** Delivers items; says where a platform would go on in a new macrotask. */
  tell(...items: Item[]): boolean[] {
    return items.map((item) => this.router.deliver(item));
  }
}

export const progress = (value: number, taskId = 't') =>
  ({ type: 'progress', taskId, stage: 's', progress: value, message: '', timestamp: 0 }) as const;

export const log = (message: string, taskId = 't') =>
  ({ type: 'log', taskId, level: 'info', message, timestamp: 0 }) as const;

export const connected = (ticket: number) => ({ ticket, settlement: { type: 'connected' } }) as const;

export const outcome = (ticket: number, data: unknown = { answer: 42 }): Item => ({
  ticket,
  settlement: {
    type: 'outcome',
    outcome: {
      taskId: 't',
      kind: 'complete',
      data,
      message: '',
      code: '',
      reason: undefined,
      timestamp: 7,
      synthetic: false,
    },
  },
});
