import { run } from './program.ts';

// Whoever reads the output may have seen enough (`npx cellstamp logs sbc-1 | head`).
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});
process.exitCode = await run(process.argv.slice(2));
