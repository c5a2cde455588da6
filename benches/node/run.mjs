// Measures the npm package against what a program in Node could use in its place; the server is that of the other
// measurements. `make bench-node` builds what this needs.
//
//   node run.mjs BENCH PROJECT [--rounds N] [--events N]

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const [bench, project, ...flags] = process.argv.slice(2);
const flag = (name, otherwise) => Number(flags[flags.indexOf(name) + 1 || -1] ?? otherwise);
const rounds = flag('--rounds', 5);
const events = flag('--events', 500_000);
const names = ['steadywire', 'ws', 'partysocket', 'undici'];
const tasks = { plain: 'run-7f3a', hard: 'entraînement-' };

await reading('plain', 'plain', events);
await reading('hard', 'hard', events / 5);
await measure('paced, 1,000 a second', ['steadywire', 'ws'], blaster('plain', 5000, 1000), ['read', 0], show.bind(null, ['cpu', 'thread']));
await measure('echo on one core', ['steadywire', 'ws'], { EchoServer: { core: 0 } }, ['echo', 20_000], show.bind(null, ['p50', 'p99']), 0);
await measure('start, ms after a bare node', ['steadywire', 'ws'], blaster('plain', 1, null), ['start', 0], show.bind(null, ['after']));

function reading(name, corpus, count) {
  return measure(`as fast as it is read, ${name}`, names, blaster(corpus, count, null), ['read', 0], (found) => {
    const totals = new Set([...found.values()].flat().map((one) => JSON.stringify(one.totals)));
    if (totals.size !== 1) {
      throw new Error(`void: the contestants counted differently: ${[...totals].join(' ')}`);
    }
    for (const all of found.values()) {
      for (const run of all) {
        run.rate = run.totals.events / run.seconds / 1e6;
      }
    }
    show(['cpu', 'thread', 'rate'], found);
  });
}

function blaster(corpus, count, rate) {
  return { Blaster: { corpus, events: count, per_second: rate } };
}

/** Rounds are interleaved and their order rotates. */
async function measure(title, who, role, [part, trips], tell, core) {
  const found = new Map(who.map((name) => [name, []]));
  const corpus = role.Blaster?.corpus ?? 'plain';
  const own = Array.from({ length: 8 }, (_, index) =>
    corpus === 'hard' ? `${tasks.hard}${index}` : `${tasks.plain}${String(index).padStart(2, '0')}`,
  );
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < who.length; turn++) {
      const name = who[(round + turn) % who.length];
      found.get(name).push(await one(role, part, name, trips, own, core));
    }
  }
  console.log(`\n${title} (${rounds} rounds, median; ratio = median of the rounds' ratios to ws)`);
  tell(found);
}

async function one(role, part, name, trips, own, core) {
  const server = spawn(bench, ['--as', JSON.stringify(role)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
  const { port } = JSON.parse((await lines.next()).value);
  const script = fileURLToPath(new URL('contestant.mjs', import.meta.url));
  const command = [process.execPath, script, part, name, `ws://127.0.0.1:${port}/ws`, trips, ...own].map(String);
  const pinned = core === undefined ? command : ['taskset', '-c', core, ...command].map(String);
  const env = { ...process.env, STEADYWIRE_PROJECT: project };
  const contestant = spawn(pinned[0], pinned.slice(1), { stdio: ['ignore', 'pipe', 'inherit'], env });
  let said = '';
  contestant.stdout.on('data', (data) => {
    said += data;
  });
  const [status] = await once(contestant, 'close');
  server.kill();
  if (status !== 0) {
    throw new Error(`${name} ended with ${status}`);
  }
  return JSON.parse(said.trim().split('\n').at(-1));
}

function show(fields, found) {
  for (const [name, all] of found) {
    const cells = fields.map((field) => {
      const values = all.map((one) => one[field]);
      const ratios = values.map((value, round) => value / found.get('ws')[round][field]);
      return `${field} ${median(values).toFixed(3)} (${median(ratios).toFixed(2)})`;
    });
    console.log(`  ${name.padEnd(12)} ${cells.join('   ')}`);
  }
}

function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}
