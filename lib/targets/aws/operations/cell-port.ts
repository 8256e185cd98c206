/** A cell on AWS, as operations see it: hosts by their tags in EC2, commands by Systems Manager. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EC2Client } from '@aws-sdk/client-ec2';
import type { SSMClient } from '@aws-sdk/client-ssm';
import { OperationFailure } from '../../../operations/failure.ts';
import type { RollHost, RollPort } from '../../../operations/roll.ts';
import type { CellSpec } from '../../../fleet/schema/cell.ts';
import { stateTag } from '../host/boot.ts';
import { resourceName } from '../site.ts';
import { alarmsOf } from './alarms.ts';
import { asked, sdk } from './clients.ts';
import { unlock, withLock, type Owner } from './lock.ts';
import { shellScripts } from './shell-script.ts';

/** Seconds that a host may take to begin with a command, and then to end it. */
const patience = { begin: 60, end: 600 };
/** Seconds that the boot unit of a host may take: a kernel module is built, calls are drained. */
const bootPatience = 7200;
const pollMs = 1000;

/** Ends of a command in Systems Manager; all other states are on the way there. */
const ended = [
  'Success',
  'Failed',
  'TimedOut',
  'Cancelled',
  'Undeliverable',
  'Terminated',
  'DeliveryTimedOut',
  'ExecutionTimedOut',
];

export async function awsCell({ name: cell, region }: Pick<CellSpec, 'name' | 'region'>): Promise<RollPort> {
  const [{ EC2Client }, { SSMClient }] = await sdk(() =>
    Promise.all([import('@aws-sdk/client-ec2'), import('@aws-sdk/client-ssm')]),
  );
  const [ec2, ssm] = [new EC2Client({ region }), new SSMClient({ region })];
  return {
    cell,

    exclusively: (operation, work) => withLock(ssm, cell, operation, work),

    async sbcs() {
      const names = await running(ec2, cell, 'sbc');
      const active = names.find((host) => host.active)?.name;
      if (active === undefined) {
        const known = names.map(({ name }) => name).join(', ') || 'none';
        throw new OperationFailure(`no SBC of cell ${cell} has the floating address on AWS; those that run: ${known}`);
      }
      return [active, ...names.map(({ name }) => name).filter((host) => host !== active)];
    },

    hosts: async () => [...(await running(ec2, cell, 'media')), ...(await running(ec2, cell, 'sbc'))],

    async booted(host) {
      const deadline = Date.now() + bootPatience * 1000;
      for (;;) {
        const state = (await instancesOf(ec2, cell)).get(host)?.state;
        if (state === 'ready') return;
        if (state !== undefined) throw new OperationFailure(`${host}: ${state}`);
        if (Date.now() > deadline) throw new OperationFailure(`${host} does not boot within ${bootPatience} s`);
        await sleep(pollMs);
      }
    },

    takeBundle: {
      does: 'take its configuration (journalctl -u cellstamp-boot tells more)',
      argv: ['systemctl', 'start', 'cellstamp-boot.service'],
      seconds: bootPatience,
    },

    troubles: () => alarmsOf({ name: cell, region }),

    async run(host, command) {
      const instances = await instancesOf(ec2, cell);
      const instance = instances.get(host)?.id;
      if (instance === undefined) {
        const known = [...instances.keys()].sort().join(', ') || 'none';
        throw new OperationFailure(`host ${host} of cell ${cell} does not run on AWS; those that do: ${known}`);
      }
      let output = '';
      for (const script of shellScripts(command, randomBytes(8).toString('hex'))) {
        const { status, stdout, stderr } = await runScript(ssm, instance, script, command.seconds ?? patience.end);
        if (status !== 'Success') {
          throw new OperationFailure(
            `host ${host} of cell ${cell} (${instance}) does not ${command.does}: ${status}: ${(stderr || stdout).trim() || 'it says nothing'}`,
          );
        }
        output = stdout;
      }
      return output;
    },

    // What a cell on AWS has is in its database, and nowhere else.
    noteCustomers: () => undefined,
  };
}

/** Works while no other roll-out does on the cell. @throws OperationFailure that names the owner, when another does */
export async function exclusiveRollout<T>(
  { name, region }: Pick<CellSpec, 'name' | 'region'>,
  work: () => Promise<T>,
): Promise<T> {
  const { SSMClient } = await sdk(() => import('@aws-sdk/client-ssm'));
  return withLock(new SSMClient({ region }), name, 'rollout', work);
}

/** Frees a cell whose operation was killed. @throws OperationFailure when the cell has no such lock */
export async function unlockCell({ name, region }: Pick<CellSpec, 'name' | 'region'>, id: string): Promise<Owner> {
  const { SSMClient } = await sdk(() => import('@aws-sdk/client-ssm'));
  return unlock(new SSMClient({ region }), name, id);
}

