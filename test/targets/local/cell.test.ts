/** A cell on this machine, with its real daemons. */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../../end-to-end/lab/lab.ts';
import { deriveCell } from '../../../lib/fleet/derive/cell.ts';
import { down, exec, killHost, list, logs, status, up, type CellStatus } from '../../../lib/targets/local/index.ts';
import { readState } from '../../../lib/targets/local/state.ts';
import { parseCell } from '../../../lib/fleet/schema/cell.ts';
import { describeWith } from '../../requirements.ts';
import { networkOf, processesOf, tracesOf } from './machine.ts';

const spec = parseCell({
  name: 'lab-cell',
  region: 'eu-west-1',
  local: {},
  size: 'test',
  network: '10.72.0.0/20',
  media: { hosts: 2, kernelForwarding: 'preferred' },
});
const neighbour = parseCell({ ...inputOf('lab-beside'), network: '10.72.16.0/20' });
const cell = deriveCell(spec);

function inputOf(name: string) {
  return {
    name,
    region: 'eu-west-1',
    local: {},
    size: 'test',
    network: '10.73.0.0/20',
    media: { hosts: 1, kernelForwarding: 'preferred' },
  } as const;
}

const pids = (name: string) =>
  Object.fromEntries(Object.entries(readState(name)!.namespaces).map(([host, { init }]) => [host, init.pid]));
const inside = async (host: string, ...argv: string[]) => {
  const outcome = await exec(spec.name, host, argv);
  return `${outcome.stdout}${outcome.stderr}`.trim();
};
/** Exit status 0 when a TCP connection comes about within a second. */
const connects = async (host: string, address: string, port: number) =>
  (await exec(spec.name, host, ['timeout', '1', 'bash', '-c', `exec 3<>/dev/tcp/${address}/${port}`])).status === 0;
const active = () =>
  status(spec.name)
    .hosts.filter((host) => host.active)
    .map((host) => host.name);
const holders = async (address: string) => {
  const found = await Promise.all(
    cell.sbcs.map(async ({ name }) =>
      (await inside(name, 'ip', '-o', 'address')).includes(`${address}/`) ? [name] : [],
    ),
  );
  return found.flat();
};

