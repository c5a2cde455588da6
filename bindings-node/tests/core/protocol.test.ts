/** The rules of spec/PROTOCOL.md about reading and writing, as the session in TypeScript keeps them. */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  encodeErrorData,
  encodeHeartbeat,
  encodeLogData,
  encodeMessage,
  encodeProgressData,
  encodePublish,
  encodeQuery,
  encodeSubscribe,
  encodeSubscribeBatch,
  encodeUnsubscribe,
  isJson,
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
    {
      type: 'hello',
      features: { ack: true, resume: false, batch: false, query: false, heartbeat: false, publish: false },
      faults: 2,
    },
  ],
  ['P-HELLO-1', '{"type":"status","data":{"action":"hello","features":"ack","heartbeatInterval":0.5}}', { faults: 2 }],
  [
    'P-SUB-4',
    '{"type":"status","data":{"action":"subscribe","tasks":[{"taskId":"a","since":{"epoch":"e"}},{"taskId":""},7]}}',
    { type: 'request', faults: 3 },
  ],
  ['P-SUB-4', '{"type":"status","taskId":"t","data":{"action":"subscribe","tasks":7}}', { type: 'request', faults: 1 }],
  [
    'P-PUB-5',
    '{"type":"status","data":{"action":"publish","tasks":[{"taskId":"a"},{"taskId":"b","since":7},{"taskId":""},{},7]}}',
    { type: 'request', faults: 3 },
  ],
  [
    'P-PUB-5',
    '{"type":"status","data":{"action":"publish","client":"c","link":41.0,"tasks":[]}}',
    { type: 'request', faults: 0 },
  ],
  [
    'P-PUB-5',
    '{"type":"status","data":{"action":"publish","client":"","link":-1,"tasks":[]}}',
    { type: 'request', faults: 2 },
  ],
  [
    'P-CTL-1',
    '{"type":"status","taskId":"t","data":{"action":"publish","tasks":{},"state":"s"}}',
    { word: 's', faults: 0 },
  ],
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

/** A field of an envelope or of `data`, and what it is read as. */
const TIMESTAMPS: [json: string, read: number | undefined, faults: number][] = [
  ['1732000000123.9', 1732000000123, 0],
  ['-0.5', 0, 0],
  ['9007199254740991', Number.MAX_SAFE_INTEGER, 0],
  ['-9007199254740991', Number.MIN_SAFE_INTEGER, 0],
  ['-9007199254740992', undefined, 1],
  ['"5"', undefined, 1],
  ['null', undefined, 0],
];

const SEQS: [json: string, read: number | undefined, faults: number][] = [
  ['41', 41, 0],
  ['41.0', 41, 0],
  ['-0', 0, 0],
  ['9007199254740991', Number.MAX_SAFE_INTEGER, 0],
  ['9007199254740992', undefined, 1],
  ['41.5', undefined, 1],
  ['1e999', undefined, 1],
  ['"41"', undefined, 1],
  ['{}', undefined, 1],
  ['null', undefined, 0],
];

const SURROGATES: [escaped: string, read: string][] = [
  ['cut \\ud83d', 'cut \ufffd'],
  ['\\ude00 first', '\ufffd first'],
  ['\\uD800\\uDBFF\\uDC00\\uDFFF', '\ufffd\u{10fc00}\ufffd'],
  ['\\ude00\\ud83d', '\ufffd\ufffd'],
  ['\\ud83d\\n\\uD83D\\\\ude00', '\ufffd\n\ufffd\\ude00'],
  ['\\ud83d\\u0041\\ud7ff\\ue000', '\ufffdA\ud7ff\ue000'],
  ['\u{1f600}\u00e9\ufffd\\udbff', '\u{1f600}\u00e9\ufffd\ufffd'],
];

const CODES: [json: string, read: string, faults: number][] = [
  ['"E42"', 'E42', 0],
  ['42', '42', 0],
  ['42.0', '42', 0],
  ['-0', '0', 0],
  ['1e3', '1000', 0],
  ['-1.5', '-1.5', 0],
  ['5e-7', '5e-7', 0],
  ['75.17324829101562', '75.17324829101562', 0],
  ['12345678901234567890', '12345678901234567000', 0],
  ['1e999', '', 1],
  ['true', '', 1],
  ['null', '', 0],
];

/** No JSON by RFC 8259. */
const NO_JSON = [
  ...['01', '1.', '.5', '+1', '1e', '-', 'tru', 'NaN', "'a'", '"\\x"', '"\t"', '"\\u12"', '"\\u12g4"', '"', ''],
  ...['[1,]', '{"a":1,}', '{a:1}', '[1 2]', '{"a"}', '{]', '\u00a01', '\ufeff1', '1//'],
];

