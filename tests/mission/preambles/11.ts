import { ConnectionState, getWebSocketService } from '@/services/WebSocketService';

const wsService = getWebSocketService({ url: 'ws://localhost:8080/ws' });
