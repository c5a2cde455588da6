/** Messages to send: from the shape of the wire into the words of the session. */

import { SteadywireError } from '../errors';
import type { Level, OutgoingMessage } from '../types';
import type { Draft } from './engine';

type Fields = { readonly [name: string]: unknown };

/**
 * The draft of a message.
 *
 * @throws {SteadywireError} `invalid_argument` for a message that makes no sense.
 */
export function draftOf(message: OutgoingMessage, ack: boolean): Draft {
  const { type, taskId = '', timestamp, data } = message ?? {};
  if (typeof type !== 'string' || typeof taskId !== 'string') {
    bad('a message is an object with `type` and `taskId`, both strings');
  }
  if (timestamp !== undefined && !Number.isSafeInteger(Math.trunc(timestamp))) {
    bad('`timestamp` takes milliseconds since the Unix epoch');
  }
  const draft = { type, taskId, timestamp, ack };
  switch (type) {
    case 'progress': {
      const { progress, stage, message } = fieldsOf(type, data, ['progress', 'stage', 'message']);
      return {
        ...draft,
        progress: percentOf('data.progress', progress),
        stage: textOf('data.stage', stage),
        message: textOf('data.message', message),
      };
    }
    case 'log': {
      const { level, message, metadata } = fieldsOf(type, data, ['level', 'message', 'metadata']);
      return {
        ...draft,
        level: levelOf(level),
        message: textOf('data.message', message),
        metadata: metadata == null ? undefined : jsonOf('data.metadata', fieldsOf('metadata', metadata)),
      };
    }
    case 'error': {
      const { error, message, code, taskId: _, ...rest } = fieldsOf(type, data);
      return {
        ...draft,
        ...errorWords(textOf('data.error', error) || textOf('data.message', message), textOf('data.code', code), rest),
      };
    }
    case 'heartbeat':
      return draft;
  }
  return data === undefined && type !== 'status' && type !== 'complete'
    ? draft
    : { ...draft, data: jsonOf('data', data) };
}

/** An error's words; with further fields it has data of its own. */
export function errorWords(message: string, code: string, more: Fields | null | undefined): Partial<Draft> {
  const own = more && Object.keys(more).length > 0;
  return own
    ? { data: jsonOf('data', { error: message, ...(code ? { code } : {}), ...more }) }
    : { message, code: code || undefined };
}

/** A value as JSON; `null` for `undefined`. */
export function jsonOf(what: string, value: unknown): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(value ?? null);
  } catch (error) {
    bad(`\`${what}\` takes what JSON can hold: ${error instanceof Error ? error.message : String(error)}`);
  }
  return json ?? bad(`\`${what}\` takes what JSON can hold, not a ${typeof value}`);
}

/** @throws always. */
export function bad(message: string): never {
  throw new SteadywireError('invalid_argument', message);
}

/** A text; empty where there is none. */
export function textOf(name: string, value: unknown): string {
  return value == null ? '' : typeof value === 'string' ? value : bad(`\`${name}\` takes a string`);
}

/** A number. */
export function percentOf(name: string, value: unknown): number {
  return typeof value === 'number' ? value : bad(`\`${name}\` takes a number from 0 to 100`);
}

/** The level that a word names. */
export function levelOf(level: unknown): Level | undefined {
  return level == null || level === 'debug' || level === 'info' || level === 'warn' || level === 'error'
    ? ((level as Level | null) ?? undefined)
    : bad('`level` takes "debug", "info", "warn" or "error"');
}

function fieldsOf(kind: string, data: unknown, names?: readonly string[]): Fields {
  if (data == null) {
    return {};
  }
  if (typeof data !== 'object' || Array.isArray(data)) {
    bad(`the data of \`${kind}\` is an object, not ${Array.isArray(data) ? 'an array' : `a ${typeof data}`}`);
  }
  const unknown = Object.keys(data).find((name) => names && ![...names, 'taskId', 'timestamp'].includes(name));
  if (unknown !== undefined) {
    bad(`the data of \`${kind}\` takes ${names?.join(', ')}, not ${unknown}`);
  }
  return data as Fields;
}
