export { MessageType };
