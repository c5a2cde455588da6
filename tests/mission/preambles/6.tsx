export { ProgressTracker };
