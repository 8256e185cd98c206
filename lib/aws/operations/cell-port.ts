/** A cell on AWS, as operations see it: hosts by their tags in EC2, commands by Systems Manager. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EC2Client } from '@aws-sdk/client-ec2';
import type { SSMClient } from '@aws-sdk/client-ssm';
import type { CellPort } from '../../operations/cell-port.ts';
import { OperationFailure } from '../../operations/failure.ts';
import type { CellSpec } from '../../spec/cell.ts';
import { resourceName } from '../site.ts';
import { asked, sdk } from './clients.ts';
import { unlock, withLock, type Owner } from './lock.ts';
import { shellScripts } from './shell-script.ts';

/** Seconds that a host may take to begin with a command, and then to end it. */
const patience = { begin: 60, end: 600 };
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

export async function awsCell({ name: cell, region }: Pick<CellSpec, 'name' | 'region'>): Promise<CellPort> {
  const [{ EC2Client }, { SSMClient }] = await sdk(() =>
    Promise.all([import('@aws-sdk/client-ec2'), import('@aws-sdk/client-ssm')]),
  );
  const [ec2, ssm] = [new EC2Client({ region }), new SSMClient({ region })];
  return {
    cell,

    exclusively: (operation, work) => withLock(ssm, cell, operation, work),

    async sbcs() {
      const instances = await runningInstances(ec2, cell);
      const names = [...instances.keys()].filter((host) => host.startsWith('sbc-')).sort();
      const holder = await floatingAddressHolder(ec2, cell);
      const active = names.find((host) => instances.get(host) === holder);
      if (active === undefined) {
        throw new OperationFailure(
          `no SBC of cell ${cell} has the floating address on AWS; those that run: ${names.join(', ') || 'none'}`,
        );
      }
      return [active, ...names.filter((host) => host !== active)];
    },

    async run(host, command) {
      const instances = await runningInstances(ec2, cell);
      const instance = instances.get(host);
      if (instance === undefined) {
        const known = [...instances.keys()].sort().join(', ') || 'none';
        throw new OperationFailure(`host ${host} of cell ${cell} does not run on AWS; those that do: ${known}`);
      }
      let output = '';
      for (const script of shellScripts(command, randomBytes(8).toString('hex'))) {
        const { status, stdout, stderr } = await runScript(ssm, instance, script);
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

/** Frees a cell whose operation was killed. @throws OperationFailure when the cell has no such lock */
export async function unlockCell({ name, region }: Pick<CellSpec, 'name' | 'region'>, id: string): Promise<Owner> {
  const { SSMClient } = await sdk(() => import('@aws-sdk/client-ssm'));
  return unlock(new SSMClient({ region }), name, id);
}

/** Instances by the names of their hosts. */
async function runningInstances(ec2: EC2Client, cell: string): Promise<ReadonlyMap<string, string>> {
  const { paginateDescribeInstances } = await sdk(() => import('@aws-sdk/client-ec2'));
  const Filters = [
    { Name: 'tag:cellstamp:cell', Values: [cell] },
    { Name: 'instance-state-name', Values: ['running'] },
  ];
  const instances = new Map<string, string>();
  const list = async () => {
    for await (const { Reservations } of paginateDescribeInstances({ client: ec2 }, { Filters })) {
      for (const { InstanceId, Tags } of (Reservations ?? []).flatMap((each) => each.Instances ?? [])) {
        const host = Tags?.find(({ Key }) => Key === 'cellstamp:host')?.Value;
        if (host !== undefined) instances.set(host, InstanceId!);
      }
    }
  };
  await asked(`list the hosts of cell ${cell}`, list());
  return instances;
}

/** The instance that has the floating address; undefined where none has. */
async function floatingAddressHolder(ec2: EC2Client, cell: string): Promise<string | undefined> {
  const { DescribeAddressesCommand } = await sdk(() => import('@aws-sdk/client-ec2'));
  const Filters = [
    { Name: 'tag:cellstamp:cell', Values: [cell] },
    { Name: 'tag:Name', Values: [resourceName({ name: cell }, 'sbc')] },
  ];
  const ask = ec2.send(new DescribeAddressesCommand({ Filters }));
  const { Addresses } = await asked(`see the floating address of cell ${cell}`, ask);
  return Addresses?.find(({ InstanceId }) => InstanceId !== undefined)?.InstanceId;
}

interface ScriptOutcome {
  /** As Systems Manager says it: `Success`. */
  readonly status: string;
  readonly stdout: string;
  readonly stderr: string;
}

async function runScript(ssm: SSMClient, instance: string, script: string): Promise<ScriptOutcome> {
  const { GetCommandInvocationCommand, SendCommandCommand } = await sdk(() => import('@aws-sdk/client-ssm'));
  const sent = await asked(
    `run a command on ${instance}`,
    ssm.send(
      new SendCommandCommand({
        ...{ DocumentName: 'AWS-RunShellScript', InstanceIds: [instance], TimeoutSeconds: patience.begin },
        Parameters: { commands: [script], executionTimeout: [String(patience.end)] },
      }),
    ),
  );
  const wanted = { CommandId: sent.Command!.CommandId!, InstanceId: instance };
  const deadline = Date.now() + (patience.begin + patience.end + 60) * 1000;
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
