/** Writes one message as one text frame. */

import type { Level } from './frame';

/** A message's envelope. `data` is JSON as text. */
export interface Outgoing {
  readonly type: string;
  readonly taskId: string;
  readonly timestamp: number;
  readonly data?: string | undefined;
  readonly id?: string | undefined;
}

/** A task to subscribe to, and the last message of it that was seen. */
export type Since = readonly [taskId: string, since: { readonly epoch: string; readonly seq: number } | undefined];

/** A message with data that is JSON already. */
export function encodeMessage({ type, taskId, timestamp, data, id }: Outgoing): string {
  const rest = (data === undefined ? '' : `,"data":${data}`) + (id === undefined ? '' : `,"id":${JSON.stringify(id)}`);
  return `${JSON.stringify({ type, taskId, timestamp }).slice(0, -1) + rest}}`;
}

export function encodeProgressData(
  taskId: string,
  stage: string,
  progress: number,
  message: string,
  timestamp: number,
): string {
  return JSON.stringify({ taskId, stage, progress, message, timestamp });
}

/** `metadata` is JSON as text. */
export function encodeLogData(
  taskId: string,
  level: Level,
  message: string,
  timestamp: number,
  metadata: string | undefined,
): string {
  const data = JSON.stringify({ taskId, level, message, timestamp });
  return metadata === undefined ? data : `${data.slice(0, -1)},"metadata":${metadata}}`;
}

export function encodeErrorData(error: string, code: string | undefined): string {
  return JSON.stringify({ error, code });
}

/** A heartbeat, or the answer to one. */
export function encodeHeartbeat(taskId: string, timestamp: number, answers: boolean): string {
  return JSON.stringify({ type: 'heartbeat', taskId, timestamp, data: answers ? { received: true } : {} });
}

export function encodeSubscribe(taskId: string, timestamp: number): string {
  return encodeAction(taskId, timestamp, { action: 'subscribe' });
}

export function encodeUnsubscribe(taskId: string, timestamp: number): string {
  return encodeAction(taskId, timestamp, { action: 'unsubscribe' });
}

export function encodeQuery(taskId: string, timestamp: number): string {
  return encodeAction(taskId, timestamp, { action: 'query' });
}

/** Names many tasks at once, each with its cursor if it has one. */
export function encodeSubscribeBatch(timestamp: number, tasks: readonly Since[]): string {
  const named = tasks.map(([taskId, since]) => ({ taskId, since: since && { epoch: since.epoch, seq: since.seq } }));
  return encodeAction('', timestamp, { action: 'subscribe', tasks: named });
}

/** Says which of a client's links this is, and names the tasks that are published again on it. */
export function encodePublish(
  timestamp: number,
  client: string,
  link: number,
  tasks: readonly { readonly id: string }[],
): string {
  return encodeAction('', timestamp, {
    action: 'publish',
    client,
    link,
    tasks: tasks.map(({ id }) => ({ taskId: id })),
  });
}

/** Whether a text is one JSON value. */
export function isJson(value: string): boolean {
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
}

function encodeAction(taskId: string, timestamp: number, data: object): string {
  return JSON.stringify({ type: 'status', taskId, timestamp, data });
}
