/** docs/faults.md, made from the results. */
import { faults, parts } from './faults.ts';
import { faultDetails, faultTable, type FaultResult } from './results.ts';

export const pageFile = new URL('../../../docs/faults.md', import.meta.url).pathname;

export function faultPage(results: readonly FaultResult[]): string {
  const order = parts.flatMap((part) => faults.map((fault) => [part.name, fault.name] as const));
  return `# Faults

What happens to calls when a part of a cell fails. Written by \`npm run faults\`, which puts each fault into a local cell of two SBCs,
three media hosts, two databases and two Redis servers. The calls are real, with audio both ways: 18 of them wait at six moments
(ringing, just answered, in talk, on hold, a re-INVITE under way, a transfer under way), between users and with a carrier in both
directions; five a second arrive meanwhile.

- **Lost**: the audio of a call in talk stops for over 2 s, or the call can't be answered, changed or hung up once the part is back.
  Where packets are lost by the fault itself, signalling alone is judged. Where fragments are lost, each call that arrives describes itself
  in 4 kB.
- **Failed**: a call that arrived was refused, or one side did not hear the other.
- **Records lost**: answered calls without a record of their start or end. **Left behind**: counters and media sessions a minute after
  the last call.
- **Whole**: every part answers, every media relay is at home, and both SBCs know the same calls.

Figures with slashes are least, median and most of all runs; others are sums.

${results.length === 0 ? 'No results are kept yet.' : faultTable(results, order)}

## What failed

In how many runs.

${faultDetails(results) || 'Nothing.'}

## Not shown

Clocks that jump, reboots and the loss of FreeSWITCH are not in the table. All hosts are network namespaces of one
machine, so a host that loses power keeps its kernel. Logs are on the machine's file system, which a full disk leaves out.
`;
}
