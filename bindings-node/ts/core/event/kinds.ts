/** The words of events: states, sources and reasons. */

/** The state of a client's connection. */
export type State = 'disconnected' | 'connecting' | 'connected' | 'reconnecting' | 'error';

/** Where an `error` event comes from. */
export type ErrorSource = 'task' | 'transport' | 'protocol' | 'auth' | 'callback';

/** Why a subscription ended without an outcome. */
export type LostReason = 'disconnected' | 'givenUp' | 'refused' | 'forgotten' | 'unsubscribed' | 'closed';

/** Why a message was not sent. */
export type DropReason = 'superseded' | 'overflow' | 'disconnected' | 'givenUp' | 'refused' | 'closed' | 'notConnected';
