import { kamailioPaths } from '../common/paths.ts';

/** Where Kamailio's files are on an SBC. */
export const paths = {
  ...kamailioPaths,
  /** One line of configuration, made before every start: a number that no other start has. */
  serverId: '/run/kamailio/server-id.cfg',
} as const;
