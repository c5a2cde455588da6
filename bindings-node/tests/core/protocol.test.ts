/** The rules of spec/PROTOCOL.md about reading and writing, as the session in TypeScript keeps them. */

import { describe, expect, test } from 'vitest';
import {
  encodeErrorData,
  encodeHeartbeat,
  encodeLogData,
  encodeMessage,
  encodeProgressData,
  encodeSubscribe,
  encodeSubscribeBatch,
  parse,
} from '../../ts/core/protocol';

/** What a frame gives, as far as `wanted` says. */
const READ: [rule: string, frame: string, wanted: object][] = [
  ['P-MSG-1', '{"type":"Complete"}', { type: 'other', kind: 'Complete', taskId: '' }],
  [
    'P-MSG-2',
    '{"v":[{}],"data":{"progress":5,"eta":null,"taskId":7},"type":"progress","x":"","taskId":"t"}',
    { progress: 5, stage: '', message: '', taskId: 't', faults: 0 },
  ],
  ['P-MSG-3', '{"type":"heartbeat","taskId":7}', { taskId: '', faults: 1 }],
  ['P-MSG-3', '{"type":"error","data":{"error":"e"}}', { taskId: '', faults: 0 }],
  ['P-MSG-4', '{"type":"complete","taskId":"t","timestamp":-1.9}', { timestamp: -1, faults: 0 }],
  ['P-MSG-4', '{"type":"complete","taskId":"t","timestamp":9007199254740992}', { timestamp: undefined, faults: 1 }],
  ['P-MSG-4', '{"type":"complete","taskId":"t","timestamp":1,"data":{"timestamp":2}}', { timestamp: 1 }],
  ['P-MSG-4', '{"type":"progress","taskId":"t","timestamp":1,"data":{"progress":1,"timestamp":2}}', { timestamp: 2 }],
  ['P-MSG-4', '{"type":"log","taskId":"t","timestamp":1,"data":{"timestamp":"2"}}', { timestamp: 1, faults: 1 }],
  [
    'P-MSG-5',
    '{"type":"complete","taskId":"t","seq":3,"covers":2,"epoch":"e"}',
    { seq: 3, covers: 2, epoch: 'e', faults: 0 },
  ],
  [
    'P-MSG-5',
    '{"type":"complete","taskId":"t","seq":-1,"epoch":"","id":5}',
    { seq: undefined, epoch: undefined, faults: 3 },
  ],
  ['P-MSG-5', '{"type":"complete","taskId":"t","covers":2}', { covers: undefined, faults: 1 }],
  ['P-MSG-5', '{"type":"complete","taskId":"t","seq":1,"covers":2}', { covers: undefined, seq: 1, faults: 1 }],
  ['P-MSG-6', '{"type":"other","taskId":"t","data":[1e999]}', { type: 'other', kind: 'other', taskId: 't', faults: 0 }],
  [
    'P-JSON-2',
    '{"t\\u0079pe":"complete","task\\u0049d":"t","d\\u0061ta":7}',
    { type: 'complete', taskId: 't', data: '7' },
  ],
  [
    'P-JSON-3',
    '{"type":"log","type":"complete","taskId":7,"taskId":"t","data":1,"data":2}',
    { type: 'complete', data: '2' },
  ],
  ['P-JSON-3', '{"type":"complete","taskId":"t","seq":1,"seq":null}', { seq: undefined, faults: 0 }],
  [
    'P-JSON-4',
    '{"type":"complete","taskId":"t","data": {"a" : [1e999, "\\ud83d"] } }',
    { data: '{"a" : [1e999, "\\ud83d"] }' },
  ],
  ['P-JSON-4', '{"type":"complete","taskId":"t","data":"\\"},{\\\\"}', { data: '"\\"},{\\\\"' }],
  ['P-JSON-5', '{"type":"complete","taskId":"\\ud83d\\ud83d\\ude00\\ude00"}', { taskId: '\ufffd\u{1f600}\ufffd' }],
  ['P-NUM-1', '{"type":"complete","taskId":"t","timestamp":1e999}', { timestamp: undefined, faults: 1 }],
  ['P-NUM-2', '{"type":"complete","taskId":"t","seq":4.1e1}', { seq: 41, faults: 0 }],
  ['P-NUM-2', '{"type":"complete","taskId":"t","seq":4.5}', { seq: undefined, faults: 1 }],
  ['P-PROG-1', '{"type":"progress","taskId":"t","data":{"progress":101}}', { progress: 100 }],
  ['P-PROG-1', '{"type":"progress","taskId":"t","data":{"progress":-0.0}}', { progress: 0 }],
  [
    'P-PROG-2',
    '{"type":"progress","taskId":"t","data":{"progress":1,"stage":5,"message":null}}',
    { stage: '', faults: 1 },
  ],
  ['P-LOG-1', '{"type":"log","taskId":"t","data":"line"}', { level: 'info', message: 'line', faults: 0 }],
  ['P-LOG-1', '{"type":"log","taskId":"t"}', { message: '', faults: 1 }],
  ['P-LOG-1', '{"type":"log","taskId":"t","data":{}}', { message: '', faults: 0 }],
  ['P-LOG-2', '{"type":"log","taskId":"t","data":{"level":"CRITICAL"}}', { level: 'error', faults: 0 }],
  ['P-LOG-2', '{"type":"log","taskId":"t","data":{"level":"constructor"}}', { level: 'info', faults: 1 }],
  ['P-LOG-2', '{"type":"log","taskId":"t","data":{"level":"\u212aNFO"}}', { level: 'info', faults: 1 }],
  ['P-LOG-3', '{"type":"log","taskId":"t","data":{"metadata":{"a": 1}}}', { metadata: '{"a": 1}', faults: 0 }],
  ['P-LOG-3', '{"type":"log","taskId":"t","data":{"metadata":[]}}', { metadata: undefined, faults: 1 }],
  ['P-STAT-1', '{"type":"status","taskId":"t","data":{"status":7,"state":"running"}}', { word: 'running', faults: 0 }],
  ['P-STAT-1', '{"type":"status","taskId":"t"}', { word: undefined, data: 'null' }],
  ['P-END-1', '{"type":"complete","taskId":"t"}', { data: 'null' }],
  ['P-ERR-1', '{"type":"error","data":{"error":{"message":"inner"},"message":5}}', { message: 'inner' }],
  ['P-ERR-1', '{"type":"error","data":{"error":1,"message":"outer"}}', { message: 'outer' }],
  ['P-ERR-1', '{"type":"error","data":"text"}', { message: 'text', faults: 0 }],
  ['P-ERR-1', '{"type":"error","data":5}', { message: '', faults: 1 }],
  [
    'P-ERR-2',
    '{"type":"error","data":{"code":1e21,"fatal":false,"action":"query","id":"7"}}',
    { code: '1e+21', fatal: false, action: 'query', refusedId: '7', faults: 0 },
  ],
  [
    'P-ERR-2',
    '{"type":"error","data":{"code":[],"fatal":0,"action":"","id":5}}',
    { code: '', fatal: undefined, action: undefined, refusedId: undefined, faults: 4 },
  ],
  ['P-ERR-3', '{"type":"error"}', { data: 'null', faults: 0 }],
  ['P-HB-1', '{"type":"heartbeat","data":{"received":true}}', { received: true }],
  ['P-HB-1', '{"type":"heartbeat","data":{"received":1}}', { received: false }],
  ['P-CTL-1', '{"type":"status","taskId":"t","data":{"action":"resubscribe"}}', { type: 'status' }],
  ['P-CTL-1', '{"type":"status","taskId":"t","data":{"action":"unsubscribe"}}', { type: 'request' }],
  [
    'P-HELLO-1',
    '{"type":"status","data":{"action":"hello","version":"1","features":["ack","x",7]}}',
    { type: 'hello', features: { ack: true, resume: false, batch: false, query: false, heartbeat: false }, faults: 2 },
  ],
  ['P-HELLO-1', '{"type":"status","data":{"action":"hello","features":"ack","heartbeatInterval":0.5}}', { faults: 2 }],
  [
    'P-SUB-4',
    '{"type":"status","data":{"action":"subscribe","tasks":[{"taskId":"a","since":{"epoch":"e"}},{"taskId":""},7]}}',
    { type: 'request', faults: 3 },
  ],
  ['P-SUB-4', '{"type":"status","taskId":"t","data":{"action":"subscribe","tasks":7}}', { type: 'request', faults: 1 }],
  [
    'P-STATE-1',
    '{"type":"status","taskId":"t","data":{"action":"state","epoch":"e","seq":1,"recovered":false,"status":"error","data": {"x":1}}}',
    { type: 'state', state: { epoch: 'e', seq: 1, recovered: false, status: 'error', data: '{"x":1}' } },
  ],
  [
    'P-STATE-1',
    '{"type":"status","taskId":"t","data":{"action":"subscribed","epoch":7,"seq":"1","recovered":0,"status":"x","data":null}}',
    {
      type: 'subscribed',
      state: { epoch: undefined, seq: undefined, recovered: undefined, status: undefined, data: undefined },
      faults: 4,
    },
  ],
  ['P-ACK-2', '{"type":"status","data":{"action":"ack","id":"7"}}', { type: 'ack', id: '7' }],
];

