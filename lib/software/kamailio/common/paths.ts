/** Where the files of every Kamailio are on its host. */
export const kamailioPaths = {
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
} as const;
