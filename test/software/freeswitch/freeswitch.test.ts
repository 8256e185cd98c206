import { XMLParser, XMLValidator } from 'fast-xml-parser';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deriveCell } from '../../../lib/fleet/derive/cell.ts';
import { modules } from '../../../lib/software/freeswitch/core-xml.ts';
import { namedFeatures, parseFeatureUser, plainFeatures } from '../../../lib/software/freeswitch/features.ts';
import { freeswitch } from '../../../lib/software/freeswitch/index.ts';
import { paths } from '../../../lib/software/freeswitch/paths.ts';
import { lateNames } from '../../../lib/fleet/late-bound.ts';
import { parseCell, type CellInput } from '../../../lib/fleet/schema/cell.ts';

type Settings = NonNullable<NonNullable<CellInput['media']>['freeswitch']>;

function configOf(settings: Settings = {}, input: Partial<CellInput> = {}) {
  const cell = deriveCell(
    parseCell({
      name: 'euw1-a',
      region: 'eu-west-1',
      aws: {},
      ...input,
      media: { ...input.media, freeswitch: settings },
    }),
  );
  return freeswitch(cell, cell.media[0]!);
}

function textsOf(settings: Settings = {}, input: Partial<CellInput> = {}): Readonly<Record<string, string>> {
  return Object.fromEntries(configOf(settings, input).files.map((file) => [file.path, file.text]));
}

const xml = (name: string) => `${paths.etc}/${name}.xml`;
const service = { configurationService: 'https://settings.example/v1' };

/** Lines that stand in one of two sets of files and not in the other, by file. */
function changes(before: Readonly<Record<string, string>>, after: Readonly<Record<string, string>>) {
  const changed: Record<string, readonly string[]> = {};
  for (const path of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const old = (before[path] ?? '').split('\n');
    const lines = (after[path] ?? '').split('\n').filter((line) => !old.includes(line));
    if (before[path] !== after[path]) changed[path] = lines.map((line) => line.trim());
  }
  return changed;
}

