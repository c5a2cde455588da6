/** A bound on hanging, for machines that do other things too. Nothing is measured. */
export const patience = { testTimeout: 60_000, hookTimeout: 60_000, expect: { poll: { timeout: 30_000 } } };
