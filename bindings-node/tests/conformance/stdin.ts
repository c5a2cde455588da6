/** The driver as a program: lines in, lines out, one life after the other. */

import { createInterface } from 'node:readline';
import { Driver, type Make } from './driver';

export const logger = { warn() {}, error() {} };

export function obeyStdin(make: Make): void {
  const driver = new Driver(make, (line) => process.stdout.write(`${line}\n`));
  createInterface({ input: process.stdin }).on('line', (line) => driver.obey(line));
}
