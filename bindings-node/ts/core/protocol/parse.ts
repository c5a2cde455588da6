/** Reads one text frame by the rules of spec/PROTOCOL.md. */

import type { Body, Features, Frame, Rejected, TaskState } from './frame';
import { type Fields, finite, isObject, percent, Reader, rawField, text, wellFormed } from './values';

/** Parses one text frame. */
export function parse(frame: string): Frame | Rejected {
  let envelope: unknown;
  try {
    envelope = JSON.parse(frame);
  } catch {
    // What a parser has to say differs from one to the next.
  }
  if (!isObject(envelope)) {
    return { type: 'rejected', why: 'it is not a JSON object' };
  }
  try {
    return frameOf(envelope, frame);
  } catch (error) {
    if (error instanceof Unusable) {
      return { type: 'rejected', why: `field \`${error.field}\` ${error.problem}` };
    }
    throw error;
  }
}

/** A required field is absent or unusable. */
class Unusable {
  constructor(
    readonly field: string,
    readonly problem: string,
  ) {}
}

function frameOf(envelope: Fields, source: string): Frame {
  const reader = new Reader();
  const type = required('type', envelope['type']);
  const { data } = envelope;
  const fields = isObject(data) ? data : undefined;
  const timestamp = reader.timestamp(envelope['timestamp']);
  const seq = reader.integer(envelope['seq']);
  const covers = reader.covers(reader.integer(envelope['covers']), seq);
  const epoch = reader.name(envelope['epoch']);
  reader.name(envelope['id']);
  // The frequent types are made in one piece: putting one together of two costs more than all the rest.
  if (type === 'progress') {
    const taskId = required('taskId', envelope['taskId']);
    if (!fields) {
      throw new Unusable('data', 'must be an object');
    }
    const progress = finite(fields['progress']);
    if (progress === undefined) {
      throw new Unusable('progress', 'must be a finite number');
    }
    return {
      type,
      taskId,
      timestamp: reader.timestamp(fields['timestamp']) ?? timestamp,
      seq,
      covers,
      epoch,
      stage: reader.text(fields['stage']) ?? '',
      progress: percent(progress),
      message: reader.text(fields['message']) ?? '',
      faults: reader.faults,
    };
  }
  if (type === 'log') {
    const { level, message, timestamp: own, metadata } = fields ?? ({ message: data } as Fields);
    return {
      type,
      taskId: required('taskId', envelope['taskId']),
      timestamp: reader.timestamp(own) ?? timestamp,
      seq,
      covers,
      epoch,
      level: reader.level(level),
      message: fields ? (reader.text(message) ?? '') : reader.textOrFault(message),
      metadata: reader.isObject(metadata) ? rawField(rawField(source, 'data') ?? '', 'metadata') : undefined,
      faults: reader.faults,
    };
  }
  const raw = () => rawField(source, 'data') ?? 'null';
  let taskId: string;
  let body: Body;
  if (type === 'complete') {
    taskId = required('taskId', envelope['taskId']);
    body = { type, data: raw() };
  } else if (type === 'status') {
    const action = fields && text(fields['action']);
    if (fields && action !== undefined && isControl(action, fields)) {
      taskId = reader.text(envelope['taskId']) ?? '';
      body = control(reader, action, taskId, fields, raw);
    } else {
      taskId = required('taskId', envelope['taskId']);
      body = { type, word: fields && (text(fields['status']) ?? text(fields['state'])), data: raw() };
    }
  } else {
    taskId = reader.text(envelope['taskId']) ?? '';
    body =
      type === 'error'
        ? error(reader, data, raw())
        : type === 'heartbeat'
          ? { type, received: fields?.['received'] === true }
          : { type: 'other', kind: type };
  }
  return Object.assign(body, { taskId, timestamp, seq, covers, epoch, faults: reader.faults });
}

