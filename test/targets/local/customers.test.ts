/** Tenants and trunks are data: they come to a running cell and leave it without a restart. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { promote } from '../../../lib/operations/promote.ts';
import { localDataHosts } from '../../../lib/targets/local/data-port.ts';
import { down, exec, killHost, primaryHost, up } from '../../../lib/targets/local/index.ts';
import { readState } from '../../../lib/targets/local/state.ts';
import { paths } from '../../../lib/software/kamailio/sbc/paths.ts';
import { parseCell, type CellInput } from '../../../lib/fleet/schema/cell.ts';
import { describeWith } from '../../requirements.ts';

const input: CellInput = {
  name: 'lab-tenants',
  region: 'eu-west-1',
  local: {},
  size: 'test',
  network: '10.76.0.0/20',
  media: { hosts: 1, kernelForwarding: 'preferred' },
  trunks: [{ name: 'carrier-a', address: '192.0.2.10' }],
  tenants: [{ name: 'acme', domain: 'acme.example.com', dids: { '+4930123456': '1001' } }],
};
const second: CellInput = {
  ...input,
  trunks: [
    { name: 'carrier-b', address: '192.0.2.20', sources: ['100.127.9.0/28'] },
    { name: 'carrier-c', address: 'sip.carrier.example' },
  ],
  tenants: [
    ...input.tenants!,
    { name: 'initech', domain: 'initech.example.com', sources: ['100.126.4.8/32'], codecs: ['PCMA', 'opus'] },
  ],
};
const sbcs = ['sbc-1', 'sbc-2'];
const pids = () => Object.entries(readState(input.name)!.namespaces).map(([host, { init }]) => `${host} ${init.pid}`);

/** The value of a key on both SBCs; undefined where there is none. */
async function lookUp(table: string, key: string): Promise<readonly (string | undefined)[]> {
  return Promise.all(
    sbcs.map(async (sbc) => {
      const { stdout } = await exec(input.name, sbc, [
        'kamcmd',
        '-s',
        `unix:${paths.control}`,
        'htable.get',
        table,
        `s:${key}`,
      ]);
      return /value: (.*)/.exec(stdout)?.[1];
    }),
  );
}
const inDatabase = async (sql: string) => {
  const asPostgres = ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', '--'];
  const { stdout } = await exec(input.name, primaryHost(input.name, 'database'), [
    ...asPostgres,
    'psql',
    '-h',
    '/run/postgresql',
    '-At',
    'cellstamp',
    '-c',
    sql,
  ]);
  return stdout.trim();
};

describeWith(['root', 'debian-packages'], 'tenants and trunks of a running cell', () => {
  beforeAll(async () => {
    await down(input.name);
    await up(parseCell(input));
  });
  afterAll(() => down(input.name));

  it('are those of the spec, in the database and on both SBCs', async () => {
    expect(await inDatabase('SELECT name, domain FROM cellstamp.tenants')).toBe('acme|acme.example.com');
    expect(await lookUp('tenants', 'acme.example.com')).toEqual(
      Array(2).fill(expect.stringMatching(/^acme\|standard\|/)),
    );
    expect(await lookUp('dids', '+4930123456')).toEqual(Array(2).fill('acme.example.com|1001'));
    expect(await lookUp('sources', '192.0.2.10')).toEqual(Array(2).fill('trunk|carrier-a'));
  });

  it('change without a restart of anything', async () => {
    const before = pids();
    const kamailio = async () =>
      Promise.all(sbcs.map(async (sbc) => (await exec(input.name, sbc, ['cat', paths.pid])).stdout.trim()));
    const processes = await kamailio();
    const { notes } = await up(parseCell(second));
    expect(notes).toContain(
      'A cell on this machine has no name server: carriers given by name are not reached (carrier-c).',
    );
    expect(pids()).toEqual(before);
    expect(await kamailio()).toEqual(processes);
    expect(await lookUp('codecs', 'initech')).toEqual(
      Array(2).fill(expect.stringContaining('codec-strip-all codec-offer-PCMA codec-offer-opus')),
    );
    expect(await lookUp('sources', '100.126.4.8')).toEqual(Array(2).fill('tenant|initech.example.com'));
    expect(await lookUp('trunks', 'carrier-b')).toEqual(
      Array(2).fill(expect.stringMatching(/^address\|192\.0\.2\.20\|/)),
    );
    expect(await lookUp('trunks', 'carrier-a')).toEqual([undefined, undefined]);
    expect(await lookUp('sources', '192.0.2.10')).toEqual([undefined, undefined]);
    expect(await inDatabase('SELECT name FROM cellstamp.trunks')).toBe('carrier-b\ncarrier-c');
  });

  it('can speak from their own addresses, those of the documentation or not', async () => {
    for (const address of ['100.127.9.3', '100.126.4.8', '192.0.2.20']) {
      const { status } = await exec(input.name, 'outside', ['ping', '-c', '1', '-W', '1', '-I', address, address]);
      expect(status).toBe(0);
    }
  });

  it('are still there after an SBC died, and after the database did', async () => {
    for (const host of ['sbc-2', 'database-1']) {
      killHost(input.name, host);
      if (host === 'database-1') await promote(localDataHosts(input.name), 'database-2', { primaryIsLost: true });
      await up(parseCell(second));
      expect(await lookUp('tenants', 'initech.example.com')).not.toContain(undefined);
      expect(await inDatabase('SELECT count(*) FROM cellstamp.tenants')).toBe('2');
    }
  });
});
