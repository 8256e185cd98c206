/** Every alert has an owner and a page, every page belongs to an alert, and what the pages tell an operator to type exists. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { alertKinds, pageOf, severities, type AlertKind, type Severity } from '../../lib/observability/alert-kinds.ts';
import { kamailioPaths } from '../../lib/software/kamailio/common/paths.ts';
import { alertName } from '../../lib/software/prometheus-rule.ts';
import { cellRules } from '../../lib/software/prometheus-rules.ts';
import { hostConfig } from '../../lib/software/cell-host.ts';
import { edgeHostConfig } from '../../lib/software/edge-host.ts';
import { cellAlarms } from '../../lib/targets/aws/cell-alarms.ts';
import { regionAlarms } from '../../lib/targets/aws/front-alarms.ts';
import { cellstamp } from '../cli/run-command.ts';
import { cellOf, frontOf, maximalFront, minimal } from '../targets/aws/synth.ts';

const credentials = { user: 'acme', passwordVariable: 'CARRIER_PASSWORD' };
const cell = cellOf({
  ...minimal,
  trunks: [
    { name: 'psap', address: '192.0.2.1' },
    { name: 'carrier-a', address: '192.0.2.10', credentials, register: {} },
  ],
  emergency: { DE: { trunks: ['psap'] } },
  fraud: { byTenant: true },
});
const front = frontOf(maximalFront);
const instances = new Map([...cell.hosts, ...front.edges].map(({ name }) => [name, 'i-1']));
const alarms = [
  ...cellAlarms(cell, instances),
  ...front.regions.flatMap((region) => regionAlarms(front, region, instances)),
];

const rules = cellRules(cell, 'its log').flatMap(({ rules: all }) =>
  all.flatMap((rule) => ('alert' in rule ? [rule] : [])),
);

const kinds = Object.keys(alertKinds) as AlertKind[];
const pageNames = readdirSync('docs/runbooks').map((name) => basename(name, '.md'));
const textOf = (page: string) => readFileSync(`docs/runbooks/${page}.md`, 'utf8');

describe('alerts', () => {
  it('are of every kind, and of no other', () => {
    const runbooks = [
      ...alarms.map(({ runbook }) => runbook),
      ...rules.map(({ annotations }) => annotations.runbook ?? []),
    ];
    const pages = new Set(runbooks.flat().map((runbook) => basename(runbook, '.md')));
    expect([...pages].sort()).toEqual([...new Set(kinds.map(pageOf))].sort());
  });

  it('have a page each, and every page has one', () => {
    expect([...pageNames].sort()).toEqual([...new Set(kinds.map(pageOf))].sort());
  });

  it('are named alike in every target: no rule of Prometheus has a page that its name does not say', () => {
    const named = rules.filter(({ labels }) => labels['severity'] !== 'none');
    const unlike = named.filter(({ alert, annotations }) => {
      const kind = kinds.find((one) => alertName(one) === alert);
      return kind === undefined || annotations.runbook !== `node_modules/cellstamp/docs/runbooks/${pageOf(kind)}.md`;
    });
    expect(unlike.map(({ alert }) => alert)).toEqual([]);
  });

  it('name a page where a fleet’s own repository has it: in the installed package', () => {
    const { name, files } = JSON.parse(readFileSync('package.json', 'utf8')) as { name: string; files: string[] };
    const paths = new Set([
      ...alarms.map(({ runbook }) => runbook),
      ...rules.flatMap((rule) => rule.annotations.runbook ?? []),
    ]);
    const inPackage = [...paths].map((path) => path.replace(`node_modules/${name}/`, ''));
    expect(files).toContain('docs');
    expect(inPackage.filter((path) => !path.startsWith('docs/') || !existsSync(path))).toEqual([]);
  });

  it('say in Prometheus no more of a host than its page can: one program of it', () => {
    const healthy = rules.filter(({ alert }) => alert === 'CellstampHealthy');
    expect(healthy).toHaveLength(cell.sbcs.length + cell.media.length);
    for (const { labels, annotations, expr } of healthy) {
      expect(expr).toContain('up{');
      const program = labels['host']!.startsWith('sbc') ? 'Kamailio' : 'rtpengine';
      expect(annotations.summary).toMatch(new RegExp(`^Prometheus does not reach ${program} on \\S+: it is down, or`));
    }
  });

  it('fit into what CloudWatch takes as a description', () => {
    const long = alarms.map(({ description, firstLook, runbook }) => `${description}${firstLook}${runbook}`.length);
    // 1,024 in all (PutMetricAlarm), with the severity, the owner and the words between.
    expect(Math.max(...long)).toBeLessThan(950);
  });

  it('wake somebody for what is urgent alone', () => {
    const paging = kinds.filter((kind) => severities[alertKinds[kind].severity as Severity].notify === 'page');
    expect(paging.length).toBeLessThan((2 * kinds.length) / 5);
  });
});

const sections = [
  'What it means',
  'First look',
  'Causes, the likeliest first',
  'What to do',
  'When to escalate',
] as const;

describe.each(pageNames)('the runbook %s', (page) => {
  const text = textOf(page);

  it('begins with what the data say', () => {
    const of = kinds.filter((kind) => pageOf(kind) === page).map((kind) => alertKinds[kind]);
    const [title, responsible] = text.split('\n\n');
    expect(title).toBe(`# ${page}: ${of[0]!.title}`);
    const severitiesOf = [...new Set(of.map(({ severity }) => severity))].join(', ');
    expect(responsible).toContain(`**${severitiesOf}**, owner: ${of[0]!.owner}.`);
  });

  it('has the five sections, none of them empty', () => {
    const parts = text.split(/^## /m).slice(1);
    expect(parts.map((part) => part.split('\n')[0])).toEqual(sections);
    for (const part of parts) expect(part.split('\n').slice(1).join('').trim()).not.toBe('');
  });
});

/** `['npx cellstamp roll euw1-a --target aws', ...]`: in blocks and within sentences. */
const commandsIn = (text: string): readonly string[] =>
  [...text.matchAll(/npx cellstamp [^\n`]*/g)].map(([command]) => command.replace(/\s*[#>|;,].*$/, '').trim());

/** What is wrong in a command: a name or an option that the help does not have. */
async function wrongIn(command: string): Promise<readonly string[]> {
  const words = command.split(' ').slice(2);
  const isName = (word: string | undefined) => /^[a-z][a-z-]*$/.test(word ?? '');
  const helpOf = async (names: readonly string[]) => (await cellstamp(...names, '--help')).stdout;
  let names = words.slice(0, 1);
  let help = await helpOf(names);
  if (!help.startsWith(`Usage: npx cellstamp ${names[0]} `)) return [`${command}: no command ${names[0]}`];
  if (isName(words[1]) && new RegExp(`^ {2}${words[1]} `, 'm').test(help.split('Commands:')[1] ?? '')) {
    names = words.slice(0, 2);
    help = await helpOf(names);
  }
  if (/^Usage: .* \[options\] \[command\]$/m.test(help) && words[1] !== undefined) {
    return [`${command}: ${names[0]} has no command ${words[1]}`];
  }
  const options = words.filter((word) => word.startsWith('--'));
  return options.filter((option) => !help.includes(`${option} `)).map((option) => `${command}: no option ${option}`);
}

describe('what the pages tell an operator to type', () => {
  const pages = [...pageNames.map((page) => `docs/runbooks/${page}.md`), 'docs/alerts.md'];
  const commands = pages.flatMap((page) => commandsIn(readFileSync(page, 'utf8')));
  const firstLooks = kinds.flatMap((kind) => commandsIn(alertKinds[kind].firstLook));

  it('are commands and options that the help has', async () => {
    const found: string[] = [];
    const all = new Set([...commands, ...firstLooks]);
    expect(all.size).toBeGreaterThan(15);
    // One after the other: what is printed is caught for one at a time.
    for (const command of all) found.push(...(await wrongIn(command)));
    expect(found).toEqual([]);
  });

  it('would be found wanting', async () => {
    expect(await wrongIn('npx cellstamp heal euw1-a')).toEqual(['npx cellstamp heal euw1-a: no command heal']);
    expect(await wrongIn('npx cellstamp tenant heal acme')).toEqual([
      'npx cellstamp tenant heal acme: tenant has no command heal',
    ]);
    expect(await wrongIn('npx cellstamp roll euw1-a --fast')).toEqual([
      'npx cellstamp roll euw1-a --fast: no option --fast',
    ]);
  });

  const configs = [
    ...cell.hosts.map((host) => hostConfig(cell, host)),
    ...front.edges.map((edge) => edgeHostConfig(front, edge)),
  ];
  /** AWS's own units, and Debian's. */
  const otherUnits = ['cellstamp-certificate', 'cellstamp-edges', 'systemd-timesyncd'];
  const texts = [
    ...pages.map((page) => readFileSync(page, 'utf8')),
    ...kinds.map((kind) => alertKinds[kind].firstLook),
  ];

  it('names services that hosts have', () => {
    const known = new Set([...otherUnits, ...configs.flatMap(({ services }) => services.map(({ name }) => name))]);
    const named = texts.flatMap((text) => [
      ...[...text.matchAll(/journalctl -u ([a-z-]+)/g)].map(([, unit]) => unit!),
      ...[...text.matchAll(/systemctl (?:status|restart|stop|start) ([a-z -]+)/g)].flatMap(([, units]) =>
        units!.trim().split(' '),
      ),
    ]);
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((unit) => !known.has(unit))).toEqual([]);
  });

  it('asks Kamailio at the socket that it has', () => {
    const sockets = texts.flatMap((text) => [...text.matchAll(/kamcmd (-s \S+)?/g)].map(([, socket]) => socket));
    expect(sockets.length).toBeGreaterThan(5);
    expect(new Set(sockets)).toEqual(new Set([`-s unix:${kamailioPaths.control}`]));
  });

  it('names scripts that hosts have', () => {
    const known = new Set(configs.flatMap(({ files }) => files.map(({ path }) => path)));
    const named = texts.flatMap((text) => text.match(/\/usr\/local\/lib\/cellstamp\/[a-z-]+/g) ?? []);
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((path) => !known.has(path))).toEqual([]);
  });
});
