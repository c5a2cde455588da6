/** The client in a worker: it follows a task and tells what comes. */

import { Client } from '../../../ts/web';

declare function postMessage(what: unknown): void;

globalThis.onmessage = async ({ data: url }: MessageEvent<string>) => {
  const client = new Client({ url });
  client.on('stateChange', (state) => postMessage(state));
  for await (const event of client.follow('build-7')) {
    postMessage(event.type === 'progress' ? event.progress : event.type);
  }
  await client.disconnect();
  postMessage('over');
};