const REJECTED: [rule: string, frame: string][] = [
  ['P-MSG-1', '{}'],
  ['P-MSG-1', '{"type":null}'],
  ['P-MSG-1', '{"type":5}'],
  ['P-MSG-3', '{"type":"complete"}'],
  ['P-MSG-3', '{"type":"log","taskId":null}'],
  ['P-MSG-3', '{"type":"status","taskId":7,"data":{"action":"other"}}'],
  ['P-JSON-1', ''],
  ['P-JSON-1', '[]'],
  ['P-JSON-1', 'null'],
  ['P-JSON-1', '\ufeff{"type":"x"}'],
  ['P-JSON-1', '{"type":"x"} {}'],
  ['P-JSON-1', '{"type":"x","y":01}'],
  ['P-PROG-1', '{"type":"progress","taskId":"t","data":{"progress":1e999}}'],
  ['P-PROG-1', '{"type":"progress","taskId":"t","data":{"progress":"5"}}'],
  ['P-PROG-1', '{"type":"progress","taskId":"t","data":[5]}'],
  ['P-SUB-1', '{"type":"status","taskId":"","data":{"action":"query"}}'],
  ['P-SUB-1', '{"type":"status","data":{"action":"subscribed"}}'],
  ['P-ACK-2', '{"type":"status","data":{"action":"ack"}}'],
  ['P-ACK-2', '{"type":"status","data":{"action":"ack","id":""}}'],
];

