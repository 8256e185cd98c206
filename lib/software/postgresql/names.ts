/** Names inside PostgreSQL, the same on every target. */
/** The authorities that sign the certificates of PostgreSQL and Redis; every program of an SBC reads this file. */
export const dataAuthoritiesPath = '/etc/cellstamp/data-ca.pem';

export const databaseNames = {
  database: 'cellstamp',
  /** The SBC's user, who can read, and write the row of its probe. The schema's service makes it. */
  sbcUser: 'cellstamp_sbc',
  /** With this user a replica follows its primary, where PostgreSQL runs on hosts of the cell. */
  replicationUser: 'cellstamp_replication',
} as const;
