/** Runs the client in a worker, and keeps in `told` what the worker tells. */

const page = globalThis as unknown as { told: unknown[] };
page.told = [];

const worker = new Worker('/in-worker.js', { type: 'module' });
worker.onmessage = ({ data }) => page.told.push(data);
worker.onerror = ({ message }) => page.told.push({ error: message });
worker.postMessage(new URLSearchParams(location.search).get('url'));
