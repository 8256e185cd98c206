import { outputIsClosed } from './interrupt.ts';
import { run } from './program.ts';

// Whoever reads the output may have seen enough (`npx cellstamp logs sbc-1 | head`). Whoever has something to tidy up gets the signal.
process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
  if (code !== 'EPIPE') console.error(`cellstamp: the output can't be written: ${message}`);
  // Without a status it would forget the one that is set.
  if (!outputIsClosed()) process.exit(code === 'EPIPE' ? process.exitCode : 1);
});
// Of what is said on the way there is nobody left to report a loss to.
process.stderr.on('error', () => undefined);
process.exitCode = await run(process.argv.slice(2));
