import { defineConfig } from 'vitest/config';
import { patience } from './vitest.patience';

/** The package as it is installed: `make test-node` packs it first. */
export default defineConfig({
  test: { include: ['tests/node/**/*.test.ts'], ...patience, execArgv: ['--expose-gc'] },
});
