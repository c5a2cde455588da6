/** What clients have in common on every platform: everything but the session and what drives it. */

export { BaseClient } from './client';
export { EVENT_NAMES, type Off } from './emitter';
export type { Call, Draft, Engine, Item, LeaseKind, Settlement } from './engine';
export { completeEvent, eventOf, isOutcome, statusEvent, parsed } from './events';
export { FOLLOW_MAX_BYTES, FOLLOW_MAX_EVENTS, Follow } from './follow';
export { checkPlain, isCollection } from './plain';
export { newRegistry, type Registry } from './registry';
export type { Router } from './router';
export { Task } from './task';
export { failureOf } from './thrown';