describe('reading', () => {
  test.each(READ)('%s: %s', (_, frame, wanted) => {
    const { type, ...read } = parse(frame);
    expect({ type, ...read }).toMatchObject(wanted);
  });

  test.each(REJECTED)('%s rejects %s', (_, frame) => {
    expect(parse(frame).type).toBe('rejected');
  });

  test('P-JSON-4: nesting costs no stack', () => {
    const deep = '['.repeat(200_000) + ']'.repeat(200_000);
    expect(parse(`{"type":"complete","taskId":"t","data":${deep}}`)).toMatchObject({ data: deep });
  });
});

describe('writing', () => {
  test('P-STR-1 and P-NUM-1: texts and numbers', () => {
    expect(encodeProgressData('\u0001\u2028"\\', '\b\f\n\r\t', 42, '/', 7)).toBe(
      '{"taskId":"\\u0001\u2028\\"\\\\","stage":"\\b\\f\\n\\r\\t","progress":42,"message":"/","timestamp":7}',
    );
  });

  test('P-MSG-2: fields have their order', () => {
    expect(encodeMessage({ type: 'x', taskId: 't', timestamp: 1, data: '{ }', id: 'a' })).toBe(
      '{"type":"x","taskId":"t","timestamp":1,"data":{ },"id":"a"}',
    );
    expect(encodeLogData('t', 'warn', 'm', 1, '{ }')).toBe(
      '{"taskId":"t","level":"warn","message":"m","timestamp":1,"metadata":{ }}',
    );
    expect(encodeErrorData('e', undefined)).toBe('{"error":"e"}');
    expect(encodeHeartbeat('', 1, false)).toBe('{"type":"heartbeat","taskId":"","timestamp":1,"data":{}}');
  });

  test('P-SUB-4: many tasks at once', () => {
    expect(encodeSubscribe('t', 1)).toBe('{"type":"status","taskId":"t","timestamp":1,"data":{"action":"subscribe"}}');
    expect(
      encodeSubscribeBatch(1, [
        ['a', undefined],
        ['b', { epoch: 'e', seq: 2 }],
      ]),
    ).toBe(
      '{"type":"status","taskId":"","timestamp":1,"data":{"action":"subscribe","tasks":' +
        '[{"taskId":"a"},{"taskId":"b","since":{"epoch":"e","seq":2}}]}}',
    );
  });
});
