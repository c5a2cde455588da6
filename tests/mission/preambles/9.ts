export type { LogEntry };
