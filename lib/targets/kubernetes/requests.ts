/**
 * What a container asks of its node. There are no limits: one of processor time cuts holes into audio, and one of memory ends a process with
 * all its calls. A node of the cell has its one host, whose own limits on calls are in the spec.
 */
import {
  freeswitchSessionsPerCore,
  kernelCallsPerCore,
  sbcSecondsPerCall,
  userspaceCallsPerCore,
} from '../../fleet/processor-figures.ts';
import type { CellSpec } from '../../fleet/schema/cell-types.ts';
import type { Service } from '../../software/host-config.ts';

/** Amounts as Kubernetes writes them: `1500m` of a processor, `832Mi`. */
export type Requests = Readonly<Partial<Record<'cpu' | 'memory', string>>>;

const cpu = (cores: number): string => `${Math.ceil(cores * 100) * 10}m`;

/** With all the calls that the cell admits; nothing where nobody has measured. */
export function requests({ media, sbc }: CellSpec, { name }: Pick<Service, 'name'>): Requests {
  switch (name) {
    case 'kamailio':
      return { cpu: cpu(sbc.setupsPerSecond * sbcSecondsPerCall), memory: `${sbc.sharedMemoryMiB}Mi` };
    case 'rtpengine': {
      // Preferred may end up in user space.
      const perCore = media.kernelForwarding === 'required' ? kernelCallsPerCore : userspaceCallsPerCore;
      return { cpu: cpu(media.relay.calls / perCore) };
    }
    case 'freeswitch':
      return { cpu: cpu(media.freeswitch.sessions / freeswitchSessionsPerCore) };
    default:
      return {};
  }
}
