/** The daemons of a cell on this machine, each as its configuration promises. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { deriveCell } from '../../../lib/fleet/derive/cell.ts';
import { down, exec, up } from '../../../lib/targets/local/index.ts';
import { parseCell } from '../../../lib/fleet/schema/cell.ts';
import { describeWith } from '../../requirements.ts';

const spec = parseCell({
  name: 'lab-daemons',
  region: 'eu-west-1',
  local: {},
  size: 'test',
  network: '10.75.0.0/20',
  media: { hosts: 1, kernelForwarding: 'preferred', relay: { calls: 2 } },
});
const cell = deriveCell(spec);
const relay = cell.media[0]!;

const shell = async (host: string, command: string) => {
  const { stdout, stderr } = await exec(spec.name, host, ['bash', '-c', command]);
  return `${stdout}${stderr}`.trim();
};
const asPostgres = (sql: string) =>
  `setpriv --reuid=postgres --regid=postgres --init-groups psql -h /run/postgresql -At cellstamp -c "${sql}"`;
const redisCli = (index: number, command: string) =>
  `REDISCLI_AUTH=$(</etc/redis/password) redis-cli -h ${cell.redis[index]!.address} --tls --cacert /etc/cellstamp/data-ca.pem ${command}`;

/** A message of rtpengine's control protocol from the SBC, and the answer. */
async function control(message: Readonly<Record<string, string | readonly string[]>>): Promise<string> {
  const encoded = (value: string | readonly string[]): string =>
    typeof value === 'string' ? `${Buffer.byteLength(value)}:${value}` : `l${value.map(encoded).join('')}e`;
  const body = Object.entries(message)
    .map(([key, value]) => encoded(key) + encoded(value))
    .join('');
  const send = `use IO::Socket::INET; local $/; my $s = IO::Socket::INET->new(Proto => "udp", PeerAddr => "${relay.address}:2223");
    $s->send("$$-" . rand() . " d" . <STDIN> . "e"); alarm 5; $s->recv(my $answer, 65536); print $answer`;
  return (await exec(spec.name, 'sbc-1', ['perl', '-e', send], { input: body })).stdout;
}
const offer = (call: string) =>
  control({
    command: 'offer',
    'call-id': call,
    'from-tag': 'a',
    direction: ['public', 'public'],
    sdp: 'v=0\r\no=- 1 1 IN IP4 203.0.113.9\r\ns=-\r\nc=IN IP4 203.0.113.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n',
  });
const hangUp = (call: string) => control({ command: 'delete', 'call-id': call, 'from-tag': 'a' });

describeWith(['root', 'debian-packages'], 'daemons of a cell', () => {
  beforeAll(async () => {
    await down(spec.name);
    await up(spec);
  });
  afterAll(() => down(spec.name));

  it('PostgreSQL copies what is written to its replica, over TLS', async () => {
    await shell('database-1', asPostgres('CREATE TABLE probe AS SELECT 42 AS answer'));
    expect(
      await shell(
        'database-1',
        asPostgres('SELECT ssl, version FROM pg_stat_ssl JOIN pg_stat_replication USING (pid)'),
      ),
    ).toBe('t|TLSv1.3');
    const written = await shell('database-1', asPostgres('SELECT pg_current_wal_lsn()'));
    while ((await shell('database-2', asPostgres(`SELECT pg_last_wal_replay_lsn() >= '${written}'`))) !== 't');
    expect(await shell('database-2', asPostgres('SELECT answer FROM probe'))).toBe('42');
    expect(await shell('database-2', asPostgres('SELECT pg_is_in_recovery()'))).toBe('t');
  });

  it('PostgreSQL refuses an SBC without TLS and without the right password', async () => {
    const connection = `host=${cell.databases[0]!.hostname} dbname=cellstamp user=cellstamp_admin sslrootcert=/etc/cellstamp/data-ca.pem`;
    expect(await shell('sbc-1', `psql '${connection} sslmode=disable password=wrong' -c 'SELECT 1'`)).toContain(
      'no pg_hba.conf entry',
    );
    expect(await shell('sbc-1', `psql '${connection} sslmode=verify-full password=wrong' -c 'SELECT 1'`)).toContain(
      'password authentication failed',
    );
  });

  it('Redis copies what is written to its replica', async () => {
    await shell('redis-1', redisCli(0, "XADD probe '*' answer 42"));
    await shell('redis-1', redisCli(0, 'WAIT 1 5000'));
    expect(await shell('redis-2', redisCli(1, 'XRANGE probe - +'))).toContain('42');
    expect(await shell('redis-2', redisCli(1, 'SET probe2 1'))).toContain('READONLY');
  });

  it.each(['FLUSHALL', 'CONFIG GET dir', "KEYS '*'", 'SHUTDOWN', 'ACL LIST', 'REPLICAOF NO ONE'])(
    'Redis lets nobody %s',
    async (command) => {
      expect(await shell('redis-1', redisCli(0, command))).toContain('NOPERM');
    },
  );

  it('Redis refuses whoever has no password, and speaks to nobody without TLS', async () => {
    expect(
      await shell('sbc-1', `redis-cli -h ${cell.redis[0]!.address} --tls --cacert /etc/cellstamp/data-ca.pem PING`),
    ).toContain('NOAUTH');
    expect(await shell('sbc-1', `timeout 2 redis-cli -h ${cell.redis[0]!.address} PING`)).not.toContain('PONG');
  });

  it('rtpengine shows its public address, takes as many calls as the spec says, and counts them', async () => {
    const answer = await offer('call-1');
    expect(answer).toMatch(/c=IN IP4 198\.1[89]\.\d+\.33\r\n/);
    const port = Number(/m=audio (\d+) /.exec(answer)![1]);
    expect(port).toBeGreaterThanOrEqual(spec.media.relay.ports.from);
    expect(port).toBeLessThanOrEqual(spec.media.relay.ports.to);
    await offer('call-2');
    expect(await offer('call-3')).toContain('session limit reached');
    expect(await shell('sbc-1', `curl -s http://${relay.address}:9900/metrics`)).toContain(
      'rtpengine_sessions{type="own"} 2',
    );
  });

  it('rtpengine is drained when its last call has ended, and takes no new one meanwhile', async () => {
    let drained = false;
    const drain = exec(spec.name, 'media-1', ['/usr/local/lib/cellstamp/rtpengine-drain']).then((outcome) => {
      drained = true;
      return outcome;
    });
    await hangUp('call-1');
    while (!(await offer('call-4')).includes('session limit reached'));
    expect(drained).toBe(false);
    await hangUp('call-2');
    expect(await drain).toMatchObject({ status: 0, stdout: expect.stringContaining('no sessions left') });
  });

  it.each(cell.hosts.map(({ name }) => name))('%s shows no password on any command line', async (host) => {
    const lines = await shell(host, "cat /proc/[0-9]*/cmdline | tr '\\0' ' '");
    expect(lines).not.toMatch(/[0-9a-f]{48}/);
  });
});
