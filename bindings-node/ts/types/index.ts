/** The words, events, answers and options that people see, the same on every platform. */

export type * from './answers';
export type * from './events';
export type * from './options';
export * from './words';
