/** Hosts of a cell or a front on AWS: found by their tags in EC2, reached by Systems Manager. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EC2Client } from '@aws-sdk/client-ec2';
import type { SSMClient } from '@aws-sdk/client-ssm';
import { OperationFailure } from '../../../operations/failure.ts';
import type { HostCommand } from '../../../operations/host-command.ts';
import { stateTag } from '../host/boot.ts';
import { siteTag, type Site } from '../site.ts';
import { asked, refused, sdk } from './clients.ts';
import { answer, furtherParts, shellScripts } from './shell-script.ts';

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

export interface Instance {
  readonly id: string;
  /** As the host says it: `stateTag`. Undefined while it boots for the first time. */
  readonly state: string | undefined;
}

/** Instances of a cell or a front that run or begin to, by the names of their hosts. */
export async function instancesOf(
  ec2: EC2Client,
  site: Pick<Site, 'kind' | 'name'>,
): Promise<ReadonlyMap<string, Instance>> {
  const { paginateDescribeInstances } = await sdk(() => import('@aws-sdk/client-ec2'));
  const Filters = [
    { Name: `tag:${siteTag(site)}`, Values: [site.name] },
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
  await asked(`list the hosts of ${site.kind} ${site.name} in ${await ec2.config.region()}`, list());
  return instances;
}

/** @returns what the command wrote @throws OperationFailure when the host does not run, or the command fails */
export async function runOnHost(
  { ec2, ssm }: { readonly ec2: EC2Client; readonly ssm: SSMClient },
  site: Pick<Site, 'kind' | 'name'>,
  host: string,
  command: HostCommand,
): Promise<string> {
  const instances = await instancesOf(ec2, site);
  const instance = instances.get(host)?.id;
  const of = `host ${host} of ${site.kind} ${site.name}`;
  if (instance === undefined) {
    const known = [...instances.keys()].sort().join(', ') || 'none';
    throw new OperationFailure(`${of} does not run on AWS; those that do: ${known}`);
  }
  const failure = (why: string) => new OperationFailure(`${of} (${instance}) does not ${command.does}: ${why}`);
  const step = async (script: string): Promise<string> => {
    const { status, stdout, stderr } = await runScript(ssm, instance, script, command.seconds ?? patience.end);
    if (status === 'Success') return stdout;
    throw failure(`${status}: ${(stderr || stdout).trim() || 'it says nothing'}`);
  };
  const id = randomBytes(8).toString('hex');
  let output = '';
  for (const script of shellScripts(command, id)) output = await step(script);
  if (!command.isLong) return output;
  const parts = [output];
  for (const script of furtherParts(output, id)) parts.push(await step(script));
  const whole = answer(parts);
  if (whole === undefined) throw failure('some of its output is missing');
  return whole;
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
      throw refused(`see how a command on ${instance} went`, error);
    });
    const status = found?.Status ?? 'Pending';
    if (ended.includes(status)) {
      return { status, stdout: found?.StandardOutputContent ?? '', stderr: found?.StandardErrorContent ?? '' };
    }
    if (Date.now() > deadline) throw new OperationFailure(`${instance} has not ended a command: ${status}`);
    await sleep(pollMs);
  }
}