describe('the configuration of FreeSWITCH', () => {
  const files = {
    ...textsOf(),
    ...Object.fromEntries(Object.entries(textsOf(service)).map(([path, text]) => [`${path} `, text])),
  };
  const xmlFiles = Object.entries(files).filter(([path]) => path.trim().endsWith('.xml'));

  it.each(xmlFiles)('is well-formed XML in %s', (_, text) => {
    expect(XMLValidator.validate(text)).toBe(true);
    // XML forbids it within a comment, which the validator lets through.
    expect(text.replaceAll(/<!--|-->/g, '')).not.toMatch(/--/);
  });

  it.each(xmlFiles)('keeps pre-processor tags on lines of their own in %s', (_, text) => {
    for (const line of text.split('\n').filter((one) => one.includes('X-PRE-PROCESS'))) {
      expect(line.trim()).toMatch(/^<X-PRE-PROCESS cmd="include" data="[a-z-]+\.xml"\/>$/);
    }
  });

  it('includes every file that it has, once', () => {
    const included = [...files[xml('freeswitch')]!.matchAll(/cmd="include" data="([^"]+)"/g)].map((match) => match[1]);
    const own = Object.keys(textsOf()).filter((path) => path.endsWith('.xml') && path !== xml('freeswitch'));
    expect(included.map((name) => `${paths.etc}/${name}`).sort()).toEqual(own.sort());
  });

  it.each<[string, Settings, Partial<CellInput>, Readonly<Record<string, readonly string[]>>]>([
    [
      'sessions',
      { sessions: 123 },
      {},
      {
        [xml('core')]: ['<param name="max-sessions" value="153"/>'],
        [xml('dialplan')]: ['<action application="limit" data="hash host legs 123 !SWITCH_CONGESTION"/>'],
      },
    ],
    [
      'sessionsPerSecond',
      { sessionsPerSecond: 7 },
      {},
      { [xml('core')]: ['<param name="max-sessions" value="907"/>', '<param name="sessions-per-second" value="7"/>'] },
    ],
    [
      'ports',
      { ports: '20000-23999' },
      {},
      { [xml('core')]: ['<param name="rtp-start-port" value="20000"/>', '<param name="rtp-end-port" value="23999"/>'] },
    ],
    [
      'voicemailDirectory',
      { voicemailDirectory: '/mnt/voicemail' },
      {},
      {
        [xml('media')]: [
          '<param name="storage-dir" value="/mnt/voicemail"/>',
          '<param name="dbname" value="/mnt/voicemail/voicemail.db"/>',
        ],
      },
    ],
    ['install', { install: 'image' }, {}, { [paths.token]: [], [paths.install]: [] }],
  ])('changes only the lines that %s decides', (_, settings, input, expected) => {
    expect(changes(textsOf(), textsOf(settings, input))).toEqual(expected);
  });

  it('adds lines to the dialplan alone for a configuration service, and takes none away', () => {
    const [before, after] = [textsOf(), textsOf(service)];
    expect(Object.keys(changes(before, after))).toEqual([xml('dialplan')]);
    expect(Object.values(changes(after, before)).flat()).toEqual([]);
  });

  it('has the same text on every media host but for its name and address', () => {
    const cell = deriveCell(parseCell({ name: 'euw1-a', region: 'eu-west-1', aws: {} }));
    const of = (n: number) =>
      Object.fromEntries(freeswitch(cell, cell.media[n]!).files.map((file) => [file.path, file.text]));
    const { hostname, address } = cell.media[1]!;
    for (const line of Object.values(changes(of(0), of(1))).flat()) {
      expect(
        [hostname, address, cell.media[1]!.name].some((own) => line.includes(own)),
        line,
      ).toBe(true);
    }
  });

  it('lets the SBCs call, by their own addresses and by the overlay address, and nobody else', () => {
    const cell = deriveCell(parseCell({ name: 'euw1-a', region: 'eu-west-1', aws: {} }));
    const allowed = [...files[xml('core')]!.matchAll(/type="allow" cidr="([^"]+)"/g)].map((match) => match[1]);
    expect(allowed).toEqual([...cell.sbcs.map((sbc) => `${sbc.address}/32`), `${cell.overlayAddress}/32`]);
    expect(files[xml('core')]).toContain('<list name="sbc" default="deny">');
    expect(files[xml('sip')]).toContain('<param name="apply-inbound-acl" value="sbc"/>');
  });
});

describe('the dialplan', () => {
  interface Tag {
    readonly condition?: readonly Readonly<Record<string, string>>[];
    readonly [attribute: string]: unknown;
  }
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '',
    isArray: (name) => ['context', 'extension', 'condition', 'action'].includes(name),
  });
  /** Patterns of the request URI's user part in the extensions that end a look-up. */
  function patterns(settings: Settings): readonly RegExp[] {
    const parsed = parser.parse(textsOf(settings)[xml('dialplan')]!) as {
      include: { context: readonly { name: string; extension: Tag[] }[] };
    };
    const fromSbc = parsed.include.context.find(({ name }) => name === 'from-sbc')!;
    return fromSbc.extension
      .filter((extension) => extension['continue'] !== 'true')
      .flatMap((extension) => extension.condition ?? [])
      .filter((condition) => condition['field'] === 'destination_number')
      .map((condition) => new RegExp(condition['expression']!));
  }

  const users = fc.oneof(
    fc.string(),
    fc
      .tuple(
        fc.constantFrom(...plainFeatures, ...namedFeatures.map((kind) => `${kind}-`), 'other-'),
        fc.string({ unit: fc.constantFrom(...'aZ09._-/ ${}*'), maxLength: 8 }),
      )
      .map((parts) => parts.join('')),
  );

  it.each([
    ['without', {}],
    ['with', service],
  ])('matches exactly the user parts of the contract, %s a configuration service', (_, settings) => {
    const all = patterns(settings);
    expect(all.length).toBeGreaterThanOrEqual(plainFeatures.length + namedFeatures.length);
    fc.assert(
      fc.property(users, (user) => {
        expect(all.some((pattern) => pattern.test(user))).toBe(parseFeatureUser(user) !== undefined);
      }),
    );
  });

  it('ends with 404 for the rest', () => {
    const text = textsOf(service)[xml('dialplan')]!;
    const fromSbc = text.slice(0, text.indexOf('</context>'));
    expect(fromSbc.slice(fromSbc.lastIndexOf('<extension'))).toMatch(
      /<condition>\s*<action application="respond" data="404"\/>/,
    );
  });

  it.each(['bridge', 'originate', 'system', 'lua', 'socket', 'deflect', 'redirect', 'att_xfer'])(
    'never uses %s',
    (application) => {
      expect(textsOf(service)[xml('dialplan')]).not.toContain(`application="${application}"`);
    },
  );
});

