/** Data hosts that change places again and again, freeze, are cut off, die, and are made otherwise, under calls. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { promote } from '../../../lib/operations/promote.ts';
import { databasePartPath } from '../../../lib/software/postgresql/part.ts';
import { redisPartPath } from '../../../lib/software/redis/part.ts';
import { localDataHosts } from '../../../lib/targets/local/data-port.ts';
import { checkedStatus, exec, killHost, primaryHost, roll, up } from '../../../lib/targets/local/index.ts';
import { runInNetwork } from '../../../lib/targets/local/namespace.ts';
import { requireState } from '../../../lib/targets/local/state.ts';
import { describeWith } from '../../requirements.ts';
import { DataBed } from '../lab/data-hosts.ts';
import { labCell, until } from '../lab/lab.ts';

const name = 'lab-data-faults';
const nothingLost = { failures: [], lost: [], doubled: [], refused: [], forgotten: [] };
const roles = ['database', 'redis'] as const;
const parts = { database: databasePartPath, redis: redisPartPath } as const;
const programs = { database: 'postgres', redis: 'redis-server' } as const;

const other = (host: string) => host.replace(/\d$/, (number) => (number === '1' ? '2' : '1'));
const primaries = () => roles.map((role) => primaryHost(name, role));
const isWell = async () => (await checkedStatus(name)).state === 'running';

describeWith(['root', 'debian-packages'], 'data hosts under calls', () => {
  let bed: DataBed;

  beforeAll(async () => {
    bed = await DataBed.up(name, '10.86.16.0/20');
  });
  afterAll(() => bed?.down());

  /** Each replica takes the place of its primary, which is given up. */
  const giveUp = async () => {
    for (const host of primaries()) await promote(localDataHosts(name), other(host), { primaryIsLost: true });
  };
  /** The answer of a host to a write that comes by its own address, as from whoever has not noticed a change. */
  const writeTo = async (host: string): Promise<string> => {
    const { address, role } = [...bed.lab.cell.databases, ...bed.lab.cell.redis].find((one) => one.name === host)!;
    const command =
      role === 'redis'
        ? `REDISCLI_AUTH=$(</etc/redis/password) redis-cli -h ${address} --tls --cacert /etc/cellstamp/data-ca.pem SET probe 1`
        : `setpriv --reuid=postgres --regid=postgres --init-groups psql -h /run/postgresql cellstamp -c 'CREATE TABLE probe ()'`;
    const { stdout, stderr } = await exec(name, host, ['timeout', '5', 'bash', '-c', command]);
    return `${stdout}${stderr}`;
  };

  it('change places again and again, and nothing is lost', async () => {
    const took: number[] = [];
    const toll = await bed.underCalls(async () => {
      for (let round = 0; round < 4; round++) {
        for (const host of primaries()) {
          const began = Date.now();
          const { loss, notFollowing } = await promote(localDataHosts(name), other(host));
          took.push(Date.now() - began);
          expect({ loss, notFollowing }).toEqual({ loss: { kind: 'none' }, notFollowing: [] });
        }
      }
    });
    console.log(
      `8 changes of a primary: ${took.map((ms) => (ms / 1000).toFixed(1)).join(', ')} s; ${toll.calls} calls`,
    );
    expect(toll).toMatchObject(nothingLost);
    await bed.newPhoneRegisters();
    await until(isWell, 30);
  });

  it('that are killed as processes come back as what they were, and nothing is lost', async () => {
    const toll = await bed.underCalls(async () => {
      for (const role of roles) {
        for (const host of [primaryHost(name, role), other(primaryHost(name, role))]) {
          await bed.lab.run(host, 'pkill', '-KILL', programs[role]);
        }
      }
      await until(isWell, 60);
    });
    expect(toll).toMatchObject(nothingLost);
  });

  it('that freeze take no write once another one has taken their place, frozen or thawed', async () => {
    const old = primaries();
    const toll = await bed.underCalls(async () => {
      for (const role of roles) await bed.lab.run(primaryHost(name, role), 'pkill', '-STOP', programs[role]);
      await expect(promote(localDataHosts(name), other(old[0]!))).rejects.toThrow('--primary-lost');
      await giveUp();
      for (const host of old) await bed.lab.run(host, 'pkill', '-CONT', '-f', 'postgres|redis-server').catch(() => '');
      for (const host of old)
        expect(await writeTo(host)).toMatch(/READONLY|read-only|refused|No such file|not yet|starting/);
      await until(isWell, 60);
    });
    expect({ ...toll, forgotten: [] }).toMatchObject(nothingLost);
    for (const host of old) expect(await writeTo(host)).toMatch(/READONLY|read-only/);
  });

  it('that are cut off take no write of anybody when they are back', async () => {
    const old = primaries();
    const link = (host: string, state: string) =>
      runInNetwork(requireState(name).namespaces['fabric']!.init, ['ip', 'link', 'set', host, state]);
    const toll = await bed.underCalls(async () => {
      for (const host of old) await link(host, 'down');
      await giveUp();
      for (const host of old) await link(host, 'up');
      await promote(localDataHosts(name), primaryHost(name, 'database'));
      await promote(localDataHosts(name), primaryHost(name, 'redis'));
      await until(isWell, 60);
    });
    expect({ ...toll, forgotten: [] }).toMatchObject(nothingLost);
    for (const host of old) expect(await writeTo(host)).toMatch(/READONLY|read-only/);
  });

  it('of which a replica dies are recreated by `up`, and nothing is lost', async () => {
    const toll = await bed.underCalls(async () => {
      for (const host of primaries()) killHost(name, other(host));
      await up(labCell(bed.input));
    });
    expect(toll).toMatchObject(nothingLost);
    expect(await isWell()).toBe(true);
  });

  it('of which a primary dies: a replica takes its place, and it comes back as a replica', async () => {
    const old = primaries();
    const toll = await bed.underCalls(async () => {
      for (const host of old) killHost(name, host);
      await giveUp();
      await up(labCell(bed.input));
    });
    expect({ ...toll, forgotten: [] }).toMatchObject(nothingLost);
    expect(primaries()).toEqual(old.map(other));
    expect(await isWell()).toBe(true);
  });

  it('of which one takes writes and nobody was sent to it: it copies the primary anew, and nothing is lost', async () => {
    const toll = await bed.underCalls(async () => {
      for (const role of roles) {
        const host = primaryHost(name, role);
        const stray = other(host);
        await bed.lab.run(stray, parts[role], 'promote');
        expect(await promote(localDataHosts(name), host)).toMatchObject({ following: [stray], notFollowing: [] });
        await bed.lab.run(stray, parts[role], 'promote');
        // The primary has taken something since.
        await sleep(1000);
        const { loss, notFollowing } = await promote(localDataHosts(name), stray);
        expect({ loss, notFollowing }).toEqual({ loss: { kind: 'none' }, notFollowing: [] });
      }
    });
    expect(toll).toMatchObject(nothingLost);
    await until(isWell, 30);
  });

  it('of which a primary is broken stay as they are: a replica may have the only copy that is whole', async () => {
    const changed = labCell({ ...bed.input, size: 'small' });
    const before = requireState(name);
    for (const [role, work] of [
      ['database', () => up(changed)],
      ['redis', () => roll(changed, { only: 'data' })],
    ] as const) {
      const host = primaryHost(name, role);
      await bed.lab.run(host, 'pkill', '-STOP', programs[role]);
      await expect(work()).rejects.toThrow(
        new RegExp(
          `^${host}, the primary of cell ${name}, does not answer .*; ${other(host)} had a copy\\. .* --primary-lost; nothing was changed$`,
          's',
        ),
      );
      expect(requireState(name)).toEqual(before);
      await bed.lab.run(host, 'pkill', '-CONT', programs[role]);
      await until(isWell, 60);
    }
  });

  it('keep their data when the cell gets more of them, and fewer', async () => {
    const counts = async () => [
      (await bed.lab.records()).length,
      await bed.lab.sql('SELECT count(*) FROM cellstamp.users'),
    ];
    const before = await counts();
    await up(labCell({ ...bed.input, database: { readers: 2 }, redis: { replicas: 2 } }));
    expect(await counts()).toEqual(before);
    expect(Object.values(await bed.parts()).sort()).toEqual([
      'primary',
      'primary',
      ...Array<string>(4).fill('replica'),
    ]);
    for (const host of ['database-3', 'redis-3']) await promote(localDataHosts(name), host);
    await expect(up(labCell(bed.input))).rejects.toThrow('database-3 is the primary of cell lab-data-faults, and');
    for (const host of ['database-1', 'redis-1']) await promote(localDataHosts(name), host);
    await up(labCell(bed.input));
    expect(await counts()).toEqual(before);
    expect(await isWell()).toBe(true);
  });
});
