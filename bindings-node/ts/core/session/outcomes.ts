/** The last outcomes, remembered for those who ask after the end (rule OUT-9). */

import type { Outcome } from '../event';
import { utf8Length } from './bytes';
import { MAX_OUTCOMES, MAX_OUTCOME_BYTES } from './limits';
import type { Cursor } from './tasks';

/** One outcome and where it was seen. */
interface Remembered {
  readonly outcome: Outcome;
  readonly seen: Cursor | undefined;
  readonly bytes: number;
}

/** The last outcomes, oldest first. */
export interface Outcomes {
  readonly byId: Map<string, Remembered>;
  bytes: number;
}

/** Whether a repeated end of a task nobody wants any more is the one remembered. */
export function repeats(outcomes: Outcomes, id: string, epoch: string | undefined): boolean {
  const one = outcomes.byId.get(id);
  return one !== undefined && (epoch === undefined || !one.seen || epoch === one.seen.epoch);
}

/** Remembers an outcome in the place of the task's earlier one. At the bounds the oldest go. */
export function remember(outcomes: Outcomes, outcome: Outcome, seen: Cursor | undefined): void {
  const { byId } = outcomes;
  const { taskId, data, message, code } = outcome;
  const bytes = utf8Length(taskId) + utf8Length(data) + utf8Length(message) + utf8Length(code);
  forget(outcomes, taskId);
  byId.set(taskId, { outcome, seen, bytes });
  outcomes.bytes += bytes;
  for (const oldest of byId.keys()) {
    if (byId.size <= MAX_OUTCOMES && (outcomes.bytes <= MAX_OUTCOME_BYTES || byId.size === 1)) {
      break;
    }
    forget(outcomes, oldest);
  }
}

/** Forgets the outcome of a task, if it is remembered. Gives where it was seen. */
export function forget(outcomes: Outcomes, id: string): Cursor | undefined {
  const one = outcomes.byId.get(id);
  outcomes.byId.delete(id);
  outcomes.bytes -= one ? one.bytes : 0;
  return one && one.seen;
}
