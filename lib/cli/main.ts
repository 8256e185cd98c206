import { outputIsClosed } from './interrupt.ts';
import { run } from './program.ts';

// Whoever reads the output may have seen enough (`npx cellstamp logs sbc-1 | head`). What has something to tidy up is told.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  if (!outputIsClosed()) process.exit();
});
// What is said on the way is of no use to nobody.
process.stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
process.exitCode = await run(process.argv.slice(2));