describe('FreeSWITCH as a host configuration', () => {
  it('needs its password, and the token only where the packages come from SignalWire', () => {
    expect(configOf().values.map(({ name }) => name)).toEqual(['event_socket_password', 'signalwire_token']);
    expect(configOf({ install: 'image' }).values.map(({ name }) => name)).toEqual(['event_socket_password']);
  });

  it.each<Settings>([{}, { install: 'image' }])('names every late-bound value of its files: %j', (settings) => {
    const { files, values } = configOf(settings);
    const used = new Set(files.flatMap((file) => lateNames(file.text)));
    expect([...used].sort()).toEqual(values.map(({ name }) => name).sort());
  });

  it('keeps every file with a secret from other users', () => {
    for (const file of configOf().files.filter(({ text }) => lateNames(text).length > 0)) {
      expect(`${file.owner} ${file.mode}`, file.path).toBe('root 0600');
    }
  });

  it('installs before it starts, where it installs', () => {
    const names = (settings: Settings) => configOf(settings).services.map(({ name, after }) => [name, ...after]);
    expect(names({})).toEqual([['freeswitch-install'], ['freeswitch', 'freeswitch-install']]);
    expect(names({ install: 'image' })).toEqual([['freeswitch']]);
  });

  it('installs a package for every module that it loads', () => {
    const script = textsOf()[paths.install]!;
    for (const module of Object.keys(modules)) {
      expect(script).toMatch(new RegExp(`^  freeswitch-${module.replaceAll('_', '-')}( \\\\)?$`, 'm'));
    }
  });

  it('runs without root and without capabilities, and comes back always', () => {
    const daemon = configOf().services.find(({ name }) => name === 'freeswitch')!;
    expect(daemon).toMatchObject({
      user: 'freeswitch',
      capabilities: [],
      restart: 'always',
      before: [[paths.prepare]],
    });
  });

  it('writes to its own directories alone', () => {
    const daemon = configOf({ voicemailDirectory: '/mnt/voicemail' }).services.find(
      ({ name }) => name === 'freeswitch',
    )!;
    const own = [...daemon.runDirectories, ...daemon.stateDirectories];
    const named = daemon.command.filter(
      (word) => word.startsWith('/') && word !== '/usr/bin/stdbuf' && word !== paths.etc,
    );
    expect(named.length).toBeGreaterThan(5);
    for (const path of named)
      expect(
        own.some((directory) => `${path}/`.startsWith(`${directory}/`)),
        path,
      ).toBe(true);
    expect(own).toContain('/mnt/voicemail');
  });

  it('takes SIP from the SBCs and RTP from the media hosts, from nobody else', () => {
    expect(configOf().ports.map(({ name, peers }) => [name, peers])).toEqual([
      ['freeswitch-sip', [{ role: 'sbc' }, { ranges: ['100.64.0.10/32'] }]],
      ['freeswitch-rtp', [{ role: 'media' }]],
    ]);
  });

  it('has sockets for every session that it admits', () => {
    const daemon = configOf({ sessions: 1800 }).services.find(({ name }) => name === 'freeswitch')!;
    expect(daemon.openFiles).toBeGreaterThanOrEqual(1800 * 4);
  });
});