describe('reading', () => {
  test.each(READ)('%s: %s', (_, frame, wanted) => {
    const { type, ...read } = parse(frame);
    expect({ type, ...read }).toMatchObject(wanted);
  });

  test.each(REJECTED)('%s rejects %s', (_, frame) => {
    expect(parse(frame).type).toBe('rejected');
  });

  test.each(TIMESTAMPS)('P-MSG-4 %s', (json, timestamp, faults) => {
    expect(parse(`{"type":"complete","taskId":"t","timestamp":${json}}`)).toMatchObject({ timestamp, faults });
    for (const type of ['progress', 'log']) {
      const frame = `{"type":"${type}","taskId":"t","timestamp":3,"data":{"progress":1,"timestamp":${json}}}`;
      expect(parse(frame)).toMatchObject({ timestamp: timestamp ?? 3, faults });
    }
  });

  test.each(SEQS)('P-MSG-5, P-NUM-2 %s', (json, seq, faults) => {
    expect(parse(`{"type":"x","seq":${json}}`)).toMatchObject({ seq, faults });
    expect(parse(`{"type":"x","seq":9007199254740991,"covers":${json}}`)).toMatchObject({ covers: seq, faults });
  });

  test('P-ACK-1, P-MSG-5: any message may carry an id', () => {
    for (const type of ['progress', 'log', 'status', 'complete', 'error', 'heartbeat', 'x']) {
      const frame = `{"type":"${type}","taskId":"t","data":{"progress":1},"id":`;
      expect(parse(`${frame}"n-1"}`)).toMatchObject({ taskId: 't', faults: 0 });
      expect(parse(`${frame}""}`)).toMatchObject({ taskId: 't', faults: 1 });
    }
  });

  test.each(SURROGATES)('P-JSON-5 %s', (escaped, read) => {
    const message = `"${escaped}"`;
    expect(parse(`{"type":"log","taskId":${message},"epoch":${message},"data":{"message":${message}}}`)).toMatchObject({
      taskId: read,
      epoch: read,
      message: read,
      faults: 0,
    });
    expect(parse(`{"type":"error","data":{"error":${message}}}`)).toMatchObject({
      message: read,
      data: `{"error":${message}}`,
    });
  });

  test('P-JSON-5: a key with a lone surrogate is unknown, and an action or level with one too', () => {
    const log = '{"type":"log","taskId":"t","data":{"message":"m","message\\ud800":1,"level":"info\\ud800"}}';
    expect(parse(log)).toMatchObject({ message: 'm', level: 'info', faults: 1 });
    const status = '{"type":"status","taskId":"t","data":{"action":"query\\ud800","state":"\\ud800"}}';
    expect(parse(status)).toMatchObject({ type: 'status', word: '\ufffd' });
  });

  test.each(CODES)('P-ERR-2, P-NUM-1 %s', (json, code, faults) => {
    expect(parse(`{"type":"error","data":{"code":${json}}}`)).toMatchObject({ code, faults });
  });

  test.each(NO_JSON)('P-JSON-1 rejects %j wherever it stands', (json) => {
    for (const frame of [
      `{"type":"complete","taskId":"t","x":${json}}`,
      `{"type":"complete","taskId":"t","data":[7,${json}]}`,
      `{"type":"progress","taskId":"t","data":{"progress":1,"x":${json}}}`,
      `{"type":"progress","type":"x","type":${json}}`,
    ]) {
      expect(parse(frame)).toEqual({ type: 'rejected', why: 'it is not a JSON object' });
    }
  });

  test('P-JSON-1: whitespace is that of JSON', () => {
    const frame = '{"type":"complete","taskId":"t"}';
    expect(parse(` \t\r\n${frame} \t\r\n`)).toEqual(parse(frame));
    for (const text of [`\u00a0${frame}`, `${frame}\u2028`, `${frame}\0`, `${frame}${frame}`, `${frame},`]) {
      expect(parse(text).type).toBe('rejected');
    }
  });

  test.each(['subscribe', 'unsubscribe', 'query', 'subscribed', 'state'])('P-SUB-1, P-CTL-1 %s', (action) => {
    const frame = (task: string) => `{"type":"status"${task},"data":{"action":"${action}"}}`;
    for (const task of ['', ',"taskId":""', ',"taskId":null', ',"taskId":7']) {
      expect(parse(frame(task))).toEqual({ type: 'rejected', why: 'field `taskId` must name a task' });
    }
    const type = action === 'subscribed' || action === 'state' ? action : 'request';
    expect(parse(frame(',"taskId":"t"'))).toMatchObject({ type, taskId: 't', faults: 0 });
  });

  test('a rejected frame says which field', () => {
    expect(parse('{"type":"log"}')).toEqual({ type: 'rejected', why: 'field `taskId` is missing' });
    expect(parse('{"type":"log","taskId":null}')).toMatchObject({ why: 'field `taskId` must be a string' });
    expect(parse('{"type":"progress","taskId":"t","data":[]}')).toMatchObject({
      why: 'field `data` must be an object',
    });
    expect(parse('{"type":"progress","taskId":"t","data":{}}')).toMatchObject({
      why: 'field `progress` must be a finite number',
    });
    const ack = '{"type":"status","data":{"action":"ack","id":""}}';
    expect(parse(ack)).toMatchObject({ why: 'field `id` must not be empty' });
  });

  test('names of the language are no fields', () => {
    expect(
      parse('{"type":"log","taskId":"t","__proto__":{"seq":5},"data":{"__proto__":{"message":"m"}}}'),
    ).toMatchObject({
      seq: undefined,
      message: '',
      faults: 0,
    });
    expect(parse('{"type":"complete","taskId":"t","data":{"__proto__":1}}')).toMatchObject({ data: '{"__proto__":1}' });
  });

  test('a small part of a large frame is handed on as well', () => {
    const frame = `{"type":"log","taskId":"t","x":"${'x'.repeat(1000)}","data":{"metadata":{"a":"\\\\","b":[1]}}}`;
    expect(parse(frame)).toMatchObject({ metadata: '{"a":"\\\\","b":[1]}' });
  });

  test('P-JSON-4: nesting costs no stack', () => {
    const deep = '['.repeat(200_000) + ']'.repeat(200_000);
    expect(parse(`{"type":"complete","taskId":"t","data":${deep}}`)).toMatchObject({ data: deep });
  });
});

