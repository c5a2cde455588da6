/** What functions of the program throw, which may be anything. */

/** Its text. */
export function textOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  } catch {
    return 'something that has no text';
  }
}

/** As a failure to give credentials: why, and whether asking again cannot help. */
export function failureOf(thrown: unknown): { message: string; fatal: boolean } {
  try {
    const { message, fatal } = (thrown ?? {}) as { message?: unknown; fatal?: unknown };
    return { message: typeof message === 'string' ? message : textOf(thrown), fatal: fatal === true };
  } catch {
    return { message: textOf(thrown), fatal: false };
  }
}
