/** A cell whose data hosts change places, and die, under calls. The long part is in `data-hosts.faults.test.ts`. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { promote } from '../../../lib/operations/promote.ts';
import { localDataHosts } from '../../../lib/targets/local/data-port.ts';
import { checkedStatus, killHost, roll, up } from '../../../lib/targets/local/index.ts';
import { requireState } from '../../../lib/targets/local/state.ts';
import { describeWith } from '../../requirements.ts';
import { DataBed } from '../lab/data-hosts.ts';
import { labCell, until } from '../lab/lab.ts';

const name = 'lab-data-hosts';
const nothingLost = { failures: [], lost: [], doubled: [], refused: [], forgotten: [] };

describeWith(['root', 'debian-packages'], 'data hosts', () => {
  let bed: DataBed;

  beforeAll(async () => {
    bed = await DataBed.up(name, '10.86.0.0/20');
  });
  afterAll(() => bed?.down());

  it('change places while they work: no call, record, registration or confirmed row is lost', async () => {
    const toll = await bed.underCalls(async () => {
      for (const host of ['database-2', 'redis-2']) {
        const { loss, notFollowing } = await promote(localDataHosts(name), host);
        expect({ loss, notFollowing }).toEqual({ loss: { kind: 'none' }, notFollowing: [] });
      }
    });
    expect(toll).toMatchObject(nothingLost);
    expect(toll.calls).toBeGreaterThan(20);
    expect(toll.confirmed).toBeGreaterThan(0);
    expect(await bed.parts()).toEqual({
      'database-1': 'replica',
      'database-2': 'primary',
      'redis-1': 'replica',
      'redis-2': 'primary',
    });
    await bed.newPhoneRegisters();
    await until(async () => (await checkedStatus(name)).state === 'running', 30);
  });

  it('that die are not replaced by empty ones: `up` changes nothing until a replica has taken their place', async () => {
    const users = await bed.lab.sql('SELECT count(*) FROM cellstamp.users');
    const toll = await bed.underCalls(async () => {
      const before = requireState(name);
      for (const host of ['database-2', 'redis-2']) killHost(name, host);
      await expect(up(labCell(bed.input))).rejects.toThrow(
        'database-2, the primary of cell lab-data-hosts, is dead, and its data with it; database-1 had a copy. Only you can say that a copy takes its place: npx cellstamp promote lab-data-hosts database-1 --primary-lost; nothing was changed',
      );
      expect(requireState(name)).toEqual(before);
      await expect(promote(localDataHosts(name), 'database-1')).rejects.toThrow('does not answer');
      for (const host of ['database-1', 'redis-1']) {
        const { loss } = await promote(localDataHosts(name), host, { primaryIsLost: true });
        expect(loss.kind).toBe('unknown');
      }
      await up(labCell(bed.input));
    });
    expect({ ...toll, forgotten: [] }).toMatchObject(nothingLost);
    expect(Number(await bed.lab.sql('SELECT count(*) FROM cellstamp.users'))).toBeGreaterThanOrEqual(Number(users));
    expect(await bed.lab.sql('SELECT name FROM cellstamp.tenants')).toBe('acme\n');
    expect(await bed.parts()).toEqual({
      'database-1': 'primary',
      'database-2': 'replica',
      'redis-1': 'primary',
      'redis-2': 'replica',
    });
    await bed.newPhoneRegisters();
    await until(async () => (await checkedStatus(name)).state === 'running', 30);
  });

  it('are rolled: replicas first, then the primaries, and nothing else is touched', async () => {
    const before = requireState(name).namespaces;
    const others = Object.keys(before).filter((host) => !/^(database|redis)-/.test(host));
    const toll = await bed.underCalls(async () => {
      const rolled = await roll(labCell({ ...bed.input, size: 'small' }), { only: 'data' });
      expect([...rolled].sort()).toEqual(['database-1', 'database-2', 'redis-1', 'redis-2']);
    });
    expect(toll).toMatchObject(nothingLost);
    const { namespaces } = requireState(name);
    expect(others.map((host) => namespaces[host]!.init)).toEqual(others.map((host) => before[host]!.init));
    expect(Object.values(await bed.parts()).sort()).toEqual(['primary', 'primary', 'replica', 'replica']);
    await bed.newPhoneRegisters();
  });
});
