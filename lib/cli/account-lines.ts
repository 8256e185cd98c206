/** What an AWS account has room for, as `check --account` asks and prints it. */
import { counted } from '../config-file/counted.ts';
import { printable } from '../config-file/finding.ts';
import { awsQuotas, type RegionNeeds } from '../fleet/aws-needs.ts';
import type { AccountRoom, QuotaRoom } from '../targets/aws/operations/account-room.ts';

export interface AccountCheck extends AccountRoom {
  /** Why AWS was not asked. */
  readonly notAsked?: string;
}

/** @param errors in the files of the fleet */
export async function checkAccount(needs: readonly RegionNeeds[], errors: number): Promise<AccountCheck> {
  const notAsked =
    errors > 0
      ? 'correct the files first'
      : needs.length === 0
        ? 'no cell and no front of the fleet needs anything on AWS'
        : undefined;
  if (notAsked !== undefined) return { room: [], failures: [], notAsked };
  const { accountRoom } = await import('../targets/aws/operations/account-room.ts');
  return accountRoom(needs);
}

export const isTooSmall = ({ needed, others, allowed }: QuotaRoom): boolean => needed + others > allowed;

/** In the form of findings, with the region in place of a file. */
export function accountErrors({ room, failures }: AccountRoom): readonly string[] {
  return [
    ...room.filter(isTooSmall).map((one) => {
      const { region, code, needed, others } = one;
      return `${region} error: ${roomText(one)}; ask AWS for ${needed + others} (quota ${code})`;
    }),
    ...failures.map(({ region, message }) => `${region} error: ${printable(message)}`),
  ];
}

export function accountLines({ room, notAsked }: AccountCheck): readonly string[] {
  return [
    ...room.filter((one) => !isTooSmall(one)).map((one) => `${one.region}: ${roomText(one)}`),
    ...(notAsked === undefined ? [] : [`the account was not asked: ${notAsked}`]),
  ];
}

function roomText({ quota, needed, others, allowed }: QuotaRoom): string {
  return `the fleet needs ${counted(needed, ...awsQuotas[quota].names)}, others use ${others}, the account allows ${allowed}`;
}
