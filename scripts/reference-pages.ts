/** The pages below docs/reference: every setting of each file, from its schema, and every command, from its help. */
import type { Command } from 'commander';
import { cellstamp } from '../lib/cli/program.ts';
import { describeAllowed } from '../lib/config-file/allowed.ts';
import type { JsonSchema } from '../lib/config-file/written-form.ts';
import { jsonSchemas } from '../lib/fleet/schema/json-schema.ts';
import { planningJsonSchemas } from '../lib/planner-files/json-schema.ts';

const schemas: Readonly<Record<string, () => JsonSchema>> = { ...jsonSchemas, ...planningJsonSchemas };

const files = {
  cell: {
    title: 'Settings of a cell',
    about:
      'Every setting of `cells/NAME.yaml`. `npx cellstamp stamp` writes a first one, and `npx cellstamp check` reports what is wrong.',
  },
  front: {
    title: 'Settings of the front',
    about:
      'Every setting of `cells/front.yaml`, which describes [the front](../front.md). A fleet without one has no front.',
  },
  planning: {
    title: 'Settings of the planner',
    about: 'Every setting of `planning.yaml`: of [the planner](../planning.md) and of [roll-outs](../rollout.md).',
  },
  calendar: {
    title: 'Settings of the calendar',
    about:
      'Every setting of `calendar.yaml`: the holidays and events that [the planner](../planning.md#calendar) counts with.',
  },
  figures: {
    title: 'Figures of machines',
    about:
      '`figures.yaml` has measured figures of machines. `npx cellstamp measure` writes them, and [the planner](../planning.md#figures-of-your-own) takes them in place of its own.',
  },
  scenario: {
    title: 'Settings of a scenario',
    about:
      'Every setting of a scenario of `npx cellstamp simulate`, such as those in [examples/scenarios](../../examples/scenarios).',
  },
};

/** Path and text of each page. */
export async function referencePages(): Promise<readonly (readonly [path: string, text: string])[]> {
  const settings = Object.entries(files).map(([name, { title, about }]) => {
    const sections = settingsOf(schemas[`${name}.schema.json`]!());
    return [`docs/reference/${name}.md`, [`# ${title}`, made('the schema'), about, ...sections].join('\n\n')] as const;
  });
  const commands = ['# The command', made('the help of the commands'), ...(await helpOfAll())].join('\n\n');
  return [...settings, ['docs/reference/command.md', commands]];
}

const made = (from: string): string => `<!-- made from ${from} by scripts/write-schemas.ts -->`;

/** A table of the settings with a value of their own, and then a section for each group. */
function settingsOf(schema: JsonSchema): readonly string[] {
  const settings = Object.entries(schema.properties ?? {}).filter(([name]) => name !== '$schema');
  const isGroup = ([, setting]: readonly [string, JsonSchema]) => below(setting).length > 0;
  const groups = settings
    .filter(isGroup)
    .map(([name, setting]) =>
      [`## ${name}`, described(setting, schema.required?.includes(name) ?? false), table(below(setting))].join('\n\n'),
    );
  const single = settings.filter((entry) => !isGroup(entry));
  return [
    ...(single.length === 0 ? [] : [table(single.map(([name, each]) => setting(name, each, schema)))]),
    ...(schema.properties === undefined ? [table(below(schema))] : []),
    ...groups,
  ];
}

interface Setting {
  /** From the group on: `relay.calls`, `[].name` in a list, `*.name` under a key of any name. */
  readonly path: string;
  readonly schema: JsonSchema;
  readonly isRequired: boolean;
}

const setting = (path: string, schema: JsonSchema, parent: JsonSchema): Setting => ({
  path,
  schema,
  isRequired: parent.required?.includes(path.split('.').at(-1)!) ?? false,
});

/** What a group contains, its own groups included. */
function below(schema: JsonSchema, path = ''): readonly Setting[] {
  const inside = (name: string) => (path === '' ? name : `${path}.${name}`);
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, each]) => [
    setting(inside(name), each, schema),
    ...below(each, inside(name)),
  ]);
  const choices = (schema.anyOf ?? []).flatMap((choice) => below(choice, path));
  const items = schema.items === undefined ? [] : below(schema.items, `${path}[]`);
  const values = typeof schema.additionalProperties === 'object' ? below(schema.additionalProperties, inside('*')) : [];
  const all = [...own, ...choices, ...items, ...values];
  // Choices may have a setting in common.
  return all.filter(({ path: one }, at) => all.findIndex((other) => other.path === one) === at);
}

/** The sentence of the schema, and what may be left out. */
function described({ description = '' }: JsonSchema, isRequired: boolean): string {
  return isRequired ? `${description} Required.` : description;
}

const table = (settings: readonly Setting[]): string =>
  [
    ['setting', 'allowed', 'default', 'meaning'],
    ['---', '---', '---', '---'],
    ...settings.map(({ path, schema, isRequired }) => [
      `\`${path}\``,
      allowed(schema),
      isRequired ? 'required' : standard(schema),
      schema.description ?? '',
    ]),
  ]
    .map((row) => `| ${row.map(cell).join(' | ')} |`)
    .join('\n');

/** A bar would end the field, an asterisk or an angle bracket would be markup. */
const cell = (text: string): string =>
  text.startsWith('`') ? text.replaceAll('|', '\\|') : text.replace(/[|*<>_]/g, '\\$&').replaceAll('\n', ' ');

const MANY = 30;

/** The keys of a mapping have rows of their own. */
function allowed(schema: JsonSchema): string {
  if (schema.properties !== undefined) return 'a mapping';
  if (schema.items?.properties !== undefined) return 'a list of mappings';
  const { enum: words = [] } = schema;
  return words.length > MANY
    ? `${words.slice(0, 3).join(', ')} and ${words.length - 3} others`
    : describeAllowed(schema);
}

function standard({ default: value }: JsonSchema): string {
  if (value === undefined) return '';
  const text = JSON.stringify(value);
  return text === '{}' || text === '[]' ? '' : `\`${typeof value === 'string' ? value : text}\``;
}

async function helpOfAll(): Promise<readonly string[]> {
  const program = await cellstamp();
  const commands = program.commands.flatMap(withSubcommands).filter((command) => command.name() !== 'help');
  return [program, ...commands].map((command) => {
    const words = command === program ? 'npx cellstamp' : nameOf(command);
    return [`## ${words}`, '```text', helpOf(command).trimEnd(), '```'].join('\n');
  });
}

const withSubcommands = (command: Command): readonly Command[] => [
  command,
  ...command.commands.flatMap(withSubcommands).filter((each) => each.name() !== 'help'),
];

const nameOf = (command: Command): string =>
  command.parent?.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name();

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part), getOutHelpWidth: () => 80 }).outputHelp();
  return text;
}
