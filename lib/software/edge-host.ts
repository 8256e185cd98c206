import type { EdgeHost, Front } from '../fleet/derive/front.ts';
import { directoryAgent } from './directory-agent/index.ts';
import { edgeHealth } from './edge-health/index.ts';
import { edge } from './kamailio/edge/index.ts';
import { mergeHostConfigs, type HostConfig } from './host-config.ts';

/**
 * All that runs on one edge of the front: what every target makes the host from.
 * @example edgeHostConfig(front, front.edges[0]!).services.map((service) => service.name)
 */
export function edgeHostConfig(front: Front, host: EdgeHost): HostConfig {
  return mergeHostConfigs([edge(front, host), directoryAgent(front, host), edgeHealth(front, host)]);
}
