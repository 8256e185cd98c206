/** What a cell says of itself while daemons hang and hosts are cut off: their processes are all there. */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { deriveCell } from '../../../lib/fleet/derive/cell.ts';
import { checkedStatus, down, exec, up, type CellStatus } from '../../../lib/targets/local/index.ts';
import { parseCell } from '../../../lib/fleet/schema/cell.ts';
import { cellstamp } from '../../cli/run-command.ts';
import { describeWith } from '../../requirements.ts';
import { relaysAreAtHome } from './relays-at-home.ts';

const name = 'lab-health';
const spec = parseCell({
  name,
  region: 'eu-west-1',
  local: {},
  size: 'test',
  network: '10.79.0.0/20',
  media: { hosts: 2, kernelForwarding: 'preferred' },
});

const cell = deriveCell(spec);
const [sbc1, sbc2] = cell.sbcs;

const shell = async (host: string, command: string) => {
  const { status, stdout, stderr } = await exec(name, host, ['bash', '-c', command]);
  expect({ command, status, stderr }).toEqual({ command, status: 0, stderr: '' });
  return stdout.trim();
};
const inDatabase = (host: string, sql: string) =>
  shell(host, `setpriv --reuid=postgres --regid=postgres --init-groups psql -h /run/postgresql -Atqc "${sql}"`);

/** What the command says of hosts and services that are not ready, and its exit status. */
async function told(): Promise<{ readonly status: number | null; readonly faults: readonly string[] }> {
  const { status, stdout } = await cellstamp('status', name);
  return { status, faults: stdout.split('\n').filter((line) => /^\S+( on \S+ is|: it| is dead)/.test(line)) };
}

/** Until all is ready, and stays so. */
async function untilRunning(): Promise<void> {
  const mediaHosts = cell.media.map((host) => host.name);
  let found: CellStatus;
  do {
    await sleep(100);
    found = await checkedStatus(name);
  } while (found.state !== 'running' || !(await relaysAreAtHome(name, mediaHosts)));
}

/** What it says while something is broken by a command on a host, before it is mended by another one. */
async function toldWhile(
  broken: readonly [string, string],
  mended: readonly [string, string],
): ReturnType<typeof told> {
  await shell(...broken);
  try {
    return await told();
  } finally {
    await shell(...mended);
    await untilRunning();
  }
}

/** Packets that a host does not let in, and lets in again. */
const dropped = (host: string, match: string): Parameters<typeof toldWhile> => [
  [
    host,
    `nft add table inet probe; nft 'add chain inet probe in { type filter hook input priority -5; }'; nft add rule inet probe in ${match} drop`,
  ],
  [host, 'nft delete table inet probe'],
];

