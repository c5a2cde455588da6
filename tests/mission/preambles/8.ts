export type { ProgressUpdate };
