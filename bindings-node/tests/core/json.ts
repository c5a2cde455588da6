/** What comes out of a session, in the words of the vectors. */

import type { Event, Item, Outcome, Receipt, Settlement } from '../../ts/core/event';
import type { Output, Transmit } from '../../ts/core/session/io';

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type Fields = { [name: string]: Json };

export function outputJson(output: Output): Fields {
  const { type, generation, ...rest } = output;
  return present({ [type === 'needCredentials' ? 'credentials' : type]: generation, ...rest });
}

export function itemJson(item: Item): Fields {
  return 'event' in item ? eventJson(item.event) : { settled: item.ticket, ...settlementJson(item.settlement) };
}

export function transmitJson(transmit: Transmit): Fields {
  return typeof transmit === 'number' ? { ping: transmit } : { write: JSON.parse(transmit) };
}

function eventJson(event: Event): Fields {
  const { data, metadata, synthetic, ...rest } = event as Record<string, unknown>;
  const fields = present(rest);
  if (data !== undefined) {
    fields['data'] = raw(data as string);
  }
  if (metadata !== undefined) {
    fields['metadata'] = raw(metadata as string);
  }
  if (synthetic) {
    fields['synthetic'] = true;
  }
  return fields;
}

function settlementJson(settlement: Settlement): Fields {
  switch (settlement.type) {
    case 'connected': {
      const { error } = settlement;
      return error ? { failed: error.kind, message: error.message } : { connected: true };
    }
    case 'disconnected':
    case 'flushed':
      return { [settlement.type]: true };
    case 'receipt':
      return { receipt: receiptJson(settlement.receipt) };
    case 'outcome':
      return { outcome: outcomeJson(settlement.outcome) };
  }
}

function receiptJson(receipt: Receipt): Fields {
  const { state, ...rest } = receipt;
  const fields = present({ state, ...rest });
  if (fields['ackUnsupported'] === false) {
    delete fields['ackUnsupported'];
  }
  return fields;
}

function outcomeJson({ taskId, kind, data, message, code, reason, synthetic }: Outcome): Fields {
  return present({
    taskId,
    outcome: kind,
    data: raw(data),
    message: message || undefined,
    code: code || undefined,
    reason,
    synthetic: synthetic || undefined,
  });
}

/** JSON as a value. What the Rust player cannot hold as one is shown as its text, there and here. */
function raw(text: string): Json {
  return isPlain(text) ? JSON.parse(text) : text;
}

/** How deep the Rust player reads. */
const DEPTH = 127;

/** Whether no string is cut in the middle of a character, no number is beyond the doubles, and nesting is modest. */
function isPlain(text: string): boolean {
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|[{}[\]]/g)) {
    if (token.startsWith('"') ? /[\ud800-\udfff]/u.test(JSON.parse(token)) : Math.abs(Number(token)) === Infinity) {
      return false;
    }
    depth += token === '{' || token === '[' ? 1 : token === '}' || token === ']' ? -1 : 0;
    if (depth > DEPTH) {
      return false;
    }
  }
  return true;
}

function present(fields: Record<string, unknown>): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Fields;
}
