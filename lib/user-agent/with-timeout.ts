/** What the promise gives, or `late` when it takes longer than this many seconds, or when `stop` is aborted meanwhile. */
export async function withTimeout<T>(seconds: number, promise: Promise<T>, stop?: AbortSignal): Promise<T | 'late'> {
  let giveUp: () => void = () => undefined;
  const late = new Promise<'late'>((resolve) => (giveUp = () => resolve('late')));
  const timer = setTimeout(giveUp, stop?.aborted === true ? 0 : seconds * 1000);
  stop?.addEventListener('abort', giveUp);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
    stop?.removeEventListener('abort', giveUp);
  }
}
