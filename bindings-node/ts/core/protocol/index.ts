/** The wire: one JSON object per text frame, by spec/PROTOCOL.md. No clock, no I/O. */

export * from './encode';
export type { Body, Features, Frame, Level, Rejected, TaskState, TaskStatus } from './frame';
export { parse } from './parse';
export { levelOf, terminalWord, wellFormed } from './values';
