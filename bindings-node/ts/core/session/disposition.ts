/** What a close code or HTTP status means for us: the table of spec/disposition.json, as code to save its weight. */

import type { Disposition } from '../../types/words';

export type { Disposition } from '../../types/words';

/** What the table says of a close code. */
export function ofClose(code: number): Disposition {
  switch (code) {
    case 1000:
      return 'whileOpen';
    case 1002:
    case 1007:
      return 'protocol';
    case 1008:
    case 3000:
    case 3003:
    case 4001:
    case 4401:
    case 4403:
      return 'reauth';
    case 1013:
    case 4429:
      return 'slow';
    case 1003:
    case 1009:
    case 1010:
    case 1015:
    case 4400:
    case 4404:
    case 4406:
    case 4409:
    case 4500:
      return 'fatal';
  }
  return code >= 3500 && code < 4000 ? 'fatal' : 'retry';
}

/** What the table says of an HTTP status. */
export function ofHttp(status: number): Disposition {
  switch (status) {
    case 401:
    case 403:
      return 'reauth';
    case 429:
      return 'slow';
    case 400:
    case 404:
    case 405:
    case 407:
    case 410:
    case 426:
    case 501:
      return 'fatal';
  }
  return 'retry';
}

/** What a server may say in the reason of a close frame, as a JSON object. */
export interface CloseReason {
  /** What it wants of us, if it says so. */
  disposition?: Disposition | undefined;
  /** Milliseconds until the next attempt. */
  retryAfterMs?: number | undefined;
}

/** Reads a close reason. One that is no JSON object says nothing. */
export function parseCloseReason(reason: string): CloseReason {
  let said: unknown;
  try {
    said = JSON.parse(reason);
  } catch {
    return {};
  }
  if (typeof said !== 'object' || said === null || Array.isArray(said)) {
    return {};
  }
  const { reconnect, reauth, retryAfterMs } = said as Record<string, unknown>;
  return {
    disposition: reconnect === false ? 'fatal' : reauth === true ? 'reauth' : reconnect === true ? 'retry' : undefined,
    retryAfterMs:
      Number.isSafeInteger(retryAfterMs) && (retryAfterMs as number) >= 0 ? (retryAfterMs as number) : undefined,
  };
}
