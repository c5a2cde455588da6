/** Programs of this repository that tests talk to. */

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Where Cargo puts what it builds. */
const BUILT = fileURLToPath(new URL(`${process.env['CARGO_TARGET_DIR'] ?? '../../../target'}/debug/`, import.meta.url));

export const ROOT = new URL('../../../', import.meta.url);

/** A program that says what it does line by line. */
export class Program {
  readonly child: ChildProcessWithoutNullStreams;
  private readonly lines: AsyncIterator<string>;
  private readonly errors: string[] = [];
  readonly ended: Promise<number>;

  constructor(name: string, ...args: string[]) {
    this.child = spawn(`${BUILT}${name}`, args);
    this.child.stderr.on('data', (data) => this.errors.push(String(data)));
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
    this.ended = new Promise((resolve, reject) => {
      this.child.on('error', reject);
      this.child.on('close', (code) => resolve(code ?? -1));
    });
  }

  /** The next line of its output. */
  async line(): Promise<string> {
    const { value, done } = await this.lines.next();
    if (done) {
      throw new Error(`the program ended: ${this.errors.join('')}`);
    }
    return value.trim();
  }

  /** All that it still says, and its status. */
  async end(): Promise<[status: number, said: string]> {
    this.child.stdin.end();
    let said = '';
    for (let next = await this.lines.next(); !next.done; next = await this.lines.next()) {
      said += `${next.value}\n`;
    }
    return [await this.ended, said + this.errors.join('')];
  }
}
