/** What all contestants are sent: 80 % progress, 18 % log, 2 % status, about 190 bytes each; at last a `complete` per task. */

const TEXT = 'epoch 3, batch 1200 of 4000, loss 0.1234';

export function message(n, tasks) {
  const taskId = `t${n % tasks}`;
  const timestamp = 1732000000000 + n;
  const kind = n % 50;
  const [type, data] =
    kind < 40
      ? ['progress', { taskId, stage: 'train', progress: (n % 1000) / 10, message: TEXT, timestamp }]
      : kind < 49
        ? ['log', { taskId, level: 'info', message: `${TEXT} ${n}`, timestamp }]
        : ['status', { state: 'busy', note: TEXT }];
  return JSON.stringify({ type, taskId, timestamp, data });
}

export function complete(task) {
  return JSON.stringify({ type: 'complete', taskId: `t${task}`, timestamp: 1732000000000, data: { taskId: `t${task}` } });
}
