import type { Module } from '../common/modules.ts';

/** What an SBC loads beside what every Kamailio has, in the order in which it must be loaded. */
export const sbcModules: readonly Module[] = [
  ['ipops', ''],
  ['cfgutils', 'a route out of onsend_route'],
  ['db_postgres', ''],
  ['db_text', 'the list of media relays'],
  ['dmq', 'replication; before the modules that use it'],
  ['htable', 'tables in shared memory'],
  ['usrloc', 'registrations'],
  ['registrar', ''],
  ['nathelper', ''],
  ['sanity', 'malformed messages'],
  ['dmq_usrloc', ''],
  ['auth', 'digest authentication'],
  ['sqlops', 'look-ups of users that are not in memory'],
  ['rtpengine', 'media relays'],
  ['dispatcher', 'FreeSWITCH hosts'],
  ['uac', ''],
  ['async', 'requests that wait for a relay'],
  ['mqueue', 'events on their way to Redis and to the other SBC'],
  ['rtimer', ''],
  ['ndb_redis', ''],
  ['topoh', 'hides the topology from carriers'],
];
