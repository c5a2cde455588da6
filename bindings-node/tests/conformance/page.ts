/** The driver in a page: `obey` is for the program outside, `say` is that program's. */

import { Client } from '../../ts/web';
import { Driver } from './driver';

declare global {
  interface Window {
    say(line: string): void;
    obey(line: string): void;
  }
}

const logger = { warn() {}, error() {} };
const driver = new Driver(
  (options) => new Client({ logger, ...options }),
  (line) => window.say(line),
);
window.obey = (line) => driver.obey(line);