interface Instance {
  readonly id: string;
  /** `ready`, or `failed: ` and the step; undefined while the host boots for the first time. */
  readonly state: string | undefined;
}

/** Instances that run or begin to, by the names of their hosts. */
async function instancesOf(ec2: EC2Client, cell: string): Promise<ReadonlyMap<string, Instance>> {
  const { paginateDescribeInstances } = await sdk(() => import('@aws-sdk/client-ec2'));
  const Filters = [
    { Name: 'tag:cellstamp:cell', Values: [cell] },
    { Name: 'instance-state-name', Values: ['pending', 'running'] },
  ];
  const instances = new Map<string, Instance>();
  const list = async () => {
    for await (const { Reservations } of paginateDescribeInstances({ client: ec2 }, { Filters })) {
      for (const { InstanceId, Tags } of (Reservations ?? []).flatMap((each) => each.Instances ?? [])) {
        const tag = (key: string) => Tags?.find(({ Key }) => Key === key)?.Value;
        const host = tag('cellstamp:host');
        if (host !== undefined) instances.set(host, { id: InstanceId!, state: tag(stateTag) });
      }
    }
  };
  await asked(`list the hosts of cell ${cell}`, list());
  return instances;
}

/** Hosts of a kind, by number. */
async function running(ec2: EC2Client, cell: string, kind: RollHost['kind']): Promise<readonly RollHost[]> {
  const [instances, holder] = [await instancesOf(ec2, cell), await floatingAddressOf(ec2, cell)];
  const number = (name: string) => Number(name.slice(kind.length + 1));
  return [...instances]
    .filter(([name]) => name.startsWith(`${kind}-`))
    .map(([name, { id }]) => ({ name, kind, active: id === holder?.instance }))
    .sort((a, b) => number(a.name) - number(b.name));
}

interface FloatingAddress {
  readonly address: string;
  /** Id of the instance that has it; undefined where none has. */
  readonly instance: string | undefined;
}

/** Undefined where the cell is not deployed. */
async function floatingAddressOf(ec2: EC2Client, cell: string): Promise<FloatingAddress | undefined> {
  const { DescribeAddressesCommand } = await sdk(() => import('@aws-sdk/client-ec2'));
  const Filters = [
    { Name: 'tag:cellstamp:cell', Values: [cell] },
    { Name: 'tag:Name', Values: [resourceName({ name: cell }, 'sbc')] },
  ];
  const ask = ec2.send(new DescribeAddressesCommand({ Filters }));
  const { Addresses } = await asked(`see the floating address of cell ${cell}`, ask);
  const found = Addresses?.[0];
  // Without an instance the emulator answers an empty name.
  return found && { address: found.PublicIp!, instance: found.InstanceId || undefined };
}

/** Where callers and carriers reach the cell. @throws OperationFailure when it is not deployed */
export async function sbcAddress({ name, region }: Pick<CellSpec, 'name' | 'region'>): Promise<string> {
  const { EC2Client } = await sdk(() => import('@aws-sdk/client-ec2'));
  const found = await floatingAddressOf(new EC2Client({ region }), name);
  if (found === undefined) throw new OperationFailure(`cell ${name} has no floating address on AWS: is it deployed?`);
  return found.address;
}

interface ScriptOutcome {
  /** As Systems Manager says it: `Success`. */
  readonly status: string;
  readonly stdout: string;
  readonly stderr: string;
}

async function runScript(ssm: SSMClient, instance: string, script: string, seconds: number): Promise<ScriptOutcome> {
  const { GetCommandInvocationCommand, SendCommandCommand } = await sdk(() => import('@aws-sdk/client-ssm'));
  const sent = await asked(
    `run a command on ${instance}`,
    ssm.send(
      new SendCommandCommand({
        ...{ DocumentName: 'AWS-RunShellScript', InstanceIds: [instance], TimeoutSeconds: patience.begin },
        Parameters: { commands: [script], executionTimeout: [String(seconds)] },
      }),
    ),
  );
  const wanted = { CommandId: sent.Command!.CommandId!, InstanceId: instance };
  const deadline = Date.now() + (patience.begin + seconds + 60) * 1000;
  for (;;) {
    const found = await ssm.send(new GetCommandInvocationCommand(wanted)).catch((error: Error) => {
      // The command is not known everywhere at once.
      if (error.name === 'InvocationDoesNotExist') return undefined;
      throw new OperationFailure(
        `AWS does not tell how a command on ${instance} went: ${error.name}: ${error.message}`,
      );
    });
    const status = found?.Status ?? 'Pending';
    if (ended.includes(status)) {
      return { status, stdout: found?.StandardOutputContent ?? '', stderr: found?.StandardErrorContent ?? '' };
    }
    if (Date.now() > deadline) throw new OperationFailure(`${instance} has not ended a command: ${status}`);
    await sleep(pollMs);
  }
}
