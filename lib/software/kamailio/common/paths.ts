import { file, type HostFile } from '../../host-config.ts';

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

/** A file that only root may change and only Kamailio may read: it has secrets in it, or what a stranger need not know. */
export const kamailioFile = (path: string, text: string): HostFile =>
  file(path, text, { mode: '0640', group: 'kamailio' });
