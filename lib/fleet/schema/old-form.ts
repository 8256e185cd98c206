/** Which keys of a cell, a front and the planner's files stood elsewhere before targets had sections, or had another name. */
import type { CellInput } from './cell-types.ts';
import type { OldForm } from '../../config-file/old-form.ts';
import type { FrontInput } from './front-types.ts';

/** @param at place of the section: the keys inside move into it */
const into = (at: string, keys: readonly string[]): OldForm['keys'] => {
  const outer = at === '' ? [] : at.split('.');
  const why = 'AWS alone understands this, so it belongs in its section';
  return keys.map((key) => ({ from: [...outer, ...key.split('.')], to: [...outer, 'aws', ...key.split('.')], why }));
};

const cellKeys = [
  'zones',
  'sbc.instanceType',
  'media.instanceType',
  'database.version',
  'database.instanceClass',
  'database.backupRetentionDays',
  'redis.version',
  'redis.nodeType',
  'retention.logDays',
  'image',
  'alarmEmails',
];

export const oldCell: OldForm = { keys: into('', cellKeys), meansAws: true };

export const oldFront: OldForm = {
  keys: [
    ...into('', ['anycast.ranges', 'edge.instanceType', 'image', 'alarmEmails']),
    ...into('regions.*', ['zones', 'trafficDial']),
  ],
  meansAws: true,
};

export const oldPlanning: OldForm = {
  keys: [
    ...into('kinds.*.settings', cellKeys),
    { from: ['rules', 'settle'], to: ['rules', 'fillTarget'], why: 'has another name now' },
  ],
  meansAws: false,
};

/** The cell of a scenario. */
export const oldScenario: OldForm = {
  keys: into('cell', ['sbc.instanceType', 'media.instanceType']),
  meansAws: false,
};

type AwsCell = NonNullable<CellInput['aws']>;
type AwsFront = NonNullable<FrontInput['aws']>;
type AwsRegion = NonNullable<FrontInput['regions'][number]['aws']>;

/** A cell as it was written before targets had sections. @deprecated Write what only AWS understands into `aws`. */
export type OldCellInput = Omit<CellInput, 'sbc' | 'media' | 'database' | 'redis' | 'retention'> &
  Pick<AwsCell, 'zones' | 'image' | 'alarmEmails'> & {
    readonly [Part in 'sbc' | 'media' | 'database' | 'redis' | 'retention']?:
      (CellInput[Part] & AwsCell[Part]) | undefined;
  };

/** A front as it was written before targets had sections. @deprecated Write what only AWS understands into `aws`. */
export type OldFrontInput = Omit<FrontInput, 'anycast' | 'edge' | 'regions'> &
  Pick<AwsFront, 'image' | 'alarmEmails'> & {
    readonly [Part in 'anycast' | 'edge']?: (FrontInput[Part] & AwsFront[Part]) | undefined;
  } & { readonly regions: readonly (FrontInput['regions'][number] & AwsRegion)[] };