describeWith(['root', 'debian-packages'], 'a cell in which something does not do its work', () => {
  beforeAll(async () => {
    await down(name);
    await up(spec);
  });
  afterAll(() => down(name));

  it('is running with status 0 as long as all do', async () => {
    await untilRunning();
    expect(await told()).toEqual({ status: 0, faults: [] });
  });

  it('is running on a machine that has much else to do', async () => {
    const busy = Array.from({ length: 6 * availableParallelism() }, () => spawn('sh', ['-c', 'while :; do :; done']));
    try {
      expect(await told()).toEqual({ status: 0, faults: [] });
    } finally {
      for (const process of busy) process.kill('SIGKILL');
    }
  });

  it.each([
    [['media-1', 'rtpengine', 'rtpengine']],
    [['redis-1', 'redis-server', 'redis']],
    [['database-1', 'postgres', 'postgresql']],
    [['sbc-2', 'kamailio', 'kamailio']],
    [
      ['redis-2', 'redis-server', 'redis'],
      ['database-2', 'postgres', 'postgresql'],
      ['sbc-1', 'pgbouncer', 'database-pool'],
      ['sbc-1', 'stunnel4', 'redis-tunnel'],
      ['sbc-2', 'keepalived', 'keepalived'],
      ['sbc-2', 'python3', 'cellstamp-call-watch'],
    ],
  ] as const)('names what is frozen: %s %s %s', async (...frozen) => {
    const signal = (name: 'STOP' | 'CONT') =>
      Promise.all(frozen.map(([host, program]) => shell(host, `pkill -${name} -x ${program}`)));
    await signal('STOP');
    const { status, faults } = await told();
    await signal('CONT');
    await untilRunning();
    expect(status).toBe(1);
    for (const [host, , service] of frozen) {
      expect(faults.find((line) => line.startsWith(`${service} on ${host} is faulty: `))).toContain(
        'stopped (SIGSTOP)',
      );
    }
    // Beside it only those fail that need it, or are the same program.
    const isMeant = (line: string) =>
      frozen.some(
        ([host, , service]) =>
          line.startsWith(`${service} on `) || line.endsWith(` on ${host} is faulty: it is stopped (SIGSTOP)`),
      );
    expect(faults.filter((line) => !isMeant(line) && !/database-pool|redis/.test(line))).toEqual([]);
  });

  it('names an SBC of whose Kamailio one process of many is frozen', async () => {
    const { faults } = await toldWhile(
      ['sbc-2', 'kill -STOP $(pgrep -x kamailio | tail -1)'],
      ['sbc-2', 'pkill -CONT -x kamailio'],
    );
    expect(faults.join()).toMatch(/^kamailio on sbc-2 is faulty: 1 of its \d+ processes are stopped \(SIGSTOP\)$/);
  });

  it('says in JSON what does not work on which host, and why', async () => {
    await shell('media-2', 'pkill -STOP -x rtpengine');
    const { status, stdout } = await cellstamp('status', name, '--json');
    await shell('media-2', 'pkill -CONT -x rtpengine');
    expect(status).toBe(1);
    const [cell] = JSON.parse(stdout) as readonly [CellStatus];
    expect(cell.state).toBe('degraded');
    const host = cell.hosts.find((each) => each.name === 'media-2')!;
    expect(host.state).toBe('faulty');
    expect(host.services.find((service) => service.name === 'rtpengine')).toMatchObject({
      state: 'faulty',
      reason: 'it is stopped (SIGSTOP)',
    });
    await untilRunning();
  });

  it('names a host whose link is down', async () => {
    expect(await toldWhile(['fabric', 'ip link set media-1 down'], ['fabric', 'ip link set media-1 up'])).toEqual({
      status: 1,
      faults: ['media-1: its link is down'],
    });
  });

  it('names a host that reaches nobody, though its link is up', async () => {
    expect(
      await toldWhile(['fabric', 'ip link set media-1 nomaster'], ['fabric', 'ip link set media-1 master cell']),
    ).toEqual({ status: 1, faults: ['media-1: it does not reach its router'] });
  });

  it('names a relay to which an SBC does not get through', async () => {
    expect(await toldWhile(...dropped('media-2', `ip saddr ${sbc1.address} udp dport 2223`))).toEqual({
      status: 1,
      faults: ["rtpengine on media-2 is faulty: sbc-1 can't reach it"],
    });
  });

  it('names a Kamailio whose workers do not answer', async () => {
    expect((await toldWhile(...dropped('sbc-2', `iifname lo ip daddr ${sbc2.floatingSide}`))).faults).toEqual([
      `kamailio on sbc-2 is faulty: its workers do not answer OPTIONS at udp:${sbc2.floatingSide}:5060`,
    ]);
  });

  it('names a replica of Redis that does not get through to its primary', async () => {
    expect(await toldWhile(...dropped('redis-1', `ip saddr ${cell.redis[1]!.address}`))).toEqual({
      status: 1,
      faults: ['redis on redis-2 is faulty: the primary does not answer it'],
    });
  });

  it('names a replica of PostgreSQL that lags', async () => {
    await inDatabase('database-2', 'SELECT pg_wal_replay_pause()');
    await inDatabase('database-1', "SELECT pg_logical_emit_message(true, 'probe', repeat('x', 40 << 20))");
    let faults: readonly string[];
    do ({ faults } = await told());
    while (faults.length === 0);
    await inDatabase('database-2', 'SELECT pg_wal_replay_resume()');
    expect(faults).toEqual([
      expect.stringMatching(
        /^postgresql on database-2 is faulty: ERROR: {2}it is \d+ MB behind the primary, more than 32 MiB$/,
      ),
    ]);
    await untilRunning();
  });

  it('says so when everything is frozen', async () => {
    const each = (signal: string) =>
      Promise.all(
        cell.hosts.map((host) =>
          exec(name, host.name, [
            ...['bash', '-c'],
            `for p in /proc/[0-9]*; do [[ $p == /proc/1 || $p == /proc/$$ ]] || kill -${signal} \${p#/proc/}; done`,
          ]),
        ),
      );
    await each('STOP');
    const { status, faults } = await told();
    await each('CONT');
    expect(status).toBe(1);
    for (const host of cell.hosts) expect(faults.join('\n')).toContain(` on ${host.name} is faulty: `);
    await untilRunning();
  });
});
