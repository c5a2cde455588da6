import { defineConfig } from 'vitest/config';

/** A bound on hanging, for machines that do other things too. Nothing is measured. */
const PATIENCE_MS = 60_000;

export default defineConfig({ test: { include: ['tests/**/*.test.ts'], testTimeout: PATIENCE_MS } });
