import { formatFinding } from '../../lib/config-file/finding.ts';
import { loadFleet } from '../../lib/fleet/fleet.ts';

/** The least that is a whole cell. */
export const minimal = `name: euw1-a
region: eu-west-1
`;

/** What `npx cellstamp check` prints of a fleet of this one file, which is named as the cell in it and is for AWS. */
export function checked(text: string): readonly string[] {
  const name = /^name: (\S+)/.exec(text)?.[1] ?? 'nameless';
  return loadFleet([{ path: `cells/${name}.yaml`, text: onAws(text) }]).findings.map(formatFinding);
}

/** A text with a section `aws`, which stands last where it says nothing, so that no line moves. */
export function onAws(text: string): string {
  return /^aws:/m.test(text) ? text : `${text}aws: {}\n`;
}
