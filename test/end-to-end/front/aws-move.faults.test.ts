/**
 * A tenant that moves as it does on AWS: an emulator has the instances and the directory's table, and the agents of the instances run
 * what they are sent on the hosts of two cells and a front on this machine. The edges here follow another directory, into which what
 * stands in the table is copied; that edges follow the table itself is shown in test/terraform.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  EC2Client,
  RunInstancesCommand,
  type Tag,
} from '@aws-sdk/client-ec2';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { itemId, type TenantItem } from '../../../lib/fleet/directory.ts';
import type { CellSpec } from '../../../lib/fleet/schema/cell.ts';
import { evacuate, type EvacuationFiles } from '../../../lib/operations/evacuate.ts';
import { moveTenant } from '../../../lib/operations/tenant-move.ts';
import { awsMoves } from '../../../lib/targets/aws/operations/front-moves.ts';
import { directoryTableName } from '../../../lib/targets/aws/tenant-directory.ts';
import { activeSbc } from '../../../lib/targets/local/calls.ts';
import { callKamailio } from '../../../lib/targets/local/cell-data.ts';
import { callerAddress } from '../../../lib/targets/local/front/index.ts';
import { runInside } from '../../../lib/targets/local/namespace.ts';
import { frontProcess } from '../../../lib/targets/local/front/state.ts';
import { requireState } from '../../../lib/targets/local/state.ts';
import type { AgentsProcess } from '../../../lib/user-agent/agents-process.ts';
import { describeWith } from '../../requirements.ts';
import { debianImage, Emulator } from '../../terraform/emulator.ts';
import { SsmAgents } from '../../terraform/ssm-agents.ts';
import { awsEnvironment } from '../../terraform/terraform.ts';
import { until } from '../lab/lab.ts';
import { domain, FrontBed } from './bed.ts';
import { print, toldOf } from './told.ts';

/** Users of the tenant with a registration: what a cell has of them does not fit into one answer of Systems Manager. */
const desks = Array.from({ length: 1000 }, (_, n) => `desk${n}@${domain}`);