/** Whether a `status` is about the conversation. */
function isControl(action: string, { tasks }: Fields): boolean {
  return action === 'publish'
    ? Array.isArray(tasks)
    : /^(?:hello|(?:un)?subscribe|subscribed|query|state|ack)$/.test(action);
}

function control(reader: Reader, action: string, taskId: string, fields: Fields, raw: () => string): Body {
  if (action === 'hello') {
    reader.integer(fields['version']);
    const features = helloFeatures(reader, fields['features']);
    reader.integer(fields['heartbeatInterval']);
    return { type: 'hello', features };
  }
  if (action === 'ack') {
    const id = required('id', fields['id']);
    if (!id) {
      throw new Unusable('id', 'must not be empty');
    }
    return { type: 'ack', id };
  }
  const { tasks } = fields;
  if (action === 'publish') {
    reader.name(fields['client']);
    reader.integer(fields['link']);
  }
  if ((action === 'subscribe' || action === 'publish') && Array.isArray(tasks)) {
    for (const entry of tasks) {
      namedTask(reader, entry, action === 'subscribe');
    }
    return { type: 'request' };
  }
  if (action === 'subscribe' && tasks != null) {
    reader.faults++;
  }
  if (!taskId) {
    throw new Unusable('taskId', 'must name a task');
  }
  return action === 'subscribed' || action === 'state'
    ? { type: action, state: taskState(reader, fields, raw) }
    : { type: 'request' };
}

function helloFeatures(reader: Reader, names: unknown): Features {
  const found: string[] = [];
  if (Array.isArray(names)) {
    for (const name of names) {
      found.push(reader.text(name) ?? '');
    }
  } else if (names != null) {
    reader.faults++;
  }
  const has = (name: string) => found.indexOf(name) >= 0;
  return {
    resume: has('resume'),
    ack: has('ack'),
    batch: has('batch'),
    query: has('query'),
    heartbeat: has('heartbeat'),
    publish: has('publish'),
  };
}

/** An entry of `tasks` that names no task, or a cursor that is none where there may be one, is a fault. */
function namedTask(reader: Reader, entry: unknown, hasCursor: boolean): void {
  if (!isObject(entry) || !text(entry['taskId'])) {
    reader.faults++;
    return;
  }
  const since = hasCursor ? entry['since'] : undefined;
  if (since != null && !(isObject(since) && text(since['epoch']) && new Reader().integer(since['seq']) !== undefined)) {
    reader.faults++;
  }
}

function taskState(reader: Reader, fields: Fields, raw: () => string): TaskState {
  const word = reader.text(fields['status']);
  const status = word === 'unknown' || word === 'running' || word === 'complete' || word === 'error' ? word : undefined;
  if (word !== undefined && !status) {
    reader.faults++;
  }
  return {
    epoch: reader.name(fields['epoch']),
    seq: reader.integer(fields['seq']),
    recovered: reader.boolean(fields['recovered']),
    status,
    data: fields['data'] == null ? undefined : rawField(raw(), 'data'),
  };
}

function error(reader: Reader, data: unknown, raw: string): Body {
  const type = 'error';
  if (!isObject(data)) {
    const message = data == null ? '' : reader.textOrFault(data);
    return {
      type,
      message,
      code: '',
      fatal: undefined,
      action: undefined,
      refusedId: undefined,
      data: raw,
    };
  }
  const inner = data['error'];
  return {
    type,
    message: text(inner) ?? text(data['message']) ?? (isObject(inner) ? text(inner['message']) : undefined) ?? '',
    code: reader.code(data['code']),
    fatal: reader.boolean(data['fatal']),
    action: reader.name(data['action']),
    refusedId: reader.name(data['id']),
    data: raw,
  };
}

function required(field: string, value: unknown): string {
  if (typeof value === 'string') {
    return wellFormed(value);
  }
  throw new Unusable(field, value === undefined ? 'is missing' : 'must be a string');
}
