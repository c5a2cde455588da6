import type { MessageType } from '@/services/WebSocketService';

export type { WebSocketMessage };