describeWith(['root', 'debian-packages', 'moto_server'], 'a tenant of a front on AWS', () => {
  let bed: FrontBed;
  let agents: AgentsProcess;
  let emulator: Emulator;
  let ssm: SsmAgents;
  let table: DynamoDBClient;
  let mirrored: Promise<void> | undefined;
  let isOver = false;
  const region = 'eu-west-1';

  /** Runs a command on the host of this machine that an instance stands for. */
  const hosts = new Map<string, (script: string) => ReturnType<typeof runInside>>();
  const start = async (
    site: { readonly kind: 'cell' | 'front'; readonly name: string; readonly region: string },
    host: string,
    init: Parameters<typeof runInside>[0],
  ): Promise<string> => {
    const tags: Tag[] = [
      { Key: `cellstamp:${site.kind}`, Value: site.name },
      { Key: 'cellstamp:host', Value: host },
    ];
    const run = new RunInstancesCommand({
      ...{ ImageId: debianImage, MinCount: 1, MaxCount: 1 },
      TagSpecifications: [{ ResourceType: 'instance', Tags: tags }],
    });
    const { Instances } = await new EC2Client({ region: site.region }).send(run);
    const id = Instances![0]!.InstanceId!;
    hosts.set(id, (script) => runInside(init, ['sh', '-c', script]));
    return id;
  };

  const TableName = () => directoryTableName(bed.front);
  const readItem = async (): Promise<string> => {
    const get = new GetItemCommand({ TableName: TableName(), Key: { id: { S: 'tenant:acme' } }, ConsistentRead: true });
    return (await table.send(get)).Item!['item']!.S!;
  };
  const write = async (id: string, text: string) => {
    await table.send(new PutItemCommand({ TableName: TableName(), Item: { id: { S: id }, item: { S: text } } }));
  };

  beforeAll(async () => {
    bed = await FrontBed.up('lab-aws', 76, ['alice', 'bob']);
    emulator = await Emulator.start();
    ssm = await SsmAgents.start(emulator.endpoint, (instance, script) => hosts.get(instance)!(script));
    for (const [name, value] of Object.entries(awsEnvironment(ssm.port))) vi.stubEnv(name, value);
    for (const { name } of bed.cells) {
      const state = requireState(name);
      for (const host of ['sbc-1', 'sbc-2']) {
        const id = await start({ kind: 'cell', name, region }, host, state.namespaces[host]!.init);
        if (host !== activeSbc(state)) continue;
        const Tags = [
          { Key: 'cellstamp:cell', Value: name },
          { Key: 'Name', Value: `cellstamp-${name}-sbc` },
        ];
        const ec2 = new EC2Client({ region });
        const address = new AllocateAddressCommand({ TagSpecifications: [{ ResourceType: 'elastic-ip', Tags }] });
        const { AllocationId } = await ec2.send(address);
        await ec2.send(new AssociateAddressCommand({ AllocationId, InstanceId: id }));
      }
    }
    for (const edge of bed.front.edges) {
      const site = { kind: 'front', name: bed.front.name, region: edge.region } as const;
      await start(site, edge.name, frontProcess(bed.state, edge.name));
    }
    table = new DynamoDBClient({ region });
    await table.send(
      new CreateTableCommand({
        TableName: TableName(),
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      }),
    );
    for (const item of (await bed.directory.read()).values()) await write(itemId(item), JSON.stringify(item));
    let last = await readItem();
    mirrored = (async () => {
      for (; !isOver; await sleep(200)) {
        const text = await readItem();
        if (text !== last) await bed.directory.put([JSON.parse(text) as TenantItem]);
        last = text;
      }
    })();
    agents = await bed.agents([
      bed.user('alice', callerAddress(1, 1)),
      bed.user('bob', callerAddress(2, 1)),
      bed.carrier(),
    ]);
  });
  afterAll(async () => {
    isOver = true;
    await mirrored;
    vi.unstubAllEnvs();
    ssm?.stop();
    emulator?.stop();
    await bed?.down();
  });

  const onActive = (cell: CellSpec, calls: Parameters<typeof callKamailio>[2]) => {
    const state = requireState(cell.name);
    return callKamailio(state, activeSbc(state), calls);
  };
  const known = async (cell: CellSpec) => {
    const found = await onActive(
      cell,
      desks.map((desk) => ({ method: 'ul.lookup', params: ['location', desk] })),
    );
    return found.filter((each) => each !== undefined).length;
  };

  it('moves with its data and registrations, and the calls that are up end where they are', async () => {
    const [from, to] = bed.cells as [CellSpec, CellSpec];
    await bed.sql(
      from.name,
      `INSERT INTO cellstamp.users SELECT 'acme', 'desk' || n, md5('desk' || n) FROM generate_series(0, 999) n`,
    );
    const path = `<sip:${bed.edges[0]!.publicAddress};lr>`;
    await onActive(
      from,
      desks.map((desk, n) => ({
        method: 'ul.add',
        params: ['location', desk, `sip:desk@198.51.100.77:${10_000 + n}`, 600, 1, path, 0, 0, -1],
      })),
    );
    expect(await known(from)).toBe(1000);
    const kinds = [{ name: 'registered', caller: 'alice', callee: 'bob', dial: `sip:bob@${domain}` }];
    const running = agents.startRun({ kinds, calls: 10, ratePerSecond: 10, talkSeconds: 40 });
    await until(async () => (await bed.calls()).length === 10, 20);
    const begun = performance.now();
    const steps = new Map<string, number>();
    const port = await awsMoves(bed.front, bed.cells);
    const moved = moveTenant(port, 'acme', to.name, {
      onProgress: ({ step, calls }) => void (steps.has(step) || steps.set(step, calls)),
    });
    await until(() => steps.has('waiting'), 120);
    const seconds = (performance.now() - begun) / 1000;
    console.log(`the tenant was in the new cell after ${seconds.toFixed(1)} s and ${ssm.sent.length} commands`);
    const fresh = await agents.run({ kinds, calls: 4, talkSeconds: 0.5 });
    await moved;
    const results = [await running.finished, fresh];
    const told = toldOf(results, 10, steps.get('waiting')!, await bed.left());
    print('move of a tenant on AWS', told);
    expect(told).toMatchObject({ callsUpAfter: 10, packetsLost: 0, failures: [], left: {} });
    expect([await known(from), await known(to)]).toEqual([0, 1000]);
    const count = 'SELECT count(*) FROM cellstamp.tenants, cellstamp.users WHERE tenants.name = tenant';
    expect([await bed.sql(from.name, count), await bed.sql(to.name, count)]).toEqual(['0\n', '1002\n']);
    expect(JSON.parse(await readItem())).toMatchObject({ cell: to.name, other: '' });
    // Of what is long there were further parts, and nothing is left on a host.
    expect(ssm.sent.filter(({ script }) => script.startsWith('tail -c')).length).toBeGreaterThan(0);
    for (const run of hosts.values()) {
      expect((await run('ls -d /run/cellstamp-input-* 2>/dev/null | wc -l')).stdout.trim()).toBe('0');
    }
  });

  it('leaves its cell with all others when that is evacuated, by commands of Systems Manager and writes to the table', async () => {
    const [to, from] = bed.cells as [CellSpec, CellSpec];
    const steps: string[] = [];
    const note = (step: string) => Promise.resolve(void steps.push(step));
    const files: EvacuationFiles = {
      tenants: ['acme'],
      place: () => new Map([['acme', to.name]]),
      cordon: () => note('cordoned'),
      move: (moves) => note(`moved ${[...moves].flat().join(' ')}`),
      retire: () => note('retired'),
    };
    const port = await awsMoves(bed.front, bed.cells);
    const lock = () =>
      new SSMClient({ region }).send(new GetParameterCommand({ Name: `/cellstamp/${from.name}/operation` }));
    // A move takes half a minute here: each command goes through an agent that asks for it.
    const kinds = [{ name: 'registered', caller: 'alice', callee: 'bob', dial: `sip:bob@${domain}` }];
    const running = agents.startRun({ kinds, calls: 2, talkSeconds: 50 });
    await until(async () => (await bed.calls()).length === 2, 20);
    const waits: string[] = [];
    let owner: string | undefined;
    const onProgress = (text: string) => {
      waits.push(text);
      void lock().then(({ Parameter }) => (owner = Parameter!.Value));
    };
    const { moved, ended } = await evacuate(port, files, from.name, { deadlineSeconds: 120, onProgress });
    expect([moved, ended]).toEqual([[{ tenant: 'acme', to: to.name }], []]);
    expect(steps).toEqual(['cordoned', `moved acme ${to.name}`, 'retired']);
    expect(waits.some((text) => text.startsWith(`${from.name}: waits for 2 calls that can't move: `))).toBe(true);
    // One operation has the old cell from the begin to the end, and gives it back.
    expect(JSON.parse(owner!)).toMatchObject({ operation: 'evacuate' });
    await expect(lock()).rejects.toMatchObject({ name: 'ParameterNotFound' });
    expect((await running.finished).summary).toMatchObject({ answered: 2, packets: { lost: 0 }, failures: [] });
    expect(await port.cell(from.name)).toMatchObject({ state: 'retired' });
    expect(JSON.parse(await readItem())).toMatchObject({ cell: to.name, other: '' });
    expect(await port.names(from.name)).toEqual([]);
    expect([await known(from), await known(to)]).toEqual([0, 1000]);
  });

  it('is changed by nobody who has not seen its last change', async () => {
    const port = await awsMoves(bed.front, bed.cells);
    const { version, ...item } = await port.tenant('acme');
    await write('tenant:acme', JSON.stringify({ ...item, version: version + 1 }));
    await expect(port.put(item)).rejects.toThrow(
      /^can't change tenant acme in the directory of front lab-aws-front: ConditionalCheckFailedException/,
    );
    expect(JSON.parse(await readItem())).toMatchObject({ version: version + 1 });
  });

  it('is moved by one at a time, and one that is not there by nobody', async () => {
    const port = await awsMoves(bed.front, bed.cells);
    await expect(moveTenant(port, 'nobody', bed.cells[0]!.name)).rejects.toThrow(
      'the directory of front lab-aws-front has no tenant nobody',
    );
    await expect(moveTenant(port, 'acme', 'nowhere')).rejects.toThrow(
      'the directory of front lab-aws-front has no cell nowhere',
    );
    await port.exclusively(async () => {
      await expect(moveTenant(port, 'acme', bed.cells[0]!.name)).rejects.toThrow(
        /^another operation works on front lab-aws-front on AWS: tenant move by .* npx cellstamp unlock lab-aws-front \w{8}$/,
      );
    });
    await expect(
      new SSMClient({ region }).send(new GetParameterCommand({ Name: '/cellstamp/lab-aws-front/operation' })),
    ).rejects.toMatchObject({ name: 'ParameterNotFound' });
  });
});
