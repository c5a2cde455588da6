// Passes the events of tasks on to web pages as server-sent events: GET /tasks/ID. `relay` is a handler for Express
// (app.get('/tasks/:id', relay)); for Fastify it is (request, reply) => { reply.hijack(); relay(request, reply.raw); }.

import { createServer } from 'node:http';
import { Client } from 'steadywire';

const client = new Client({ url: process.env.STEADYWIRE_URL ?? 'ws://127.0.0.1:8080/ws' });

/** One connection to the hub, however many pages look on. A page that goes away gives its task up. */
export async function relay(request, response) {
  const id = request.params?.id ?? decodeURIComponent(request.url.split('/').pop());
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  try {
    for await (const event of client.follow(id, { signal: gone.signal })) {
      const full = !response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
      if (full && !gone.signal.aborted) {
        // A slow page: the follow keeps the latest meanwhile.
        await new Promise((resolve) => response.once('drain', resolve).once('close', resolve));
      }
    }
    response.end();
  } catch (error) {
    if (!gone.signal.aborted) {
      throw error;
    }
  }
}

const server = createServer((request, response) => {
  relay(request, response).catch((error) => response.destroy(error));
});
server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/tasks/ID`);
});
process.once('SIGTERM', async () => {
  server.close();
  server.closeAllConnections();
  await client.disconnect();
});
