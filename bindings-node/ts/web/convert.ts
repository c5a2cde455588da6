/** What the session tells, as people see it: data and metadata as values instead of texts. */

import { completeEvent, type Item, parsed, statusEvent } from '../common';
import type { LogEvent } from '../types';
import type { Waiting } from './inbox';

export function itemOf(waiting: Waiting): Item {
  switch (waiting.event) {
    case undefined: {
      const { ticket, settlement } = waiting;
      if (settlement.type !== 'outcome') {
        return { ticket, settlement };
      }
      const { outcome } = settlement;
      return { ticket, settlement: { type: 'outcome', outcome: { ...outcome, data: parsed(outcome.data) } } };
    }
    case 'progress': {
      const { taskId, stage, progress, message, timestamp } = waiting;
      return { type: 'progress', taskId, stage, progress, message, timestamp };
    }
    case 'log': {
      const { taskId, level, message, timestamp, metadata } = waiting;
      const event: LogEvent = { type: 'log', taskId, level, message, timestamp };
      if (metadata !== undefined) {
        event.metadata = parsed(metadata) as Record<string, unknown>;
      }
      return event;
    }
    case 'status':
      return statusEvent(waiting.taskId, waiting.timestamp, waiting.data);
    case 'complete':
      return completeEvent(waiting.taskId, waiting.timestamp, parsed(waiting.data), waiting.synthetic);
    case 'message': {
      const { type: messageType, taskId, raw } = waiting;
      return { type: 'message', messageType, taskId, raw };
    }
    case 'error': {
      const { event: type, data, ...rest } = waiting;
      return { type, ...rest, data: parsed(data) };
    }
  }
  const { event: type, ...rest } = waiting;
  return { type, ...rest } as Item;
}
