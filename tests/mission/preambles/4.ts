import { WebSocketService } from '@/services/WebSocketService';

export { wsService };
