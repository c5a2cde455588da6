/** The worker's side of a task. */

import { SteadywireError } from '../errors';
import type { FailWords, LogWords, ProgressWords, Receipt } from '../types';
import { ASYNC_DISPOSE } from './dispose';
import type { Draft } from './engine';
import { errorWords, jsonOf, levelOf, percentOf, textOf } from './message';

/** What a reporter needs of its client. */
export interface Reporting {
  send(draft: Draft): Promise<Receipt>;
  /** Ends its lease. */
  leave(): void;
}

/**
 * Reports one task: how far it is, what it says, and exactly one end. Made by `client.report(id)`; keeps the link up
 * until the end is reported. With `await using` an end that was not reported is an error, code `abandoned`.
 */
export class Task {
  private over = false;

  /** @internal */
  constructor(
    readonly taskId: string,
    private readonly client: Reporting,
  ) {}

  /** Whether the end has been reported. */
  get ended(): boolean {
    return this.over;
  }

  /**
   * Reports how far the task is, 0 to 100. While there is no link the latest one waits.
   *
   * @throws {SteadywireError} `invalid_state` after the end.
   */
  progress(percent: number, more?: ProgressWords | null): Promise<Receipt> {
    const words = { stage: textOf('stage', more?.stage), message: textOf('message', more?.message) };
    return this.post({ type: 'progress', progress: percentOf('progress', percent), ...words });
  }

  /**
   * Reports a log line.
   *
   * @throws {SteadywireError} `queue_full` where the outbox is full, `invalid_state` after the end.
   */
  log(message: string, more?: LogWords | null): Promise<Receipt> {
    const metadata = more?.metadata ? jsonOf('metadata', more.metadata) : undefined;
    return this.post({ type: 'log', message: textOf('message', message), level: levelOf(more?.level), metadata });
  }

  /** Reports what the task says of itself: any JSON. Throws as `log`. */
  status(data: unknown): Promise<Receipt> {
    return this.post({ type: 'status', data: jsonOf('data', data) });
  }

  /** Ends the task well, with any JSON. Sent again on every new link until the server has it. */
  complete(data?: unknown): Promise<Receipt> {
    return this.end({ type: 'complete', data: jsonOf('data', data) });
  }

  /** Ends the task with an error. Sent again on every new link until the server has it. */
  fail(message: string, more?: FailWords | null): Promise<Receipt> {
    const code = textOf('code', more?.code);
    return this.end({ type: 'error', ...errorWords(textOf('message', message), code, more?.data) });
  }

  /** Ends the task as abandoned unless its end has been reported. */
  async [ASYNC_DISPOSE](): Promise<void> {
    if (!this.over) {
      await this.fail('the worker stopped without reporting an end', { code: 'abandoned' });
    }
  }

  private post(words: Omit<Draft, 'taskId'>): Promise<Receipt> {
    if (this.over) {
      throw new SteadywireError('invalid_state', `the end of task ${this.taskId} has been reported already`);
    }
    return this.client.send({ ...words, taskId: this.taskId });
  }

  private end(words: Omit<Draft, 'taskId'>): Promise<Receipt> {
    const receipt = this.post({ ...words, ack: true });
    this.over = true;
    this.client.leave();
    return receipt;
  }
}