describeWith(['root', 'debian-packages'], 'a cell on this machine', () => {
  // What others have left here.
  const before = tracesOf('10.72.');
  const networks: string[] = [];
  let running: CellStatus;

  beforeAll(async () => {
    await down(spec.name);
    await down(neighbour.name);
    [running] = [await up(spec), await up(neighbour)];
    for (const name of [spec.name, neighbour.name]) networks.push(...Object.values(pids(name)).map(networkOf));
  });
  afterAll(async () => {
    await down(spec.name);
    await down(neighbour.name);
  });

  it('is nowhere in the machine’s own namespaces', () => {
    expect(tracesOf('10.72.')).toEqual(before);
  });

  it('has every host ready and one SBC active', () => {
    expect(running.hosts.filter((host) => host.state !== 'ready')).toEqual([]);
    expect(running.state).toBe('running');
    expect(running.hosts.filter((host) => host.active)).toHaveLength(1);
    expect(running.hosts.map((host) => host.name)).toEqual(cell.hosts.map((host) => host.name));
  });

  it('has the addresses of the spec’s range on its hosts', async () => {
    for (const host of cell.hosts) {
      expect(await inside(host.name, 'ip', '-o', '-4', 'address', 'show', 'dev', 'eth0')).toContain(
        `${host.address}/20`,
      );
    }
  });

  it('stays as it is when it is brought up again', async () => {
    const first = pids(spec.name);
    expect((await up(spec)).state).toBe('running');
    expect(pids(spec.name)).toEqual(first);
  });

  it('starts a service again that ended', async () => {
    await inside('media-1', 'pkill', '-KILL', '-x', 'rtpengine');
    const service = () =>
      status(spec.name)
        .hosts.find((host) => host.name === 'media-1')!
        .services.find((one) => one.name === 'rtpengine')!;
    // Twice where its relay went to the neighbour meanwhile, whose calls it reads then.
    await until(() => service().starts >= 2 && service().state === 'ready', 60);
    expect(logs(spec.name, 'media-1')['rtpengine']).toContain('supervision: rtpengine ended');
  });

  it('gets back a host that died, and keeps the others', async () => {
    const first = pids(spec.name);
    const hardwareAddress = async () => inside('media-2', 'cat', '/sys/class/net/eth0/address');
    const known = await hardwareAddress();
    killHost(spec.name, 'media-2');
    await until(() => status(spec.name).state === 'degraded', 60);
    expect(
      status(spec.name)
        .hosts.filter((host) => host.state === 'dead')
        .map((host) => host.name),
    ).toEqual(['media-2']);
    await expect(exec(spec.name, 'media-2', ['true'])).rejects.toThrow('host media-2 of cell lab-cell is dead');
    const { hosts } = await up(spec);
    expect(hosts.filter(({ state }) => state !== 'ready')).toEqual([]);
    const second = pids(spec.name);
    expect(second['media-2']).not.toBe(first['media-2']);
    expect({ ...second, 'media-2': 0 }).toEqual({ ...first, 'media-2': 0 });
    // Else the others send to nobody until they have given the old address up.
    expect(await hardwareAddress()).toBe(known);
  });

  it('remakes only the hosts whose configuration changed', async () => {
    const first = pids(spec.name);
    await up({ ...spec, sbc: { ...spec.sbc, flood: { ...spec.sbc.flood, banSeconds: 77 } } });
    const changed = Object.entries(pids(spec.name)).filter(([host, pid]) => first[host] !== pid);
    expect(changed.map(([host]) => host).sort()).toEqual(['sbc-1', 'sbc-2']);
    expect(await inside('sbc-1', 'grep', '-c', 'autoexpire=77', '/etc/kamailio/kamailio.cfg')).toBe('1');
  });

  it('moves the floating addresses when Kamailio of the active SBC is killed', async () => {
    const [first] = active();
    await inside(first!, 'pkill', '-KILL', '-x', 'kamailio');
    await until(() => active().some((name) => name !== first), 60);
    await until(async () => (await holders(running.floatingAddress)).length === 1, 60);
    expect(await holders(running.floatingAddress)).not.toContain(first);
    expect(await holders(cell.overlayAddress)).toEqual(await holders(running.floatingAddress));
    await until(() => status(spec.name).state === 'running', 60);
    // An SBC that came back does not take over again.
    expect(active()).not.toContain(first);
  });

  it('lets in whom a port names, and nobody else', async () => {
    const database = cell.databases[0]!.address;
    const redis = cell.redis[0]!.address;
    const relay = cell.media[0]!.address;
    expect(await connects('sbc-1', database, 5432)).toBe(true);
    expect(await connects('sbc-2', redis, 6379)).toBe(true);
    expect(await connects('sbc-1', relay, 9900)).toBe(true);
    expect(await connects('media-1', database, 5432)).toBe(false);
    expect(await connects('media-1', redis, 6379)).toBe(false);
    expect(await connects('redis-1', database, 5432)).toBe(false);
    expect(await connects('media-2', relay, 9900)).toBe(false);
    expect(await connects('outside', running.hosts.find((host) => host.name === 'media-1')!.publicAddress!, 9900)).toBe(
      false,
    );
    expect(await connects('outside', relay, 9900)).toBe(false);
  });

  it('gives data hosts no way to the outside', async () => {
    expect(await inside('database-1', 'ip', 'route', 'get', '203.0.113.1')).toContain('Network is unreachable');
  });

  it('keeps cells apart that run side by side', async () => {
    expect(list().map((one) => one.name)).toEqual(expect.arrayContaining([spec.name, neighbour.name]));
    const other = status(neighbour.name);
    expect(other.publicNetwork).not.toBe(running.publicNetwork);
    const host = other.hosts.find((one) => one.name === 'media-1')!;
    expect(await connects('media-1', host.address, 9900)).toBe(false);
    expect(await connects('outside', host.publicAddress!, 9900)).toBe(false);
  });

  it('writes nothing to the machine’s own files', async () => {
    for (const path of [
      '/etc/cellstamp-probe',
      '/var/lib/cellstamp-probe',
      '/tmp/cellstamp-probe',
      '/dev/shm/cellstamp-probe',
    ]) {
      await inside('sbc-1', 'touch', path);
      expect(existsSync(path)).toBe(false);
    }
    expect(await inside('sbc-1', 'touch', '/usr/bin/cellstamp-probe')).toContain('Read-only file system');
  });

  it('says which host there is not', async () => {
    await expect(exec(spec.name, 'sbc-3', ['true'])).rejects.toThrow(
      'cell lab-cell has no host sbc-3; it has database-1, database-2, fabric, media-1, media-2, outside,',
    );
    expect(() => status('lab-nowhere')).toThrow('cell lab-nowhere is not up on this machine; up: ');
  });

  it('leaves nothing behind when it is taken down', async () => {
    await down(spec.name);
    await down(neighbour.name);
    expect(processesOf(spec.name, networks)).toEqual([]);
    expect(processesOf(neighbour.name)).toEqual([]);
    expect(existsSync(`/run/cellstamp/${spec.name}`)).toBe(false);
    expect(tracesOf('10.72.')).toEqual(before);
    await down(spec.name);
  });
});
