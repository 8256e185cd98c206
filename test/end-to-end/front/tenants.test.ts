/** The tenant directory: changes, a tenant that moves, cells that are emptied, and nonsense, with calls going on. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentsProcess } from '../../../lib/user-agent/agents-process.ts';
import { readCallRecords } from '../../../lib/cli/call-records.ts';
import type { CellItem, DirectoryItem } from '../../../lib/fleet/directory.ts';
import { activeSbc } from '../../../lib/targets/local/calls.ts';
import { callKamailio } from '../../../lib/targets/local/cell-data.ts';
import { requireState } from '../../../lib/targets/local/state.ts';
import { callerAddress, execOnFront, serviceAddress } from '../../../lib/targets/local/front/index.ts';
import type { CellSpec } from '../../../lib/fleet/schema/cell.ts';
import { describeWith } from '../../requirements.ts';
import { carrier, domain, FrontBed } from './bed.ts';
import { print, toldOf } from './told.ts';
import { Wire } from './wire.ts';
import { until } from '../lab/lab.ts';

describeWith(['root', 'debian-packages'], 'the tenant directory', () => {
  let bed: FrontBed;
  let agents: AgentsProcess;
  /** The cell that has the tenant now, and the other. */
  let own: CellSpec;
  let other: CellSpec;
  beforeAll(async () => {
    bed = await FrontBed.up('lab-move', 82, ['alice', 'bob']);
    [own, other] = bed.cells as [CellSpec, CellSpec];
    agents = await bed.agents([
      bed.user('alice', callerAddress(1, 1)),
      bed.user('bob', callerAddress(2, 1)),
      bed.carrier(),
      bed.exchange(),
    ]);
  });
  afterAll(() => bed?.down());

  const kinds = [
    { name: 'registered', caller: 'alice', callee: 'bob', dial: `sip:bob@${domain}` },
    { name: 'carrier-in', caller: 'carrier', callee: 'bob', dial: `sip:${carrier.calls}@${serviceAddress}` },
    { name: 'carrier-out', caller: 'bob', callee: 'carrier', dial: `sip:${carrier.number}@${domain}` },
  ];

  /** What it calls names no tenant: an edge finds it by its address alone. */
  const fromExchange = { name: 'exchange', caller: 'exchange', callee: 'bob', dial: `sip:bob@${serviceAddress}` };

  /** Puts a text into the directory as it is, whatever it says. */
  const putRaw = (id: string, text: string) =>
    execOnFront(bed.state, 'directory', [
      'bash',
      '-c',
      `export REDISCLI_AUTH=$(sed -n 's/^requirepass //p' /etc/redis/directory.conf); redis-cli HSET directory "$1" "$2" && redis-cli XADD directory:changes '*' item "$2"`,
      'put',
      id,
      text,
    ]);

  /** `npx cellstamp tenant move` on a terminal, and what it showed there. */
  const move = (to: Pick<CellSpec, 'name'>) => {
    const program = fileURLToPath(new URL('../../../lib/cli/main.ts', import.meta.url));
    const words = [process.execPath, '--import', 'tsx', program, 'tenant', 'move', 'acme', '--to', to.name];
    const child = spawn('script', ['-qefc', [...words, '--front', bed.front.name].join(' '), '/dev/null']);
    let text = '';
    child.stdout.on('data', (part: Buffer) => (text += part.toString()));
    const over = new Promise<number | null>((resolve) => child.once('close', resolve));
    return { shown: () => text, over };
  };

  it('reaches every edge within two seconds of a change', async () => {
    await bed.directory.put([bed.tenant('quick')]);
    const begin = performance.now();
    await until(() => bed.edgesKnow('route', 'd:quick.example.com', 'quick'), 2);
    console.log(`a change was known to every edge ${Math.round(performance.now() - begin)} ms after it was made`);
    await bed.directory.remove([{ kind: 'tenant', name: 'quick' }]);
    await until(() => bed.edgesKnow('route', 'd:quick.example.com', undefined), 2);
  });

  it('that says nonsense is refused entry by entry, and the rest is taken', async () => {
    const refused = () => bed.edges.map(({ name }) => bed.agentOf(name).refused);
    const before = refused();
    const wrong: readonly string[] = [
      'no JSON at all',
      '[]',
      '['.repeat(100_000),
      JSON.stringify({ kind: ['tenant'], name: ['acme'] }),
      JSON.stringify({ kind: 'planet', name: 'mars', version: 1 }),
      JSON.stringify({ ...bed.tenant('bad-key'), keys: ['d:UPPER.example.com'] }),
      JSON.stringify({ ...bed.tenant('bad-cell'), cell: '../etc' }),
      JSON.stringify({ ...bed.tenant('bad-version'), version: 'new' }),
      // The domain of another tenant.
      JSON.stringify({ ...bed.tenant('thief'), keys: [`d:${domain}`] }),
      JSON.stringify({ kind: 'cell', name: 'bad', version: 1, state: 'active', addresses: ['198.18.0.300:5060'] }),
      JSON.stringify({ kind: 'edge', name: 'bad', version: 1, address: 'localhost' }),
    ];
    for (const [index, text] of wrong.entries()) await putRaw(`tenant:wrong-${index}`, text);
    await bed.directory.put([bed.tenant('right')]);
    await until(() => bed.edgesKnow('route', 'd:right.example.com', 'right'));
    await until(() => refused().every((now, index) => now - before[index]! >= wrong.length));
    expect(await bed.edgesKnow('route', `d:${domain}`, 'acme')).toBe(true);
    const { summary } = await agents.run({ kinds, calls: 3, talkSeconds: 0.4 });
    expect(summary.failures).toEqual([]);
    console.log(`${wrong.length} bad entries refused by each of ${before.length} edges; the good one was taken`);
    await bed.directory.remove([
      { kind: 'tenant', name: 'right' },
      ...wrong.map((_, index) => ({ kind: 'tenant', name: `wrong-${index}` }) as Pick<DirectoryItem, 'kind' | 'name'>),
    ]);
  });

  it('that is lost and comes back empty takes nothing away, and costs no call; filled again it is read again', async () => {
    const run = agents.startRun({ kinds, calls: 12, ratePerSecond: 3, talkSeconds: 8 });
    await until(async () => (await bed.calls()).length > 1);
    const callsUpBefore = (await bed.calls()).length;
    const all = [...(await bed.directory.read()).values()];
    const lost =
      "export REDISCLI_AUTH=$(sed -n 's/^requirepass //p' /etc/redis/directory.conf); redis-cli FLUSHALL; pkill -KILL redis-server";
    await execOnFront(bed.state, 'directory', ['bash', '-c', lost]);
    const states = () => bed.edges.map(({ name }) => bed.agentOf(name).directory);
    await until(() => states().every((state) => state === 'emptied'), 20);
    expect(await bed.edgesKnow('route', `d:${domain}`, 'acme')).toBe(true);
    expect(bed.edges.filter(({ name }) => !bed.isHealthy(name))).toEqual([]);
    const callsUpAfter = (await bed.calls()).length;
    await bed.directory.put(all);
    await until(() => states().every((state) => state === 'reachable'));
    const told = toldOf([await run.finished], callsUpBefore, callsUpAfter, await bed.left());
    print('directory lost and filled again', told);
    expect(callsUpAfter).toBeGreaterThan(1);
    expect(told).toMatchObject({ packetsLost: 0, failures: [] });
    expect(told.left).toEqual({});
  });

  it('finds a tenant by the address of its exchange', async () => {
    const { summary } = await agents.run({ kinds: [fromExchange], calls: 2, talkSeconds: 0.4 });
    expect(summary).toMatchObject({ answered: 2, packets: { lost: 0 }, failures: [] });
    // Of any other address it knows nothing.
    const other = { ...fromExchange, caller: 'alice', callee: null, expectStatus: 404 };
    expect((await agents.run({ kinds: [other], calls: 1 })).summary.failures).toEqual([]);
    expect(await bed.left()).toEqual({});
  });

  it('knows no tenant of that name: 404, and counted', async () => {
    const before = await bed.metric('edge_rejected{reason="unknown_tenant"');
    const nobody = { ...kinds[0]!, callee: null, dial: 'sip:bob@nobody.example.com', expectStatus: 404 };
    const { summary } = await agents.run({ kinds: [nobody], calls: 3 });
    expect(summary).toMatchObject({ statuses: { 404: 3 }, failures: [] });
    expect((await bed.metric('edge_rejected{reason="unknown_tenant"')) - before).toBe(3);
    expect(await bed.left()).toEqual({});
  });

  it('finds the tenant of an emergency call by its caller, whatever it is dialled at', async () => {
    const phone = `${callerAddress(1, 55)}:5060`;
    const wire = await Wire.open(bed, [phone]);
    /** The cell asks for a password; an edge that finds none answers 404. */
    const statusOf = async (id: string, uri: string, from = `sip:alice@${domain}`, headers: readonly string[] = []) => {
      const request = (method: string, to: string, more: readonly string[]) =>
        [
          `${method} ${uri} SIP/2.0`,
          `Via: SIP/2.0/UDP ${phone};branch=z9hG4bK${id};rport`,
          ...['Max-Forwards: 70', `From: <${from}>;tag=${id}`, to, `Call-ID: ${id}`, `CSeq: 1 ${method}`],
          ...[...more, 'Content-Length: 0', '', ''],
        ].join('\r\n');
      const to = `${serviceAddress}:5060`;
      wire.send(phone, to, request('INVITE', `To: <${uri}>`, [`Contact: <sip:alice@${phone}>`, ...headers]));
      const final = () =>
        wire.received.find(({ text }) => text.includes(`Call-ID: ${id}\r\n`) && /^SIP\/2.0 [2-6]/.test(text))?.text;
      await until(() => final() !== undefined);
      wire.send(phone, to, request('ACK', /^To: .*(?=\r$)/m.exec(final()!)![0], []));
      return Number(final()!.split(' ')[1]);
    };
    const anonymous = 'sip:anonymous@anonymous.invalid';
    const preferred = `P-Preferred-Identity: <sip:alice@${domain}>`;
    const credentials = `Proxy-Authorization: Digest username="alice", realm="${domain}", nonce="old", uri="urn:service:sos", response="${'0'.repeat(32)}"`;
    try {
      expect(await statusOf('sos-tel', 'tel:112')).toBe(407);
      expect(await statusOf('sos-context', 'tel:112;phone-context=+49')).toBe(407);
      expect(await statusOf('sos-edge', `sip:112@${serviceAddress}`)).toBe(407);
      expect(await statusOf('sos-domain', 'sip:112@elsewhere.example')).toBe(407);
      expect(await statusOf('sos-urn', 'urn:service:sos')).toBe(407);
      expect(await statusOf('sos-preferred', 'urn:service:sos', anonymous, [preferred])).toBe(407);
      expect(await statusOf('sos-realm', 'urn:service:sos', anonymous, [credentials])).toBe(407);
      expect(await statusOf('sos-nobody', 'urn:service:sos', anonymous)).toBe(404);
      expect(await statusOf('no-sos', `sip:42@${serviceAddress}`)).toBe(404);
    } finally {
      await wire.close();
    }
  });

  it('moves a tenant during 20 calls: none is lost, and none is in two cells’ records', async () => {
    const since = Date.now();
    const [from, to] = [own, other];
    // They outlast the copying, however long the command takes to start, and do not end all at once.
    const held = kinds.map((kind, index) => ({
      ...kind,
      steps: [
        { step: 'answer' as const },
        { step: 'pause' as const, name: 'moved' },
        { step: 'talk' as const, seconds: 2 + 2 * index },
        { step: 'bye' as const, by: 'caller' as const },
      ],
    }));
    const running = agents.startRun({ kinds: held, calls: 20, ratePerSecond: 20 });
    await until(async () => (await bed.calls()).length === 20);
    const callsUpBefore = (await bed.calls()).length;
    const { shown, over } = move(to);
    const fresh = agents.startRun({ kinds, calls: 24, ratePerSecond: 3, talkSeconds: 0.5 });
    await until(() => shown().includes(`new calls go to ${to.name}`));
    const callsUpAfter = (await bed.calls()).length;
    running.resume('moved');
    expect(await agents.register('alice')).toBe(200);
    expect(await over).toBe(0);
    [own, other] = [to, from];
    const results = [await running.finished, await fresh.finished];
    const told = toldOf(results, callsUpBefore, callsUpAfter, await bed.left());
    print('move of a tenant', told);
    expect(callsUpAfter).toBeGreaterThanOrEqual(20);
    expect(told).toMatchObject({ callsUpBefore: 20, packetsLost: 0, failures: [] });
    expect(told.left).toEqual({});
    // The command showed on the terminal how the old cell emptied.
    const counts = [...shown().matchAll(new RegExp(`${from.name} still holds (\\d+)`, 'g'))].map(([, calls]) =>
      Number(calls),
    );
    expect(counts.length).toBeGreaterThan(1);
    expect(counts[0]).toBeGreaterThan(counts.at(-1)!);
    expect(shown()).toContain(`acme is in ${to.name}`);

    const ids = results.flatMap((run) => run.results.map(({ callId }) => callId));
    const idsIn = async (cell: CellSpec) => new Set((await readCallRecords(cell, since)).map(({ call }) => call));
    await until(async () => (await idsIn(from)).size + (await idsIn(to)).size >= ids.length);
    const [old, young] = [await idsIn(from), await idsIn(to)];
    expect(ids.filter((id) => old.has(id) && young.has(id))).toEqual([]);
    expect(ids.filter((id) => !old.has(id) && !young.has(id))).toEqual([]);
    expect(young.size).toBeGreaterThan(0);
    // The old cell knows it no more.
    expect(await bed.sql(from.name, 'SELECT count(*) FROM cellstamp.tenants')).toBe('0\n');
    const { summary } = await agents.run({ kinds: [...kinds, fromExchange], calls: 4, talkSeconds: 0.4 });
    expect(summary.failures).toEqual([]);
  });

  it('moves the registrations of an office of 400 phones, and all that a cell knows of the tenant', async () => {
    const desks = Array.from({ length: 400 }, (_, n) => `desk${n}@${domain}`);
    await bed.sql(
      own.name,
      `INSERT INTO cellstamp.users SELECT (jsonb_populate_record(u, jsonb_build_object('name', 'desk' || n))).*
       FROM cellstamp.users u, generate_series(0, 399) n WHERE u.name = 'alice'`,
    );
    const ask = (cell: CellSpec, calls: Parameters<typeof callKamailio>[2]) => {
      const state = requireState(cell.name);
      return callKamailio(state, activeSbc(state), calls);
    };
    await bed.sql(
      own.name,
      `UPDATE cellstamp.tenants SET codecs = '{PCMA}' WHERE name = 'acme';
       INSERT INTO cellstamp.forwards (tenant, name, not_registered) VALUES ('acme', 'desk0', 'bob');
       INSERT INTO cellstamp.sources (tenant, network) VALUES ('acme', '192.0.2.64/26'), ('acme', '198.18.0.0/16')`,
    );
    const path = `<sip:${bed.edges[0]!.publicAddress};lr>`;
    await ask(
      own,
      desks.map((desk, n) => ({
        method: 'ul.add',
        params: ['location', desk, `sip:desk@198.51.100.77:${10_000 + n}`, 600, 1, path, 0, 0, -1],
      })),
    );
    const known = async (cell: CellSpec) => {
      const found = await ask(
        cell,
        desks.map((desk) => ({ method: 'ul.lookup', params: ['location', desk] })),
      );
      return found.filter((each) => each !== undefined).length;
    };
    expect(await known(own)).toBe(400);
    expect(await move(other).over).toBe(0);
    [own, other] = [other, own];
    expect([await known(own), await known(other)]).toEqual([400, 0]);
    const entries = (cell: CellSpec) =>
      Promise.all(
        [
          ['codecs', 'acme'],
          ['forwards', `desk0@${domain}`],
          ['sources', '192.0.2.100'],
          ['sources', '198.18'],
          ['sources', 'wide'],
        ].map(async ([table, key]) => {
          const [found] = await ask(cell, [{ method: 'htable.get', params: [table!, key!] }]).catch(() => []);
          return (found as { item?: { value: unknown } } | undefined)?.item?.value;
        }),
      );
    const owner = `tenant|${domain}`;
    expect(await entries(own)).toEqual([
      expect.stringContaining('PCMA'),
      expect.stringContaining('bob'),
      owner,
      owner,
      1,
    ]);
    expect((await entries(other)).slice(0, 4)).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('a cell that is cordoned or drained takes no registration while the directory offers another', async () => {
    const registrations = () => Promise.all([own, other].map((cell) => bed.cellMetric(cell, 'registrations_total')));
    /** Registers once, and tells which of the two cells counted it. */
    const registeredIn = async () => {
      const before = await registrations();
      expect(await agents.register('alice')).toBe(200);
      const after = await registrations();
      return [own, other].filter((_, index) => after[index]! > before[index]!).map(({ name }) => name);
    };
    const item = (await bed.directory.read()).get(`cell:${other.name}`) as CellItem;
    const enter = async (state: CellItem['state']) => {
      await bed.directory.put([{ ...item, version: Date.now(), state }]);
      await until(async () => {
        const cells = bed.edges.map(({ name }) => bed.kamcmd(name, 'htable.get', 'cell', other.name));
        return (await Promise.all(cells)).every((text) => text.includes(`state=${state}`));
      });
    };
    // A tenant on the move is in two cells until its last call in the old one is over.
    const steps = [
      { step: 'answer' },
      { step: 'talk', seconds: 0.5 },
      { step: 'pause', name: 'held' },
      { step: 'bye', by: 'caller' },
    ] as const;
    const held = agents.startRun({ kinds: [{ ...kinds[0]!, steps: [...steps] }] });
    await until(async () => (await bed.calls()).length === 1);
    const { shown, over } = move(other);
    await until(() => shown().includes(`new calls go to ${other.name}`));
    expect(await registeredIn()).toEqual([other.name]);
    // Not to a third cell meanwhile: nobody would ever ask the first one whether it is empty.
    await bed.directory.put([{ ...item, name: 'third', version: Date.now() }]);
    const away = move({ name: 'third' });
    expect(await away.over).toBe(2);
    expect(away.shown()).toContain(`acme is still moving from ${own.name} to ${other.name}, so it can't move to third`);
    await bed.directory.remove([{ kind: 'cell', name: 'third' }]);
    for (const state of ['cordoned', 'draining'] as const) {
      await enter(state);
      expect(await registeredIn()).toEqual([own.name]);
    }
    await enter('active');
    expect(await registeredIn()).toEqual([other.name]);
    held.resume('held');
    expect((await held.finished).summary).toMatchObject({ answered: 1, packets: { lost: 0 }, failures: [] });
    expect(await over).toBe(0);
    [own, other] = [other, own];
    expect(await bed.left()).toEqual({});
  });
});
