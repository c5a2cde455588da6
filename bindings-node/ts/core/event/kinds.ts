/** The words of events: states, sources and reasons. */

export type { DropReason, ErrorSource, LostReason, State } from '../../types/words';
