/** jsdom's own WebSocket does not work in it: its events are of another kind. */

import { configure } from '@testing-library/react';
import WebSocket from 'ws';

// What comes over the network comes when it comes, as in a page.
Object.assign(globalThis, { WebSocket, IS_REACT_ACT_ENVIRONMENT: false });

// A bound on hanging, for machines that do other things too.
configure({ asyncUtilTimeout: 20_000 });
