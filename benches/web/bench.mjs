/** Measures events per second in Node and in Chromium, renders of the hooks, and sizes: `npm run bench`. */

import { fork } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { rolldown } from 'rolldown';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const COUNT = Number(process.env.COUNT ?? 200_000);
const ROUNDS = Number(process.env.ROUNDS ?? 5);
const alias = { 'steadywire/react': here('../../bindings-node/ts/react/index.ts') };

async function bundle(input, file, more = {}) {
  const made = await rolldown({
    input,
    platform: 'browser',
    resolve: { alias, modules: [here('node_modules')] },
    transform: { define: { 'process.env.NODE_ENV': '"production"' } },
    onLog() {},
    ...more,
  });
  const { output } = await made.write({ file, format: 'esm', minify: true, codeSplitting: false });
  return output[0].code;
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

mkdirSync(here('../../target/bench-web'), { recursive: true });
const server = fork(here('server.mjs'));
const port = await new Promise((resolve) => server.once('message', resolve));
const address = (rate, tasks, count) => `ws://127.0.0.1:${port}/?count=${count}&rate=${rate}&tasks=${tasks}`;

console.log(`\nIn Node, over ws: typed events, median of ${ROUNDS}`);
await bundle(here('../../bindings-node/ts/web/index.ts'), here('../../target/bench-web/client.mjs'));
const NAMES = ['steadywire/web', 'reconnecting-websocket', 'partysocket', 'ws'];
const found = new Map(NAMES.map((name) => [name, []]));
for (let round = 0; round < ROUNDS; round++) {
  for (const name of NAMES) {
    const child = fork(here('node.mjs'), [name, address(0, 1, COUNT)]);
    found.get(name).push(await new Promise((resolve) => child.once('message', resolve)));
    await new Promise((resolve) => child.once('exit', resolve));
  }
}
console.table(
  NAMES.map((name) => ({
    name,
    'events/s': median(found.get(name).map(({ perSecond }) => perSecond)),
    'CPU s per million': Number(median(found.get(name).map(({ cpuPerMillion }) => cpuPerMillion)).toFixed(2)),
    dropped: Math.max(...found.get(name).map(({ events }) => COUNT - events)),
  })),
);

const script = await bundle(here('page.jsx'), here('../../target/bench-web/page.js'));
const pages = createServer((request, answer) => {
  const isScript = request.url.startsWith('/page.js');
  answer.writeHead(200, { 'Content-Type': isScript ? 'text/javascript' : 'text/html' });
  answer.end(isScript ? script : '<!doctype html><div id="root"></div><script type="module" src="/page.js"></script>');
});
await new Promise((resolve) => pages.listen(0, '127.0.0.1', resolve));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic'],
});

async function inPage(name, rate, tasks, count) {
  const page = await browser.newPage();
  const query = new URLSearchParams({ name, url: address(rate, tasks, count), tasks, count });
  await page.goto(`http://127.0.0.1:${pages.address().port}/?${query}`);
  const result = await (await page.waitForFunction(() => window.result, undefined, { timeout: 120_000 })).jsonValue();
  await page.close();
  return result;
}

const row = (name, { seconds, seen, dropped, renders, frames, slowFrames, longTasks }) => ({
  name,
  'events/s': Math.round(seen / seconds),
  dropped,
  'renders/s': Math.round(renders / seconds),
  'frames/s': Math.round(frames / seconds),
  'frames over 25 ms': slowFrames,
  'tasks over 50 ms': longTasks.length,
});

for (const [title, rate, count] of [
  ['In Chromium, one component, as fast as it takes them', 0, COUNT / 4],
  ['In Chromium, one component, 1,000 messages a second', 1000, 5000],
]) {
  console.log(`\n${title}`);
  const rows = [];
  for (const name of ['steadywire/react', 'react-use-websocket']) {
    rows.push(row(name, await inPage(name, rate, 1, count)));
  }
  console.table(rows);
}

console.log('\nIn Chromium, 100 components on 100 tasks, 5,000 messages a second');
const { seconds, frames, mostRendersOfOne, longTasks } = await inPage('hundred', 5000, 100, 25_000);
console.table([{ seconds: Number(seconds.toFixed(1)), frames, 'renders of one component, at most': mostRendersOfOne, 'tasks over 50 ms': longTasks.join(' ') || 'none' }]);

await browser.close();
pages.close();
server.kill();

console.log('\nMinified and gzipped, without React');
const external = ['react', 'react-dom'];
const sizes = [];
for (const [name, input] of [
  ['steadywire/web', here('../../bindings-node/ts/web/index.ts')],
  ['steadywire/react (with web)', here('../../bindings-node/ts/react/index.ts')],
  ['react-use-websocket', 'react-use-websocket'],
  ['partysocket', 'partysocket'],
  ['reconnecting-websocket', 'reconnecting-websocket'],
]) {
  const code = await bundle(input, here('../../target/bench-web/size.mjs'), { external, cwd: here('.') });
  sizes.push({ name, KB: Number((gzipSync(code, { level: 9 }).length / 1000).toFixed(1)) });
}
console.table(sizes);
