/** A cell on AWS, as operations see it: hosts by their tags in EC2, commands by Systems Manager. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { EC2Client } from '@aws-sdk/client-ec2';
import { OperationFailure } from '../../../operations/failure.ts';
import type { HostCommand } from '../../../operations/host-command.ts';
import type { RollHost, RollPort } from '../../../operations/roll.ts';
import type { CellSpec } from '../../../fleet/schema/cell.ts';
import { resourceName, type Site } from '../site.ts';
import { alarmsOf } from './alarms.ts';
import { asked, ec2Client, sdk, ssmClient } from './clients.ts';
import { instancesOf, runOnHost } from './hosts.ts';
import { unlock, withLock, type Owner } from './lock.ts';

/** Seconds that the boot unit of a host may take: a kernel module is built, calls are drained. */
const bootPatience = 7200;
const pollMs = 1000;

/** Has a host drain and restart the programs whose files its bundle changes, and nothing else; ends when they are ready. */
const takeBundle: HostCommand = {
  does: 'take its configuration (journalctl -u cellstamp-boot tells more)',
  argv: ['systemctl', 'start', 'cellstamp-boot.service'],
  seconds: bootPatience,
};

export async function awsCell({ name: cell, region }: Pick<CellSpec, 'name' | 'region'>): Promise<RollPort> {
  const [ec2, ssm] = [await ec2Client(region), await ssmClient(region)];
  const site = { kind: 'cell', name: cell } as const;
  return {
    cell,

    exclusively: (operation, work) => withLock(ssm, site, operation, work),

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

    async renew(host) {
      await booted(ec2, site, host);
      await runOnHost({ ec2, ssm }, site, host, takeBundle);
    },

    troubles: () => alarmsOf({ name: cell, region }),

    run: (host, command) => runOnHost({ ec2, ssm }, site, host, command),

    // What a cell on AWS has is in its database, and nowhere else.
    noteCustomers: () => undefined,
  };
}

/** Waits until a host has booted for the first time. @throws OperationFailure when it says that it failed */
async function booted(ec2: EC2Client, site: Pick<Site, 'kind' | 'name'>, host: string): Promise<void> {
  const deadline = Date.now() + bootPatience * 1000;
  for (;;) {
    const state = (await instancesOf(ec2, site)).get(host)?.state;
    if (state !== undefined && /^ready\b/.test(state)) return;
    if (state !== undefined) throw new OperationFailure(`${host}: ${state}`);
    if (Date.now() > deadline) throw new OperationFailure(`${host} does not boot within ${bootPatience} s`);
    await sleep(pollMs);
  }
}

/** Works while no other roll-out does on the cell. @throws OperationFailure that names the owner, when another does */
export async function exclusiveRollout<T>(
  { name, region }: Pick<CellSpec, 'name' | 'region'>,
  work: () => Promise<T>,
): Promise<T> {
  return withLock(await ssmClient(region), { kind: 'cell', name }, 'rollout', work);
}

/** Frees a cell or a front whose operation was killed. @throws OperationFailure when it has no such lock */
export async function unlockSite({ region, ...site }: Site, id: string): Promise<Owner> {
  return unlock(await ssmClient(region), site, id);
}

/** Hosts of a kind, by number. */
async function running(ec2: EC2Client, cell: string, kind: RollHost['kind']): Promise<readonly RollHost[]> {
  const [instances, holder] = [
    await instancesOf(ec2, { kind: 'cell', name: cell }),
    await floatingAddressOf(ec2, cell),
  ];
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
  const found = await floatingAddressOf(await ec2Client(region), name);
  if (found === undefined) throw new OperationFailure(`cell ${name} has no floating address on AWS: is it deployed?`);
  return found.address;
}
