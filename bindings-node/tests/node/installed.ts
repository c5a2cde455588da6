/** The package as npm installed it into an empty project; `make test-node` does that. */

import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type * as Package from '../../ts/node';
import type { Native } from '../../ts/node/addon';
import { Program } from '../e2e/server';

/** Where it is installed. */
export const PROJECT = fileURLToPath(new URL('../../../target/npm-project/', import.meta.url));

const find = createRequire(`${PROJECT}package.json`);

export const steadywire: typeof Package = find('steadywire');

/** What the addon exports beside. */
export const addon: {
  Native: new (options: string, credentials: boolean, classify: boolean, wake: () => void) => Native;
  layout(): string;
  errorKinds(): string;
} = find('@steadywire/linux-x64-gnu');

/** What a program of Node said and how it ended. */
export interface Ran {
  readonly status: number | null;
  readonly signal: string | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a module in the project, as if it were a file there, to its end. `url` is in the environment. */
export function run(program: string, url = '', args: readonly string[] = []): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const node = spawn(process.execPath, [...args, '--input-type=module', '--eval', program], {
      cwd: PROJECT,
      env: { ...process.env, URL: url },
    });
    let [out, err] = ['', ''];
    node.stdout.on('data', (data) => {
      out += data;
    });
    node.stderr.on('data', (data) => {
      err += data;
    });
    node.on('error', reject);
    node.on('close', (status, signal) => resolve({ status, signal, out, err }));
  });
}

/** A hub on a port of its own, until `stop`. */
export async function startHub(): Promise<{ url: string; stop(): Promise<void> }> {
  const hub = new Program('steadywire', 'serve', '--listen', '127.0.0.1:0');
  const said = await hub.line();
  const url = /wss?:\S+/.exec(said)?.[0] ?? '';
  const stop = async () => {
    hub.child.kill('SIGKILL');
    await hub.ended;
  };
  return { url, stop };
}
