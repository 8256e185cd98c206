import { createInterface } from 'node:readline';
import { z } from 'zod';
import { AgentHost } from './agent-host.ts';
import type { AgentsEvent } from './agents-event.ts';
import { type Command, commandSchema } from './scenario.ts';

/**
 * The program that runs inside a network namespace: commands come as JSON lines on the standard input, events go out as
 * JSON lines on the standard output. Its exit status is 0; what went wrong is an event.
 *
 * @example
 * {"do":"open","agents":[{"role":"carrier","name":"a","identity":"sip:a@127.0.0.1","local":{"address":"127.0.0.1"},…}]}
 * {"do":"run","run":"first","kinds":[{"name":"out","caller":"a","dial":"sip:+4930123@127.0.0.1"}],"calls":10}
 * {"do":"close"}
 */
async function main(): Promise<void> {
  const tell = (event: AgentsEvent) => process.stdout.write(`${JSON.stringify(event)}\n`);
  const host = new AgentHost(tell);
  // Ctrl-C in a terminal goes to this process too: the one that started it decides what happens, and closes the input.
  process.on('SIGINT', () => undefined);
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() === '') continue;
    const command = readCommand(line);
    if ('event' in command) {
      tell(command);
      continue;
    }
    const run = command.do === 'run' ? { run: command.run } : {};
    const done = host.do(command).catch((error: unknown) => {
      tell({ event: 'error', message: error instanceof Error ? error.message : String(error), ...run });
    });
    if (command.do !== 'run') await done; // runs go on side by side
    if (command.do === 'close') return;
  }
  await host.do({ do: 'close' });
}

/** @returns the command, or what is wrong with the line */
function readCommand(line: string): Command | Extract<AgentsEvent, { event: 'error' }> {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return { event: 'error', message: `not JSON: ${line.slice(0, 80)}` };
  }
  const parsed = commandSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const run = z.object({ run: z.string() }).safeParse(json).data;
  return { event: 'error', message: z.prettifyError(parsed.error), ...run };
}

await main();
process.exit();
