// node --expose-gc --import ./tests/soak/collect.mjs DRIVER: at SIGUSR2 the driver collects its garbage, and says how many
// KiB of its memory are free room in V8's heap, which V8 keeps in whole pages and gives back when it likes.

import { getHeapSpaceStatistics } from 'node:v8';

process.on('SIGUSR2', () => {
  globalThis.gc();
  const spaces = getHeapSpaceStatistics();
  const unused = spaces.reduce((sum, space) => sum + Math.max(space.physical_space_size - space.space_used_size, 0), 0);
  process.stdout.write(`unused\t${Math.round(unused / 1024)}\n`);
});
