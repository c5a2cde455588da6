/** One call per frame, and by a timer where there are no frames: in a hidden page, and where nothing is shown. */

/** How long a frame may take before a timer takes its place, in milliseconds. */
export const FRAME_MS = 100;

/** Calls `run` at the next frame. Returns what takes it back. */
export function nextFrame(run: () => void): () => void {
  const frame = typeof requestAnimationFrame === 'function' ? requestAnimationFrame(now) : undefined;
  const timer = setTimeout(now, FRAME_MS);
  function cancel() {
    clearTimeout(timer);
    if (frame !== undefined) {
      cancelAnimationFrame(frame);
    }
  }
  function now() {
    cancel();
    run();
  }
  return cancel;
}
