/** The driver for Node: the package as it is installed in the project that the program is given. */

import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import type * as Package from '../../ts/node';
import { logger, obeyStdin } from './stdin';

const project = resolve(process.argv[2] ?? '', 'package.json');
const steadywire: typeof Package = createRequire(project)('steadywire');

obeyStdin((options) => new steadywire.Client({ logger, ...options }));
