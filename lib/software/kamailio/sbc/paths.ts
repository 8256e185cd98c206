/** Where Kamailio's files are on an SBC. */
export const paths = {
  config: '/etc/kamailio/kamailio.cfg',
  tls: '/etc/kamailio/tls.cfg',
  certificate: '/etc/kamailio/sip-certificate.pem',
  key: '/etc/kamailio/sip-key.pem',
  dispatcherList: '/etc/kamailio/dispatcher.list',
  run: '/run/kamailio',
  /** Control socket for kamcmd. */
  control: '/run/kamailio/control.sock',
  /** Socket for JSON-RPC, one request a datagram. */
  jsonRpc: '/run/kamailio/json-rpc.sock',
  pid: '/run/kamailio/kamailio.pid',
  /** One line of configuration, made before every start: a number that no other start has. */
  serverId: '/run/kamailio/server-id.cfg',
  /** One line of configuration: whether this SBC is active. keepalived's script writes it. */
  role: '/run/sbc-role.cfg',
} as const;
