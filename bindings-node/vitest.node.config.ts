import { defineConfig } from 'vitest/config';

/** A bound on hanging, for machines that do other things too. Nothing is measured. */
const testTimeout = 60_000;

/** The package as it is installed: `make test-node` packs it first. */
export default defineConfig({
  test: { include: ['tests/node/**/*.test.ts'], testTimeout, hookTimeout: testTimeout, execArgv: ['--expose-gc'] },
});