test('every rule about reading and writing is cited here', () => {
  const here = readFileSync(new URL(import.meta.url), 'utf8');
  const spec = readFileSync(new URL('../../../spec/PROTOCOL.md', import.meta.url), 'utf8');
  const rules = [...spec.matchAll(/^- \*\*(P-[A-Z]+-\d+)\*\* \[protocol\]/gm)].map(([, rule = '']) => rule);
  expect(rules.length).toBeGreaterThan(25);
  // P-PARSE-1 is about having several parsers.
  const missing = rules.filter((rule) => rule !== 'P-PARSE-1' && !new RegExp(`${rule}\\b`).test(here));
  expect(missing).toEqual([]);
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

  test.each([
    [42, '42'],
    [42.5, '42.5'],
    [0.1 + 0.2, '0.30000000000000004'],
    [5e-7, '5e-7'],
    [-0, '0'],
    [100 / 3, '33.333333333333336'],
  ])('P-NUM-1: %f', (progress, text) => {
    const data = encodeProgressData('t', '', progress, '', 0);
    expect(data).toBe(`{"taskId":"t","stage":"","progress":${text},"message":"","timestamp":0}`);
    expect(parse(encodeMessage({ type: 'progress', taskId: 't', timestamp: 1, data }))).toMatchObject({
      progress: progress + 0,
    });
  });

  test('P-HB-1, P-SUB-1: frames about the link', () => {
    expect(encodeHeartbeat('t', 1, true)).toBe(
      '{"type":"heartbeat","taskId":"t","timestamp":1,"data":{"received":true}}',
    );
    expect(encodeUnsubscribe('t', 1)).toBe(
      '{"type":"status","taskId":"t","timestamp":1,"data":{"action":"unsubscribe"}}',
    );
    expect(encodeQuery('t', 1)).toBe('{"type":"status","taskId":"t","timestamp":1,"data":{"action":"query"}}');
  });

  test('what may travel as data is JSON', () => {
    for (const json of ['null', ' [1e999, "\\ud800"] ', '{"a":{}}', '"x"', '-0']) {
      expect(isJson(json)).toBe(true);
    }
    for (const json of NO_JSON) {
      expect(isJson(json)).toBe(false);
    }
  });

  test('P-PUB-5: tasks that are published again', () => {
    const start = '{"type":"status","taskId":"","timestamp":1,"data":{"action":"publish","client":"c\\"","link":7,';
    expect(encodePublish(1, 'c"', 7, [{ id: 'a' }, { id: '"' }])).toBe(
      `${start}"tasks":[{"taskId":"a"},{"taskId":"\\""}]}}`,
    );
    expect(encodePublish(1, 'c"', 7, [])).toBe(`${start}"tasks":[]}}`);
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
