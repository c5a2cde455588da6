/** How single JSON values are read: texts, numbers, levels, and what counts as a fault. */

import type { Level, TaskStatus } from './frame';

/** A JSON object. */
export type Fields = { readonly [name: string]: unknown };

/** Whether a JSON value is an object, not an array. */
export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The text of a string; nothing for values of other types. */
export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? wellFormed(value) : undefined;
}

/** U+FFFD for each lone surrogate. */
export function wellFormed(value: string): string {
  // Most texts have none, and looking is cheap. Replaced are code points, in which pairs are none.
  return /[\ud800-\udfff]/.test(value) ? value.replace(/[\ud800-\udfff]/gu, '\ufffd') : value;
}

/** A number; nothing for other values and for numbers beyond the range of doubles. */
export function finite(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** Clamped to 0 to 100, and never the negative zero. */
export function percent(value: number): number {
  return Math.min(Math.max(value, 0), 100) + 0;
}

/**
 * The text of a field of an object whose grammar is known to be right, the last one of that name: what is handed on
 * stays as it was written. Nesting costs no stack.
 */
export function rawField(object: string, name: string): string | undefined {
  let found: string | undefined;
  let key: string | undefined;
  let start = 0;
  for (let at = 0, depth = 0; at < object.length; at++) {
    const char = object[at];
    if (char === '"') {
      const from = at;
      at = endOfString(object, at);
      if (depth === 1 && key === undefined) {
        key = object.slice(from + 1, at);
        key = key.includes('\\') ? (JSON.parse(`"${key}"`) as string) : key;
        start = object.indexOf(':', at) + 1;
      }
    } else if (char === '{' || char === '[') {
      depth++;
    } else if (char === '}' || char === ']' || char === ',') {
      if (depth === 1) {
        found = key === name ? object.slice(start, at).trim() : found;
        key = undefined;
      }
      depth -= char === ',' ? 0 : 1;
    }
  }
  // A slice keeps all of its text in memory; a small part of a large one is copied.
  return found !== undefined && found.length < object.length / 2 ? ` ${found}`.slice(1) : found;
}

/** Where the string that begins at a quote has its other quote. */
function endOfString(text: string, from: number): number {
  for (let at = from; ; ) {
    at = text.indexOf('"', at + 1);
    let before = at;
    while (text[before - 1] === '\\') {
      before--;
    }
    if ((at - before) % 2 === 0) {
      return at;
    }
  }
}

/** The end that a status word in plain use, in lower case, says a task has come to. */
export function terminalWord(word: string): TaskStatus | undefined {
  return /^(?:completed?|success|succeeded|done|finished)$/.test(word)
    ? 'complete'
    : /^(?:error|failed|failure|cancelled|canceled|aborted)$/.test(word)
      ? 'error'
      : undefined;
}

const LEVELS: { readonly [word: string]: Level | undefined } = {
  // Words of the object type's own are no levels.
  __proto__: null as never,
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  error: 'error',
  trace: 'debug',
  warning: 'warn',
  critical: 'error',
  fatal: 'error',
};

/** The level a word names, in any case of ASCII letters. */
export function levelOf(word: string): Level | undefined {
  return LEVELS[word] ?? LEVELS[word.replace(/[A-Z]+/g, (upper) => upper.toLowerCase())];
}

/** Reads optional fields; counts those that are present but unusable. `null` is absent. */
export class Reader {
  faults = 0;

  text(value: unknown): string | undefined {
    return this.count(text(value), value);
  }

  /** A text that must not be empty. */
  name(value: unknown): string | undefined {
    return this.count(text(value) || undefined, value);
  }

  /** A text where there must be one. */
  textOrFault(value: unknown): string {
    const found = text(value);
    if (found === undefined) {
      this.faults++;
    }
    return found ?? '';
  }

  /** Whole milliseconds, truncated towards zero, at most 2^53 - 1 either way. */
  timestamp(value: unknown): number | undefined {
    const whole = typeof value === 'number' ? Math.trunc(value) + 0 : NaN;
    return this.count(Number.isSafeInteger(whole) ? whole : undefined, value);
  }

  /** A whole number from 0 to 2^53 - 1. */
  integer(value: unknown): number | undefined {
    return this.count(Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) + 0 : undefined, value);
  }

  /** `covers` counts only beside a `seq` that it does not exceed. */
  covers(covers: number | undefined, seq: number | undefined): number | undefined {
    const usable = covers !== undefined && seq !== undefined && covers <= seq ? covers : undefined;
    return this.count(usable, covers);
  }

  boolean(value: unknown): boolean | undefined {
    return this.count(typeof value === 'boolean' ? value : undefined, value);
  }

  level(value: unknown): Level {
    const word = text(value);
    return this.count(word === undefined ? undefined : levelOf(word), value) ?? 'info';
  }

  /** Whether it is an object. */
  isObject(value: unknown): boolean {
    return this.count(isObject(value) || undefined, value) ?? false;
  }

  /** A string as it is, a number as `JSON.stringify` writes it. */
  code(value: unknown): string {
    const number = finite(value);
    return this.count(number === undefined ? text(value) : JSON.stringify(number), value) ?? '';
  }

  private count<T>(usable: T | undefined, value: unknown): T | undefined {
    if (usable === undefined && value != null) {
      this.faults++;
    }
    return usable;
  }
}
