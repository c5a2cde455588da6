/** An end whose meaning is asked for before it is decided (rules CLOSE-13, CLOSE-15 and CLOSE-16). */

import { decide, type Cause } from './attempts';
import type { Disposition } from './disposition';
import type { InputOf } from './io';
import { CLASSIFY_MS } from './limits';
import { moveTo, setState } from './link';
import type { Session } from './session';

/** Asks what an end means. Nothing follows from it until that is decided. */
export function askWhatItMeans(s: Session, cause: Cause): void {
  const { link, outputs } = s;
  const { kind, text, disposition, closeCode, httpStatus } = cause;
  if (s.state === 'connected') {
    setState(s, 'reconnecting', text, cause, true);
  }
  outputs.push({
    type: 'classify',
    generation: link.generation,
    closeCode,
    httpStatus,
    kind,
    reason: text,
    disposition,
  });
  moveTo(link, 'undecided', s.mono + CLASSIFY_MS);
  link.undecided = cause;
}

export function onClassified(s: Session, { disposition }: InputOf<'classified'>): void {
  decideUndecided(s, disposition);
}

/** Decides what was asked about: as answered, or as proposed. */
export function decideUndecided(s: Session, disposition: Disposition | undefined): void {
  const { undecided } = s.link;
  if (undecided) {
    moveTo(s.link, 'stopped', Infinity);
    decide(s, { ...undecided, disposition: disposition ?? undecided.disposition });
  }
}
