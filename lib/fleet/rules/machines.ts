/** Whether the SBCs and the edges carry what is asked of them, on whatever machines. */
import { counted } from '../../config-file/counted.ts';
import { connectionBytes } from '../schema/fixed.ts';
import type { CellSpec } from '../schema/cell-types.ts';
import type { Connections } from '../../config-file/fields.ts';
import type { FrontSpec } from '../schema/front-types.ts';
import type { Rule } from '../../config-file/rule.ts';

/** A quarter is left for tables, calls and registrations. */
const connectionsFitTheSharedMemory: Rule<CellSpec> = {
  severity: 'error',
  reads: ['sbc.connections.total', 'sbc.sharedMemoryMiB'],
  *check({ sbc }) {
    const needed = Math.ceil((sbc.connections.total * connectionBytes) / 2 ** 20);
    if (needed <= 0.75 * sbc.sharedMemoryMiB) return;
    yield {
      path: ['sbc', 'connections', 'total'],
      alsoAt: [['sbc', 'sharedMemoryMiB']],
      message: `${counted(sbc.connections.total, 'connection')} over TLS take ${needed} MiB; Kamailio has ${sbc.sharedMemoryMiB} MiB`,
      allowed: `at most ${Math.floor((0.75 * sbc.sharedMemoryMiB * 2 ** 20) / connectionBytes)} connections, or sharedMemoryMiB: ${Math.ceil(needed / 0.75)}`,
    };
  },
};

function noSourceTakesAllConnections<Spec>(where: string, of: (spec: Spec) => Connections): Rule<Spec> {
  return {
    severity: 'error',
    reads: [`${where}.connections`],
    *check(spec) {
      const { perSource, total } = of(spec);
      if (perSource <= total / 2) return;
      yield {
        path: [where, 'connections', 'perSource'],
        alsoAt: [[where, 'connections', 'total']],
        message: `one source may hold ${perSource} of ${total} connections: two would keep everybody else away`,
        allowed: `at most ${Math.floor(total / 2)} (a half)`,
      };
    },
  };
}

/**
 * Call set-ups a second on the full path with rtpengine in the only vendor-neutral report. What a given machine does, only a
 * measurement says.
 */
const reportedSetupsPerSecond = 300;

const setupsAreReported: Rule<CellSpec> = {
  severity: 'warning',
  reads: ['sbc.setupsPerSecond'],
  *check({ sbc }) {
    if (sbc.setupsPerSecond <= reportedSetupsPerSecond) return;
    yield {
      path: ['sbc', 'setupsPerSecond'],
      message: `${counted(sbc.setupsPerSecond, 'call set-up')} a second are more than was ever reported for one SBC with media relay`,
      allowed: `at most ${reportedSetupsPerSecond} until you have measured more`,
    };
  },
};

export const machineRules: readonly Rule<CellSpec>[] = [
  connectionsFitTheSharedMemory,
  noSourceTakesAllConnections<CellSpec>('sbc', ({ sbc }) => sbc.connections),
  setupsAreReported,
];

export const edgeMachineRules: readonly Rule<FrontSpec>[] = [
  noSourceTakesAllConnections<FrontSpec>('edge', ({ edge }) => edge.connections),
];
