/** Where FreeSWITCH's files are on a host. It writes nowhere else, but for the voicemail directory of the spec. */
const etc = '/etc/freeswitch';
const programs = '/usr/local/lib/cellstamp';

export const paths = {
  etc,
  state: '/var/lib/freeswitch',
  certificates: '/var/lib/freeswitch/certs',
  log: '/var/log/freeswitch',
  run: '/run/freeswitch',
  /** Recordings of the cell's owner, named as the feature: `ivr-acme.main.wav`, `voicemail-acme.1001.wav`. */
  prompts: '/var/lib/freeswitch/prompts',
  /** Where SignalWire's sound package puts English speech. */
  sounds: '/usr/share/freeswitch/sounds/en/us/callie',
  eventSocket: `${etc}/event-socket.xml`,
  /** The name that fs_cli looks for in its home directory. */
  cliConfig: `${etc}/.fs_cli_conf`,
  mailboxes: `${etc}/mailbox.lua`,
  /** SignalWire's token, in the form that both apt and curl read. */
  token: `${etc}/signalwire.netrc`,
  cli: `${programs}/freeswitch-cli`,
  prepare: `${programs}/freeswitch-prepare`,
  ready: `${programs}/freeswitch-ready`,
  drain: `${programs}/freeswitch-drain`,
  install: `${programs}/freeswitch-install`,
} as const;
