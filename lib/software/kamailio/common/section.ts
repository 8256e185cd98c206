/** A part of kamailio.cfg with its own heading: what it is for, its module parameters, its routes. */
export interface Section {
  readonly title: string;
  readonly text: string;
}

const rule = '#'.repeat(120);

/** The sections one after the other, numbered, so that an operator can say where a line stands. */
export function joinSections(sections: readonly Section[]): string {
  return sections
    .map(({ title, text }, index) => `${rule}\n# ${index + 1}. ${title}\n${rule}\n\n${text.trim()}\n`)
    .join('\n');
}
