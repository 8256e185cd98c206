/** BIRD 2, which tells routes by BGP: on edges that announce an address of their own, and on routers of the local target. */
import { service, type Command, type Service } from '../host-config.ts';

export const birdConfigPath = '/etc/cellstamp/bird.conf';

/** Where BIRD takes orders. */
export const birdControl = '/run/bird/bird.ctl';

/** @param ready the question whether it does its work */
export const birdService = (ready: Command): Service =>
  service({
    name: 'bird',
    description: 'Routes by BGP (BIRD)',
    command: ['/usr/sbin/bird', '-f', '-c', birdConfigPath, '-s', birdControl],
    user: 'root',
    capabilities: ['CAP_NET_ADMIN', 'CAP_NET_BIND_SERVICE', 'CAP_NET_RAW'],
    runDirectories: ['/run/bird'],
    ready,
    readyTimeoutSeconds: 60,
  });
