import type { LogEntry, ProgressUpdate } from '@/services/WebSocketService';
