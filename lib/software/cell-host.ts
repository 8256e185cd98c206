import type { Cell, Host } from '../fleet/derive/cell.ts';
import { callWatch } from './call-watch/index.ts';
import { freeswitch } from './freeswitch/index.ts';
import { mergeHostConfigs, type HostConfig } from './host-config.ts';
import { kamailio } from './kamailio/sbc/index.ts';
import { keepalived } from './keepalived/index.ts';
import { pgbouncer } from './pgbouncer/index.ts';
import { postgresql } from './postgresql/index.ts';
import { databaseSchema } from './postgresql/schema.ts';
import { probe } from './probe/index.ts';
import { redis } from './redis/index.ts';
import { rtpengine } from './rtpengine/index.ts';
import { stunnel } from './stunnel/index.ts';
import { takeOverOnMedia, takeOverOnSbc } from './take-over/index.ts';

/**
 * All that runs on one host of a cell: what every target makes the host from.
 * @example hostConfig(cell, cell.sbcs[0]).services.map((service) => service.name)
 */
export function hostConfig(cell: Cell, host: Host): HostConfig {
  return mergeHostConfigs(programs(cell, host));
}

function programs(cell: Cell, host: Host): readonly HostConfig[] {
  switch (host.role) {
    case 'sbc':
      return [
        databaseSchema(cell, host),
        pgbouncer(cell, host),
        stunnel(cell, host),
        kamailio(cell, host),
        callWatch(cell),
        probe(cell, host),
        takeOverOnSbc(cell, host),
        keepalived(cell, host),
      ];
    case 'media':
      return [rtpengine(cell, host), takeOverOnMedia(cell, host), freeswitch(cell, host)];
    case 'database':
      return [postgresql(cell, host)];
    case 'redis':
      return [redis(cell, host)];
  }
}
