import { kamailioPaths } from '../common/paths.ts';

/** Where Kamailio's files are on an SBC. */
export const paths = {
  ...kamailioPaths,
  /** One line of configuration, made before every start: a number that no other start has. */
  serverId: '/run/kamailio/server-id.cfg',
  /** Made before every start: where the tables are loaded from, and how old they are. */
  tablesSource: '/run/kamailio/tables.cfg',
  /** One line of configuration: whether this SBC is active. keepalived's script writes it. */
  role: '/run/sbc-role.cfg',
} as const;
