/** How events are made of what the session tells. */

import type { CompleteEvent, ErrorEvent, Event, LostEvent, Outcome, StatusEvent, TaskEvent } from '../types';

/** The value of a JSON text; `undefined` where there is none. */
export function parsed(json: string | undefined): unknown {
  return json === undefined ? undefined : JSON.parse(json);
}

export function statusEvent(taskId: string, timestamp: number, data: string): StatusEvent {
  return withFields({ type: 'status', taskId, timestamp, data: parsed(data) });
}

export function completeEvent(taskId: string, timestamp: number, data: unknown, synthetic: boolean): CompleteEvent {
  return withFields({ type: 'complete', taskId, timestamp, data, synthetic });
}

/** Whether the event tells that a task ended. To follows that comes as the answer to their lease, exactly once. */
export function isOutcome(event: Event): boolean {
  return (
    event.type === 'complete' ||
    event.type === 'lost' ||
    (event.type === 'error' && event.source === 'task' && event.fatal)
  );
}

/** The event that an outcome is told as. */
export function eventOf(outcome: Outcome): CompleteEvent | ErrorEvent | LostEvent {
  const { taskId, timestamp, data, message, code, synthetic } = outcome;
  return outcome.kind === 'complete'
    ? completeEvent(taskId, timestamp, data, synthetic)
    : outcome.kind === 'lost'
      ? { type: 'lost', taskId, reason: outcome.reason ?? 'closed' }
      : { type: 'error', source: 'task', code, message, taskId, data, fatal: true, timestamp, synthetic };
}

/** What an event weighs against a bound in bytes: its texts, and something for itself. */
export function weightOf(event: TaskEvent): number {
  const { message, stage, raw, code } = event as { message?: string; stage?: string; raw?: string; code?: string };
  const texts = (message?.length ?? 0) + (stage?.length ?? 0) + (raw?.length ?? 0) + (code?.length ?? 0);
  const { data, metadata } = event as { data?: unknown; metadata?: unknown };
  return 128 + texts + jsonLength(data) + jsonLength(metadata);
}

/** Copies the fields of the data where it is an object. Own fields win; `__proto__` and `then` would change what it is. */
function withFields<E extends StatusEvent | CompleteEvent>(event: E): E {
  const { data } = event;
  if (typeof data === 'object' && data !== null && !Array.isArray(data)) {
    for (const name of Object.keys(data)) {
      if (!(name in event) && name !== 'then') {
        (event as Record<string, unknown>)[name] = data[name];
      }
    }
  }
  return event;
}

function jsonLength(value: unknown): number {
  return value == null ? 0 : JSON.stringify(value).length;
}
