/** The driver for the client of browsers, in Node, over a socket that Node has. */

import WebSocket from 'ws';
import { Client } from '../../ts/web';
import { logger, obeyStdin } from './stdin';

obeyStdin((options) => new Client({ logger, ...options, WebSocket }));
