/** What calls through a running cell take of its processors. */
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CellStatus } from '../targets/local/index.ts';
import { processorSeconds } from '../targets/local/processor-time.ts';
import { requireState } from '../targets/local/state.ts';
import { findInstance } from '../fleet/schema/targets/aws-instances.ts';
import type { ProcessorWork } from '../planner-files/measured-figures.ts';
import { formatReport } from './call-report.ts';
import { describeProgress } from './commands/call.ts';
import { CommandFailure } from './failure.ts';
import { placeTestCalls, type CallKind } from './test-calls.ts';

export interface WorkOptions {
  readonly calls: number;
  /** Calls started a second. */
  readonly rate: number;
  /** Seconds that a call is held. */
  readonly hold: number;
  readonly signal: AbortSignal;
  readonly onProgress: (text: string) => void;
}

/** How long it is looked at what daemons take without calls. */
const IDLE_MS = 5000;

/**
 * Places calls between two users, and, where there is FreeSWITCH, as many to the echo test.
 * @throws CommandFailure when a call is not answered: what a failing cell does is not a measurement
 */
export async function measuredWork(cell: CellStatus, options: WorkOptions): Promise<ProcessorWork[]> {
  const { calls, hold, onProgress, signal } = options;
  const sbc = cell.hosts.find(({ active }) => active);
  if (sbc === undefined) throw new CommandFailure(`no SBC of ${cell.name} is active`, 1);
  const { spec } = requireState(cell.name);
  const media = cell.hosts.filter(({ role }) => role === 'media').map(({ name }) => name);
  const inKernel = existsSync('/proc/rtpengine/control') && spec.media.kernelForwarding !== 'off';
  const freeswitch = cell.hosts.some(({ services }) =>
    services.some(({ name, state }) => name === 'freeswitch' && state === 'ready'),
  );
  const meters: Meter[] = [
    { program: 'kamailio', hosts: [sbc.name] },
    { program: 'rtpengine', hosts: media },
    { program: 'freeswitch', hosts: media },
  ];
  const read = () => meters.map((meter) => reading(cell.name, meter));

  onProgress('measuring without calls');
  const before = read();
  await sleep(IDLE_MS, undefined, { signal });
  const idle = read().map((seconds, i) => (seconds - before[i]!) / IDLE_MS);

  /** Processor time of each program for calls of a kind. */
  const taken = async (kind: CallKind, rate: number): Promise<readonly number[]> => {
    const started = Date.now();
    const from = read();
    const report = await placeTestCalls(cell, {
      ...options,
      rate,
      kinds: [kind],
      onProgress: (progress) => onProgress(`${kind}: ${describeProgress(progress)}`),
    });
    // Audio may suffer where the machine carries both ends; a call that was not answered took less than a call.
    if (report.summary.answered < calls) {
      throw new CommandFailure(`not every call was answered, so nothing was measured\n${formatReport(report)}`, 1);
    }
    const elapsed = Date.now() - started;
    return read().map((seconds, i) => Math.max(0, seconds - from[i]! - idle[i]! * elapsed));
  };

  const [kamailio, rtpengine] = await taken('registered', options.rate);
  const cores = findInstance(spec.aws?.sbc.instanceType)?.vcpus;
  const works: ProcessorWork[] = [
    {
      figure: 'sbcSetups',
      program: 'Kamailio',
      work: calls,
      unit: 'calls from INVITE to BYE',
      processorSeconds: kamailio!,
      ...(cores !== undefined && { cores }),
    },
  ];
  // In the kernel, packets are nobody's processor time.
  if (!inKernel) {
    const unit = 'seconds of relayed calls';
    const work = calls * hold;
    works.push({ figure: 'userspaceCallsPerCore', program: 'rtpengine', work, unit, processorSeconds: rtpengine! });
  }
  if (freeswitch) {
    // Within what the hosts admit, and no sooner than they take new ones.
    const { sessions: most, sessionsPerSecond } = spec.media.freeswitch;
    const rate = Math.min(options.rate, 0.8 * media.length * Math.min(most / hold, sessionsPerSecond));
    const [, , sessions] = await taken('echo', rate);
    const unit = 'seconds of echo sessions';
    const work = calls * hold;
    works.push({ figure: 'freeswitchSessionsPerCore', program: 'FreeSWITCH', work, unit, processorSeconds: sessions! });
  }
  return works;
}

interface Meter {
  /** As the kernel knows it. */
  readonly program: string;
  readonly hosts: readonly string[];
}

const reading = (cell: string, { program, hosts }: Meter): number =>
  hosts.reduce((sum, host) => sum + processorSeconds(cell, host, program), 0);
