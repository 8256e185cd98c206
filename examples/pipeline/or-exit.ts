import { describeFailure } from '../../lib/cli/failure.ts';

/** What this comes to. When it fails, the program says why, as `cellstamp` would, and ends. */
export function orExit<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const { text, status } = describeFailure(error, false);
    console.error(text);
    return process.exit(status);
  }
}
