/** Programs in other languages than TypeScript, as the library has them. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import * as onNodes from '../../lib/targets/kubernetes/program-texts.ts';
import * as onFront from '../../lib/targets/local/front/program-texts.ts';
import * as onHosts from '../../lib/software/program-texts.ts';

it.each([
  ['lib/software/call-watch/calls.py', onHosts.calls],
  ['lib/software/directory-agent/directory-agent.py', onHosts.directoryAgent],
  ['lib/software/edge-health/edge-health.py', onHosts.edgeHealth],
  ['lib/software/kamailio/common/kamailio-openssl.c', onHosts.kamailioOpenssl],
  ['lib/software/probe/probe.py', onHosts.probe],
  ['lib/software/take-over/relays.py', onHosts.relays],
  ['lib/targets/kubernetes/host/node-files.py', onNodes.nodeFiles],
  ['lib/targets/local/front/accelerator.py', onFront.accelerator],
  ['lib/targets/local/front/directory-transaction.py', onFront.directoryTransaction],
])('%s is what the library has, to the byte (npx tsx scripts/write-schemas.ts writes it)', (path, text) => {
  expect(text).toBe(readFileSync(path, 'utf8'));
});
