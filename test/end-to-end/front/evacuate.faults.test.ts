/** A cell that is emptied with calls up, stopped midway, and one that is lost with its database. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { readCallRecords } from '../../../lib/cli/call-records.ts';
import type { CellItem, TenantItem } from '../../../lib/fleet/directory.ts';
import type { CellSpec } from '../../../lib/fleet/schema/cell.ts';
import { activeSbc } from '../../../lib/targets/local/calls.ts';
import { callKamailio } from '../../../lib/targets/local/cell-data.ts';
import { callerAddress } from '../../../lib/targets/local/front/index.ts';
import { down, exec } from '../../../lib/targets/local/index.ts';
import { requireState } from '../../../lib/targets/local/state.ts';
import type { AgentsProcess } from '../../../lib/user-agent/agents-process.ts';
import { describeWith } from '../../requirements.ts';
import { until } from '../lab/lab.ts';
import { carrier, domain, FrontBed } from './bed.ts';
import { print, toldOf } from './told.ts';

const program = fileURLToPath(new URL('../../../lib/cli/main.ts', import.meta.url));

describeWith(['root', 'debian-packages'], 'a cell that is evacuated', () => {
  let bed: FrontBed;
  let agents: AgentsProcess;
  /** The cell that has the tenant now, and the other. */
  let own: CellSpec;
  let other: CellSpec;
  const folder = mkdtempSync(join(tmpdir(), 'cellstamp-evacuate-'));
  const running = new Set<ChildProcess>();

  beforeAll(async () => {
    bed = await FrontBed.up('lab-evac', 97, ['alice', 'bob']);
    [own, other] = bed.cells as [CellSpec, CellSpec];
    mkdirSync(join(folder, 'cells'));
    // What the running tenant may use is more than this cell has room for by the planner's rules.
    const limits = { calls: 20, callsPerSecond: 5, burst: 10 };
    for (const { name, region, network, trunks, tenants } of bed.cells) {
      write(name, {
        ...{ name, region, local: {}, size: 'test', network, trunks },
        media: { hosts: 1, kernelForwarding: 'preferred' },
        ...(tenants.length > 0 ? { tenants: tenants.map((tenant) => ({ ...tenant, limits })) } : {}),
      });
    }
    const { name, domain: zone, regions } = bed.front.spec;
    write('front', { name, domain: zone, regions: regions.map(({ region, network }) => ({ region, network })) });
    const kinds = [{ region: own.region, prefix: 'euw1-', size: 'test' }];
    writeFileSync(join(folder, 'planning.yaml'), stringify({ kinds, rules: { lostMediaHosts: 0 } }));
    agents = await bed.agents([
      bed.user('alice', callerAddress(1, 1)),
      bed.user('bob', callerAddress(2, 1)),
      bed.carrier(),
    ]);
  });
  afterAll(async () => {
    for (const child of running) child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
    await bed?.down();
  });

  const pathOf = (cell: string) => join(folder, 'cells', `${cell}.yaml`);
  const write = (cell: string, value: object) => writeFileSync(pathOf(cell), stringify(value));
  const fileOf = ({ name }: CellSpec) => {
    const { state = 'active', tenants = [] } = parse(readFileSync(pathOf(name), 'utf8')) as Partial<CellSpec>;
    return { state, tenants: tenants.map((tenant) => tenant.name) };
  };
  const stateOf = async ({ name }: CellSpec) =>
    ((await bed.directory.read()).get(`cell:${name}`) as CellItem | undefined)?.state;
  const acme = async () => (await bed.directory.read()).get('tenant:acme') as TenantItem;

  const kinds = [
    { name: 'registered', caller: 'alice', callee: 'bob', dial: `sip:bob@${domain}` },
    { name: 'carrier-out', caller: 'bob', callee: 'carrier', dial: `sip:${carrier.number}@${domain}` },
  ];

  const cellstamp = (...words: readonly string[]) => {
    const argv = ['--import', import.meta.resolve('tsx'), program, ...words];
    const child = spawn(process.execPath, argv, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (part: Buffer) => (stdout += part.toString()));
    child.stderr.on('data', (part: Buffer) => (stderr += part.toString()));
    const over = new Promise<{ status: number | null; stdout: string; stderr: string }>((resolve) =>
      child.once('close', (status) => {
        running.delete(child);
        resolve({ status, stdout, stderr });
      }),
    );
    return { child, over };
  };
  const evacuate = (cell: string, ...words: readonly string[]) =>
    cellstamp('evacuate', cell, ...words, '--front', bed.front.name);

  /** Call-IDs in the records of each cell. */
  const recordsOf = async (since: number) =>
    Promise.all(
      [own, other].map(async (cell) => new Set((await readCallRecords(cell, since)).map(({ call }) => call))),
    );

  it('says all that is wrong with what it is asked, and changes nothing', async () => {
    const refused = async (cell: string, ...words: readonly string[]) => {
      const { status, stderr } = await evacuate(cell, ...words).over;
      expect(status).toBe(2);
      return stderr;
    };
    expect(await refused(own.name, '--to', own.name, 'nowhere', other.name, other.name)).toBe(
      `cellstamp: --to ${own.name} is the cell that is to be emptied; allowed: other cells\n` +
        `there is no cell nowhere in cells; there are ${own.name}, ${other.name}\n` +
        `--to has ${other.name} twice; allowed: each cell once\n`,
    );
    const text = readFileSync(pathOf(other.name), 'utf8');
    write(other.name, { ...(parse(text) as object), trunks: [] });
    expect(await refused(own.name, '--to', other.name)).toContain(
      `${other.name} has no trunk carrier, over which acme call`,
    );
    write(other.name, { ...(parse(text) as object), media: { hosts: 1, relay: { calls: 4 } } });
    expect(await refused(own.name, '--to', other.name)).toMatch(
      /nothing was moved:\n {2}tenant acme fits into none of them: lab-evac-2 is (too small|short)/,
    );
    writeFileSync(pathOf(other.name), text);
    expect(await refused(own.name, '--to', other.name, '--from-backup', 'planning.yaml')).toContain(
      'planning.yaml: there is no table cellstamp.tenants in it; allowed: text of pg_dump',
    );
    expect([fileOf(own), await stateOf(own), (await acme()).cell]).toEqual([
      { state: 'active', tenants: ['acme'] },
      'active',
      own.name,
    ]);
  });

  it('is killed while the tenant moves, goes on when asked again, and keeps every call to its end', async () => {
    const since = Date.now();
    const steps = [
      { step: 'answer' },
      { step: 'talk', seconds: 0.5 },
      { step: 'pause', name: 'moved' },
      { step: 'talk', seconds: 0.5 },
      { step: 'bye', by: 'caller' },
    ] as const;
    const held = kinds.map((kind) => ({ ...kind, steps: [...steps] }));
    const run = agents.startRun({ kinds: held, calls: 20, ratePerSecond: 20, patienceSeconds: 120 });
    await until(async () => (await bed.calls()).length === 20, 20);
    const first = evacuate(own.name, '--to', other.name);
    await until(async () => (await acme()).other === own.name, 60);
    first.child.kill('SIGKILL');
    expect((await first.over).status).toBe(null);
    expect([fileOf(own).state, await stateOf(own)]).toEqual(['cordoned', 'cordoned']);
    // New calls go to the new cell already, and a phone that was registered before rings there.
    const fresh = await agents.run({ kinds, calls: 4, talkSeconds: 0.5 });
    const second = evacuate(own.name, '--to', other.name);
    await until(() => fileOf(other).tenants.includes('acme'), 60);
    const callsUpAfter = (await bed.calls()).length;
    run.resume('moved');
    const { status, stdout, stderr } = await second.over;
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain(`acme is in ${other.name}\n${own.name} is empty and retired.`);
    const results = [await run.finished, fresh];
    const told = toldOf(results, 20, callsUpAfter, await bed.left());
    print('evacuation, killed and resumed', told);
    expect(told).toMatchObject({ callsUpAfter: 20, packetsLost: 0, failures: [], left: {} });
    expect([fileOf(own), fileOf(other)]).toEqual([
      { state: 'retired', tenants: [] },
      { state: 'active', tenants: ['acme'] },
    ]);
    expect([await stateOf(own), await acme()]).toMatchObject(['retired', { cell: other.name, other: '' }]);
    expect(await bed.sql(own.name, 'SELECT count(*) FROM cellstamp.tenants')).toBe('0\n');
    const ids = results.flatMap(({ results: each }) => each.map(({ callId }) => callId));
    await until(async () => (await recordsOf(since)).reduce((sum, { size }) => sum + size, 0) >= ids.length);
    const [old, young] = (await recordsOf(since)) as [Set<string>, Set<string>];
    expect([old.size, young.size]).toEqual([20, 4]);
    expect(ids.filter((id) => old.has(id) === young.has(id))).toEqual([]);
    // Once more changes nothing.
    const again = await evacuate(own.name, '--to', other.name).over;
    expect([again.status, again.stdout]).toEqual([0, `${own.name} is evacuated and retired already\n`]);
  });

  it('gets no tenant from anybody afterwards', async () => {
    const text = readFileSync(pathOf(own.name), 'utf8');
    write(own.name, { ...(parse(text) as object), tenants: [{ name: 'late', domain: 'late.example.com' }] });
    const { status, stderr } = await cellstamp('provision', own.name).over;
    writeFileSync(pathOf(own.name), text);
    expect([status, stderr]).toEqual([
      2,
      `cellstamp: cell ${own.name} is retired and takes no tenant, and its file has some that the running cell does not: late; allowed: a cell that is active\n`,
    ]);
    const words = ['tenant', 'move', 'acme', '--to', own.name, '--front', bed.front.name];
    expect((await cellstamp(...words).over).stderr).toContain(`cell ${own.name} is retired and takes no tenant`);
  });

  it('gives calls that are too long a BYE at the deadline, and their records are complete', async () => {
    [own, other] = [other, own];
    // Whoever wants it takes a cell that was evacuated into service again.
    write(other.name, { ...(parse(readFileSync(pathOf(other.name), 'utf8')) as object), state: 'active' });
    const item = (await bed.directory.read()).get(`cell:${other.name}`) as CellItem;
    await bed.directory.put([{ ...item, version: Date.now(), state: 'active' }]);
    const since = Date.now();
    const steps = [{ step: 'answer' }, { step: 'talk', seconds: 60 }] as const;
    const run = agents.startRun({ kinds: [{ ...kinds[0]!, steps: [...steps] }], calls: 3, ratePerSecond: 10 });
    await until(async () => (await bed.calls()).length === 3, 20);
    const began = performance.now();
    const { status, stdout } = await evacuate(own.name, '--to', other.name, '--deadline', '4', '--json').over;
    const seconds = (performance.now() - began) / 1000;
    expect(status).toBe(0);
    const told = JSON.parse(stdout) as { readonly state: string; readonly ended: readonly object[] };
    expect([told.state, told.ended.length]).toEqual(['retired', 3]);
    console.log(`three calls of a minute were ended; the evacuation took ${seconds.toFixed(1)} s`);
    await run.finished;
    await until(async () => (await recordsOf(since))[0]!.size === 3);
    expect(await bed.left()).toEqual({});
  });

  it('that is lost with its database comes back from a backup in the other one', async () => {
    [own, other] = [other, own];
    write(other.name, { ...(parse(readFileSync(pathOf(other.name), 'utf8')) as object), state: 'active' });
    const item = (await bed.directory.read()).get(`cell:${other.name}`) as CellItem;
    await bed.directory.put([{ ...item, version: Date.now(), state: 'active' }]);
    const asPostgres = ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', '--'];
    const dump = ['pg_dump', '-h', '/run/postgresql', '--schema=cellstamp', 'cellstamp'];
    const { status: dumped, stdout: text } = await exec(own.name, 'database-1', [...asPostgres, ...dump]);
    expect(dumped).toBe(0);
    writeFileSync(join(folder, 'backup.sql'), text);
    const before = await bed.sql(own.name, 'SELECT * FROM cellstamp.tenants, cellstamp.users, cellstamp.dids');
    await down(own.name);
    const { status, stdout, stderr } = await evacuate(own.name, '--to', other.name, '--from-backup', 'backup.sql').over;
    console.log(stdout);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain(`acme is in ${other.name}, with 2 users and 1 number\nLost:\n`);
    expect(await bed.sql(other.name, 'SELECT * FROM cellstamp.tenants, cellstamp.users, cellstamp.dids')).toBe(before);
    expect([fileOf(own), fileOf(other), await stateOf(own)]).toEqual([
      { state: 'retired', tenants: [] },
      { state: 'active', tenants: ['acme'] },
      'retired',
    ]);
    // A phone's next REGISTER is all that it does.
    for (const user of ['alice', 'bob']) expect(await agents.register(user)).toBe(200);
    const { summary } = await agents.run({ kinds, calls: 4, talkSeconds: 0.5 });
    expect(summary.failures).toEqual([]);
    const state = requireState(other.name);
    const [found] = await callKamailio(state, activeSbc(state), [
      { method: 'ul.lookup', params: ['location', `bob@${domain}`] },
    ]);
    expect(found).toBeDefined();
  });
});
