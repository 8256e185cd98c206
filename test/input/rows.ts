/** Kinds of bad input: what is in the folder, what is asked for, and the one error that says what is wrong. */

/** A text, bytes, or something that is no file. */
export type Content = string | Buffer | 'FOLDER' | 'FIFO' | { readonly link: string };

export interface Row {
  readonly what: string;
  /** Beside those of the usual fleet, or in their place. */
  readonly files?: Readonly<Record<string, Content>>;
  /** `DIR` stands for the folder. */
  readonly args: readonly string[];
  /** What the error says, from its beginning. */
  readonly error: string;
  /** Errors that follow from it; none by default. */
  readonly more?: number;
  /** 2 by default, as everywhere but in `plan`, where 2 is something to do. */
  readonly status?: 1;
}

export const CELL = 'name: euw1-a\nregion: eu-west-1\n';
/** A section that names a target; it stands last, so that no line moves. */
export const TARGET = 'aws: {}\n';
export const PLANNING = 'kinds:\n  - region: eu-west-1\n    prefix: euw1-\n';
export const SCENARIO = 'name: short\ndays: 1\ntenants: 10\n';
const ESC = '\u001b';

const check = ['check', '--cells', 'DIR/cells'];
const plan = ['plan', '--cells', 'DIR/cells', '--planning', 'DIR/planning.yaml', '--now', '2026-03-02T09:00:00Z'];
const simulate = ['simulate', '--scenario', 'DIR/scenario.yaml', '--policy', 'reactive'];

/** A cell's file, which begins with two lines that are right. */
const cell = (what: string, text: string, error: string, more = 0): Row => ({
  what: `a cell with ${what}`,
  files: { 'cells/euw1-a.yaml': CELL + text },
  args: check,
  error: `DIR/cells/euw1-a.yaml:${error}`,
  more,
});

/** A cell's file as a whole. */
const cellFile = (what: string, content: Content, error: string, more = 0): Row => ({
  what: `a cell's file that is ${what}`,
  files: { 'cells/euw1-a.yaml': content },
  args: check,
  error: `DIR/cells/euw1-a.yaml:${error}`,
  more,
});

const front = (what: string, text: string, error: string): Row => ({
  what: `a front with ${what}`,
  files: { 'cells/front.yaml': text },
  args: check,
  error: `DIR/cells/front.yaml:${error}`,
});

const planning = (what: string, text: string, error: string, more = 0): Row => ({
  what: `planning.yaml with ${what}`,
  files: { 'planning.yaml': PLANNING + text },
  args: plan,
  error: `DIR/planning.yaml:${error}`,
  more,
  status: 1,
});

const beside = (what: string, name: string, content: Content, error: string, more = 0): Row => ({
  what: `${name} ${what}`,
  files: { [name]: content },
  args: plan,
  error: `DIR/${name}:${error}`,
  more,
  status: 1,
});

const scenario = (what: string, text: string, error: string): Row => ({
  what: `a scenario with ${what}`,
  files: { 'scenario.yaml': SCENARIO + text },
  args: simulate,
  error: `DIR/scenario.yaml:${error}`,
});

const HEADER = 'time,cell,tenant,resource,value\n';
const T = '2026-03-01T08:00:00Z';

const history = (what: string, name: string, content: Content, error: string, more = 0): Row => ({
  what: `a history with ${what}`,
  files: { [`history/${name}`]: content, 'planning.yaml': `${PLANNING}history: { files: [history/${name}] }\n` },
  args: plan,
  error: `DIR/history/${name}:${error}`,
  more,
  status: 1,
});
const csv = (what: string, lines: string, error: string, more = 0) =>
  history(what, 'a.csv', lines.startsWith('!') ? lines.slice(1) : HEADER + lines, error, more);
const ndjson = (what: string, lines: string, error: string) => history(`NDJSON with ${what}`, 'a.ndjson', lines, error);

const planFile = (what: string, content: Content, error: string, more = 0): Row => ({
  what: `a plan that is ${what}`,
  files: { 'plan.json': content },
  args: ['scale', 'euw1-a', '--cells', 'DIR/cells', '--plan', 'DIR/plan.json'],
  error: `DIR/plan.json:${error}`,
  more,
});

const option = (error: string, ...args: readonly string[]): Row => ({
  what: args.join(' '),
  args,
  error,
  ...(args[0] === 'plan' && { status: 1 as const }),
});

const number = (least: number, most: number) => `It must be a number from ${least} to ${most}.`;
const whole = (least: number, most: number) => `It must be a whole number from ${least} to ${most}.`;
const invalid = (flag: string, given: string, rest: string) =>
  `error: option '${flag}' argument '${given}' is invalid. ${rest}`;
const hosts = 'must be a whole number from 1 to 32; got';

const values: readonly Row[] = [
  cell(
    'a key that is not known',
    'netwrok: 10.16.0.0/20\n',
    '3:1 error netwrok: there is no such key; did you mean "network"?',
  ),
  cell('__proto__ as a key', '__proto__: { hosts: 1 }\n', '3:1 error ["__proto__"]: __proto__ is not a key'),
  cell(
    '__proto__ deep inside',
    'media: { __proto__: { hosts: 1 } }\n',
    '3:10 error media["__proto__"]: __proto__ is not a key',
  ),
  cell('__proto__ in quotes', "'__proto__': 1\n", '3:1 error ["__proto__"]: __proto__ is not a key'),
  cell('constructor as a key', 'constructor: 1\n', '3:1 error constructor: there is no such key'),
  cell('toString as a key', 'media: { toString: 1 }\n', '3:10 error media.toString: there is no such key'),
  cell('hasOwnProperty as a key', 'hasOwnProperty: 1\n', '3:1 error hasOwnProperty: there is no such key'),
  cell('a number too large', 'media: { hosts: 33 }\n', `3:10 error media.hosts: ${hosts} 33`),
  cell('a number too small', 'media: { hosts: 0 }\n', `3:10 error media.hosts: ${hosts} 0`),
  cell('a negative number', 'media: { hosts: -1 }\n', `3:10 error media.hosts: ${hosts} -1`),
  cell('a fraction', 'media: { hosts: 4.5 }\n', `3:10 error media.hosts: ${hosts} 4.5`),
  cell('a huge number', 'media: { hosts: 1e99 }\n', `3:10 error media.hosts: ${hosts} 1e99`),
  cell(
    'twenty digits',
    'media: { hosts: 99999999999999999999 }\n',
    `3:10 error media.hosts: ${hosts} 99999999999999999999`,
  ),
  cell('not a number', 'media: { hosts: .nan }\n', `3:10 error media.hosts: ${hosts} .nan`),
  cell('infinity', 'media: { hosts: .inf }\n', `3:10 error media.hosts: ${hosts} .inf`),
  cell('a quoted number', 'media: { hosts: "4" }\n', `3:10 error media.hosts: ${hosts} "4" (a quoted string)`),
  cell(
    'a number in single quotes',
    "media: { hosts: '4' }\n",
    `3:10 error media.hosts: ${hosts} "4" (a quoted string)`,
  ),
  cell(
    'a quoted boolean',
    'media: { rtcpMux: "true" }\n',
    '3:10 error media.rtcpMux: must be true or false; got "true" (a quoted string)',
  ),
  cell(
    'yes for true',
    'media: { rtcpMux: yes }\n',
    '3:10 error media.rtcpMux: must be true or false; got yes (a string)',
  ),
  cell(
    'a number for a boolean',
    'media: { rtcpMux: 1 }\n',
    '3:10 error media.rtcpMux: must be true or false; got 1 (a number)',
  ),
  cell('a word for a number', 'media: { hosts: four }\n', `3:10 error media.hosts: ${hosts} four (a string)`),
  cell('a number with a unit', 'media: { hosts: 4 hosts }\n', `3:10 error media.hosts: ${hosts} 4 hosts (a string)`),
  cell(
    'a number with separators',
    'media: { relay: { calls: 1_000 } }\n',
    '3:19 error media.relay.calls: must be a whole number from 1 to 20000; got 1_000 (a string)',
  ),
  cell('a boolean for a number', 'media: { hosts: true }\n', `3:10 error media.hosts: ${hosts} true (a boolean)`),
  cell('null for a number', 'media: { hosts: null }\n', `3:10 error media.hosts: ${hosts} null, which is not a value`),
  cell('a tilde for a number', 'media: { hosts: ~ }\n', `3:10 error media.hosts: ${hosts} ~, which is not a value`),
  cell('an empty number', 'media:\n  hosts:\n', `4:3 error media.hosts: ${hosts} nothing: the key has no value`),
  cell('an empty group', 'media:\n', '3:1 error media: must be a mapping with the keys hosts, kernelForwarding'),
  cell(
    'an empty word',
    'size:\n',
    '3:1 error size: must be test, small or standard; got nothing: the key has no value',
  ),
  cell(
    'a word in capitals',
    'size: SMALL\n',
    '3:1 error size: must be test, small or standard; got SMALL; did you mean "small"?',
  ),
  cell('an empty text', "size: ''\n", '3:1 error size: must be test, small or standard; got ""'),
  cell('blanks for a text', "size: '  '\n", '3:1 error size: must be test, small or standard; got "  "'),
  cell('a blank behind a word', "size: 'small '\n", '3:1 error size: must be test, small or standard; got "small "'),
  cell('a list for a number', 'media: { hosts: [1, 2] }\n', `3:10 error media.hosts: ${hosts} a list of 2`),
  cell(
    'keys for a number',
    'media: { hosts: { a: 1 } }\n',
    `3:10 error media.hosts: ${hosts} a mapping with the keys a`,
  ),
  cell('an empty mapping for a number', 'media: { hosts: {} }\n', `3:10 error media.hosts: ${hosts} an empty mapping`),
  cell('a list for keys', 'media:\n  - hosts: 4\n', '3:1 error media: must be a mapping with the keys hosts'),
  cell('a word for keys', 'media: large\n', '3:1 error media: must be a mapping with the keys hosts'),
  cell('a word for a list', 'tenants: acme\n', '3:1 error tenants: must be a list: each a mapping with the keys name'),
  cell(
    'words for a list of keys',
    'tenants:\n  - acme\n',
    '4:5 error tenants[0]: must be a mapping with the keys name',
  ),
  cell(
    'a list that is too short',
    'aws: { zones: [a] }\n',
    '3:8 error aws.zones: must be a list: 2 to 4, each the letter of a zone, a to f; got a list of 1',
  ),
  cell(
    'a list that is too long',
    'aws: { zones: [a, b, c, d, e] }\n',
    '3:8 error aws.zones: must be a list: 2 to 4, each the letter of a zone, a to f; got a list of 5',
  ),
  cell(
    'a wrong entry of a list',
    'aws: { zones: [a, z] }\n',
    '3:19 error aws.zones[1]: must be the letter of a zone, a to f; got z',
  ),
  cell(
    'a word that is not there',
    'size: standrad\n',
    '3:1 error size: must be test, small or standard; got standrad; did you mean "standard"?',
  ),
  cell(
    'capitals',
    'size: Small\n',
    '3:1 error size: must be test, small or standard; got Small; did you mean "small"?',
  ),
  cell(
    'a network that is none',
    'network: 10.16.0.0\n',
    '3:1 error network: must be an IPv4 range, for example 10.16.0.0/20; got 10.16.0.0',
  ),
  cell(
    'a version without quotes',
    'aws: { database: { version: 15.10 } }\n',
    '3:20 error aws.database.version: 15.10 without quotes is a number',
  ),
  cell(
    'a number with a leading zero',
    'media: { hosts: 04 }\n',
    '3:10 error media.hosts: 04 without quotes is a number that begins with 0, which YAML 1.1 and 1.2 read differently; allowed: 4',
  ),
  cell(
    'a boolean for a text',
    'aws: { image: true }\n',
    '3:8 error aws.image: must be an AMI id, for example ami-0abcdef1234567890; got true (a boolean)',
  ),
  cell(
    'an address that is none',
    'aws: { alarmEmails: [ops] }\n',
    '3:22 error aws.alarmEmails[0]: must be an e-mail address; got ops',
  ),
  cell(
    'an address with a leading zero',
    'network: 10.06.0.0/20\n',
    '3:1 error network: must be an IPv4 range, for example 10.16.0.0/20; got 10.06.0.0/20',
  ),
  cell(
    'a URL that is none',
    'media: { freeswitch: { configurationService: "ftp://a" } }\n',
    '3:24 error media.freeswitch.configurationService: must be an http or https address; got ftp://a',
  ),
  cell(
    'a value of a thousand characters',
    `size: ${'x'.repeat(1000)}\n`,
    `3:1 error size: must be test, small or standard; got ${'x'.repeat(120)}… (1000 characters)`,
  ),
  cell(
    'a terminal escape in quotes',
    'size: "\\e[2Jgone"\n',
    '3:7 error size: the value has the control character \\x1b',
  ),
  cell(
    'an escape in a name',
    'tenants: [{ name: "a\\x07b", domain: a.example.com }]\n',
    '3:19 error tenants[0].name: the value has the control character \\x07',
  ),
  cell(
    'a reversed direction of writing',
    'size: "\\u202Esmall"\n',
    '3:7 error size: the value has the control character \\u{202e}',
  ),
  cell('half a character', 'size: "\\uD800"\n', '3:1 error size: must be test, small or standard; got '),
  cell('a raw terminal escape', `size: ${ESC}[31mred\n`, '3:7 error: there is the control character \\x1b'),
  cell('a bell in a comment', '# \u0007\n', '3:3 error: there is the control character \\x07'),
  cell('an escape in a key', '"\\e[31m": 1\n', '3:1 error ["\\u001b[31m"]: there is no such key'),
  cell('a merge key', 'media: &m { hosts: 2 }\nredis: { <<: *m }\n', '4:10 error: there is a merge key (<<)'),
  cell(
    'an alias without an anchor',
    'tenants:\n  - name: acme\n    domain: acme.example.com\n    dids: { "+442079460100": *43 }\n',
    '6:30 error tenants[0].dids["+442079460100"]: *43 without quotes is a YAML alias',
  ),
  cell('an alias in itself', 'media: &m { hosts: *m }\n', '3:20 error: the alias *m is inside the value that it names'),
  cell(
    'aliases of aliases',
    `l0: &l0 [x]\n${Array.from({ length: 9 }, (_, n) => `l${n + 1}: &l${n + 1} [${Array(9).fill(`*l${n}`).join(', ')}]\n`).join('')}`,
    '1:1 error: aliases stand for too much',
  ),
  cell('a tag', 'size: !!binary c21hbGw=\n', '3:16 error: there is the tag !!binary'),
  cell(
    'a tag of its own',
    'size: !size small\n',
    '3:7 error: invalid YAML: unresolved tag: !size; allowed: values without tags',
  ),
  cell(
    'deep brackets',
    `size: ${'['.repeat(60)}${']'.repeat(60)}\n`,
    '3:56 error: values are nested more than 50 levels deep',
  ),
  cell('very deep brackets', `size: ${'['.repeat(20_000)}${']'.repeat(20_000)}\n`, '3:'),
  cell('deep indentation', Array.from({ length: 60 }, (_, n) => `${'  '.repeat(n)}k:\n`).join(''), '53:'),
  cell('a key twice', 'size: small\nsize: small\n', '4:1 error size: the key is given twice'),
  cell('a list as a key', '? [a]\n: b\n', '3:3 error: the key ["a"] is not a word'),
  cell(
    'a tab for indentation',
    'media:\n\thosts: 2\n',
    '4:1 error: invalid YAML: tabs are not allowed as indentation; allowed: spaces',
  ),
  cell('an open bracket', 'zones: [a, b\n', '4:1 error: invalid YAML: flow sequence in block collection must be'),
  cell(
    'an open quote',
    'size: "small\n',
    '4:1 error: invalid YAML: missing closing "quote; allowed: every quote and bracket closed',
  ),
  cell(
    'a colon in a word',
    'size: a: b\n',
    '3:7 error: invalid YAML: nested mappings are not allowed in compact mappings',
  ),
  cell(
    'a line that is no key',
    'small\n',
    '3:1 error: invalid YAML: implicit map keys need to be followed by map values',
  ),
  cell(
    'a percent sign first',
    'size: %small\n',
    '3:7 error: invalid YAML: plain value cannot start with directive indicator character %; allowed: a text that begins so in quotes',
  ),
  cell(
    'an at sign first',
    'size: @small\n',
    '3:7 error: invalid YAML: plain value cannot start with reserved character @',
  ),
  cell(
    'two documents',
    '---\nname: b\n',
    '3:1 error: a second document begins after ---; allowed: one document a file',
  ),
  cell(
    'a name that is a number',
    'tenants: [{ name: 12, domain: a.example.com }]\n',
    "3:13 error tenants[0].name: 12 without quotes is a number; allowed: '12' in quotes",
  ),
  cell(
    'a number that is not E.164',
    'tenants: [{ name: a, domain: a.example.com, dids: { "020": b } }]\n',
    '3:53 error tenants[0].dids["020"]: the key must be an E.164 number, for example +4930123456; got 020',
  ),
  cell(
    'a rule between values',
    'tenants: [{ name: a, domain: a.example.com, trunks: [b] }]\n',
    '3:54 error tenants[0].trunks[0]: a names the trunk b, which is not there',
  ),
];

const files: readonly Row[] = [
  cellFile('empty', '', '1:1 error name: is missing', 1),
  cellFile('a comment', '# later\n', '1:1 error name: is missing', 1),
  cellFile('a list', '- a\n', '1:1 error: must be a mapping with the keys name, region'),
  cellFile('a word', 'hello\n', '1:1 error: must be a mapping with the keys name, region'),
  cellFile('a number', '42\n', '1:1 error: must be a mapping with the keys name, region'),
  cellFile('without a region', 'name: euw1-a\n', '1:1 error region: is missing; allowed: 1 to 32 lower-case letters'),
  cellFile('of an older YAML', `%YAML 1.1\n---\n${CELL}`, '1:1 error: %YAML 1.1 is another version; allowed: YAML 1.2'),
  cellFile(
    'of a newer YAML',
    `%YAML 9.9\n---\n${CELL}`,
    '1:7 error: invalid YAML: unsupported YAML version 9.9; allowed: YAML 1.2',
  ),
  cellFile(
    'with carriage returns for ends of lines',
    CELL.replaceAll('\n', '\r'),
    '1:13 error: the line ends with a carriage return alone; allowed: a line feed at the end of each line',
  ),
  cellFile('a folder', 'FOLDER', '1:1 error: this is a folder; allowed: a YAML file'),
  cellFile('a named pipe', 'FIFO', '1:1 error: this is a named pipe (FIFO); allowed: a YAML file'),
  cellFile(
    'a dangling link',
    { link: 'nowhere.yaml' },
    '1:1 error: this is a link to nowhere.yaml, which is not there; allowed: a YAML file',
  ),
  cellFile(
    'a link to itself',
    { link: 'euw1-a.yaml' },
    '1:1 error: this is a link that leads in a circle (to euw1-a.yaml); allowed: a YAML file',
  ),
  cellFile('a link to a device', { link: '/dev/zero' }, '1:1 error: this is a device; allowed: a YAML file'),
  cellFile(
    'in UTF-16 with a mark',
    Buffer.from(`\ufeff${CELL}`, 'utf16le'),
    '1:1 error: the text is in UTF-16; allowed: text in UTF-8',
  ),
  cellFile(
    'in UTF-16 without a mark',
    Buffer.from(CELL, 'utf16le'),
    '1:1 error: the text is in UTF-16; allowed: text in UTF-8',
  ),
  cellFile(
    'in UTF-16, big-endian',
    Buffer.from(`\ufeff${CELL}`, 'utf16le').swap16(),
    '1:1 error: the text is in UTF-16; allowed: text in UTF-8',
  ),
  cellFile(
    'binary',
    Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 9, 9, 9]),
    '1:1 error: this is a binary file: it has NUL bytes',
  ),
  cellFile(
    'in Latin-1, whose last letter breaks off before the end of the line',
    Buffer.from(`${CELL}# caf\xe9\n`, 'latin1'),
    '3:1 error: the byte 0xe9 is not UTF-8',
  ),
  cellFile(
    'in UTF-32',
    Buffer.from([0xff, 0xfe, 0, 0, 0x6e, 0, 0, 0]),
    '1:1 error: the text is in UTF-32; allowed: text in UTF-8',
  ),
  cell(
    'blanks that are not spaces for indentation',
    'media: { hosts: 4 }\n\u00a0\u00a0size: small\n',
    '4:1 error ["\\xa0\\xa0size"]: there is no such key; did you mean "size"?',
  ),
  cellFile('in Latin-1', Buffer.from(`${CELL}# Gr\xfc\xdfe\n`, 'latin1'), '3:1 error: the byte 0xfc is not UTF-8'),
  cellFile('with a NUL byte', `${CELL}size: s\0\n`, '3:1 error: this is a binary file: it has NUL bytes'),
  cellFile(
    'cut within a character',
    Buffer.from(`${CELL}# ü`).subarray(0, -1),
    '3:1 error: the byte 0xc3 is not UTF-8',
  ),
  {
    what: "a cell's file that ends in .yml",
    files: { 'cells/b.yml': 'name: b\nregion: eu-west-1\nnetwork: 10.32.0.0/20\n' },
    args: check,
    error: "DIR/cells/b.yml:1:1 error: the file's name ends in .yml; allowed: b.yaml",
  },
  {
    what: "a cell's file that ends in .YAML",
    files: { 'cells/b.YAML': 'name: b\nregion: eu-west-1\nnetwork: 10.32.0.0/20\n' },
    args: check,
    error: "DIR/cells/b.YAML:1:1 error: the file's name ends in .YAML; allowed: b.yaml",
  },
  {
    what: 'a front that ends in .yml',
    files: { 'cells/front.yml': 'domain: v.example.com\nregions: [{ region: eu-west-1, network: 10.15.0.0/24 }]\n' },
    args: check,
    error: "DIR/cells/front.yml:1:1 error: the file's name ends in .yml; allowed: front.yaml",
  },
  {
    what: 'a file name with a terminal escape',
    files: { [`cells/a${ESC}[2J.yaml`]: 'region: eu-west-1\n' },
    args: check,
    error: 'DIR/cells/a\\x1b[2J.yaml:1:1 error name: is missing',
    more: 1,
  },
  {
    what: 'a cell under another name',
    files: { 'cells/b.yaml': 'name: c\nregion: eu-west-1\nnetwork: 10.32.0.0/20\n' },
    args: check,
    error: 'DIR/cells/b.yaml:1:1 error name: the cell c is in the file b.yaml',
  },
  front('no regions', 'domain: voice.example.com\n', '1:1 error regions: is missing'),
  front(
    'a quoted number',
    'domain: v.example.com\nregions: [{ region: eu-west-1, network: 10.15.0.0/24, edges: "2" }]\n',
    '2:55 error regions[0].edges: must be a whole number from',
  ),
  {
    what: 'a folder of cells that is not there',
    args: ['check', '--cells', 'DIR/no'],
    error:
      'cellstamp: DIR/no:1:1 error: there is no such folder; allowed: a folder with a file NAME.yaml for every cell (--cells)',
  },
  {
    what: 'a folder of cells that is a file',
    args: ['check', '--cells', 'DIR/planning.yaml'],
    error: 'cellstamp: DIR/planning.yaml:1:1 error: this is a file; allowed: a folder',
  },
  {
    what: 'a folder of cells below a file',
    args: ['check', '--cells', 'DIR/planning.yaml/x'],
    error: 'cellstamp: DIR/planning.yaml/x:1:1 error: a part of the path is a file, not a folder',
  },
  {
    what: 'a folder without cells',
    files: { empty: 'FOLDER' },
    args: ['check', '--cells', 'DIR/empty'],
    error: 'cellstamp: DIR/empty:1:1 error: there are no cells here',
  },
  {
    what: 'a folder of cells without a name',
    args: ['check', '--cells', ''],
    error: "error: option '--cells <folder>' is empty; allowed: folder of the cells",
  },
  {
    what: 'a cell that is not there',
    args: ['capacity', 'nowhere', '--cells', 'DIR/cells'],
    error: 'cellstamp: there is no cell nowhere in DIR/cells; there are euw1-a',
  },
  {
    what: 'a cell in capitals',
    args: ['capacity', 'EUW1-A', '--cells', 'DIR/cells'],
    error: 'cellstamp: there is no cell EUW1-A in DIR/cells; did you mean "euw1-a"?; there are euw1-a',
  },
  {
    what: 'a cell that is nearly there',
    args: ['capacity', 'euw1-b', '--cells', 'DIR/cells'],
    error: 'cellstamp: there is no cell euw1-b in DIR/cells; did you mean "euw1-a"?; there are euw1-a',
  },
  {
    what: 'a cell named by a path',
    args: ['provision', '../cells/euw1-a', '--cells', 'DIR/cells'],
    error: 'cellstamp: there is no cell ../cells/euw1-a in DIR/cells',
  },
  {
    what: 'the customers of a cell without tenants',
    args: ['provision', 'euw1-a', '--cells', 'DIR/cells'],
    error:
      'cellstamp: the file of cell euw1-a has no tenants, so every tenant of the running cell would be deleted; add the tenants, or allow it with --delete-all-tenants',
  },
  {
    what: 'a target that is none',
    args: ['provision', 'euw1-a', '--target', 'azure'],
    error: "error: option '--target <target>' argument 'azure' is invalid. Allowed choices are local, aws, kubernetes.",
  },
];

const planner: readonly Row[] = [
  beside(
    'that is not there',
    'planning.yaml',
    { link: 'none' },
    '1:1 error: this is a link to none, which is not there',
  ),
  beside(
    'that is a folder',
    'planning.yaml',
    'FOLDER',
    '1:1 error: this is a folder; allowed: a file that names at least one kind of cell',
  ),
  beside('that is a named pipe', 'planning.yaml', 'FIFO', '1:1 error: this is a named pipe (FIFO)'),
  beside('that is binary', 'planning.yaml', Buffer.from([1, 0, 2]), '1:1 error: this is a binary file'),
  beside('that is empty', 'planning.yaml', '', '1:1 error kinds: is missing; allowed: a list: 1 to 200'),
  planning('a key that is not known', 'zonne: UTC\n', '4:1 error zonne: there is no such key; did you mean "zone"?'),
  planning('__proto__', '__proto__: 1\n', '4:1 error ["__proto__"]: __proto__ is not a key'),
  planning(
    '__proto__ for a cell',
    'cells: { __proto__: { costPerHour: 1 } }\n',
    '4:10 error cells["__proto__"]: __proto__ is not a key',
  ),
  planning(
    'a cell that is not there',
    'cells: { euw1-x: {} }\n',
    '4:10 error cells.euw1-x: there is no cell euw1-x; did you mean "euw1-a"?',
  ),
  planning(
    'a day that no month has',
    'stamps: [{ cell: a, started: 2026-02-30T00:00:00Z, ready: 2026-03-02T00:00:00Z }]\n',
    '4:21 error stamps[0].started: must be a day and a time that exist; got 2026-02-30T00:00:00Z',
  ),
  planning(
    'hour 25',
    'stamps: [{ cell: a, started: 2026-02-03T25:00:00Z, ready: 2026-03-02T00:00:00Z }]\n',
    '4:21 error stamps[0].started: must be a day and a time that exist; got 2026-02-03T25:00:00Z',
  ),
  planning(
    'the year 1970',
    'stamps: [{ cell: a, started: 1970-01-01T00:00:00Z, ready: 2026-03-02T00:00:00Z }]\n',
    '4:21 error stamps[0].started: must be in a year from 2000 to 2099, not in 1970; got 1970-01-01T00:00:00Z',
  ),
  planning(
    'the year 9999',
    'stamps: [{ cell: a, started: 2026-02-03T00:00:00Z, ready: 9999-12-31T00:00:00Z }]\n',
    '4:52 error stamps[0].ready: must be in a year from 2000 to 2099, not in 9999; got 9999-12-31T00:00:00Z',
  ),
  planning(
    'a time without its offset',
    'stamps: [{ cell: a, started: 2026-02-03 00:00, ready: 2026-03-02T00:00:00Z }]\n',
    '4:21 error stamps[0].started: must be a time with its offset, for example 2026-03-02T09:00:00Z; got 2026-02-03 00:00',
  ),
  planning(
    'a freeze that ends before it begins',
    'rollout: { freezes: [{ name: x, from: 2026-12-20, until: 2026-12-18 }] }\n',
    '4:51 error rollout.freezes[0].until: 2026-12-18 is before its first day, 2026-12-20; allowed: 2026-12-20 or later',
  ),
  planning(
    'a freeze from a day that no month has',
    'rollout: { freezes: [{ name: x, from: 2026-02-30, until: 2026-03-18 }] }\n',
    '4:33 error rollout.freezes[0].from: there is no day 2026-02-30; allowed: a day that exists',
  ),
  planning(
    'a black-out of the whole week',
    "rollout: { blackouts: [{ name: x, days: [mon, tue, wed, thu, fri, sat, sun], from: '00:00', until: '00:00' }] }\n",
    '4:12 error rollout.blackouts: they leave no minute of the week in which a cell may be begun; allowed: black-outs with time between them',
  ),
  planning(
    'a black-out on a day that is none',
    "rollout: { blackouts: [{ name: x, days: [mo], from: '00:00', until: '01:00' }] }\n",
    '4:42 error rollout.blackouts[0].days[0]: must be mon, tue, wed, thu, fri, sat or sun; got mo; did you mean "mon"?',
  ),
  planning(
    'a time of day that is none',
    "rollout: { blackouts: [{ name: x, days: [mon], from: '24:00', until: '01:00' }] }\n",
    '4:48 error rollout.blackouts[0].from: must be a time of day, 00:00 to 23:59; got 24:00',
  ),
  planning(
    'a bake that ends before it may',
    'history: { prometheus: { url: "http://127.0.0.1:9090" } }\nrollout: { bake: { minutes: 60, longestMinutes: 30 } }\n',
    '5:33 error rollout.bake.longestMinutes: 30 is less than the minutes that a cell bakes at least, 60; allowed: 60 or more',
  ),
  planning(
    'a bake that nothing can judge',
    'rollout: { bake: { minutes: 60 } }\n',
    '4:12 error rollout.bake: no Prometheus is named, which knows the calls of the cells; allowed: a bake with history.prometheus.url, or none',
  ),
  planning(
    'a gate that is no number',
    'history: { prometheus: { url: "http://127.0.0.1:9090" } }\nrollout: { bake: { gates: { mos: on } } }\n',
    '5:29 error rollout.bake.gates.mos: must be off or a number from 0.001 to 3.5; got on',
  ),
  planning('a zone that is none', 'zone: Europe/Berlim\n', '4:1 error zone: there is no time zone Europe/Berlim'),
  planning(
    'a quoted number',
    'rules: { lostMediaHosts: "1" }\n',
    '4:10 error rules.lostMediaHosts: must be a whole number from',
  ),
  planning(
    'a share above 1',
    'contracts: { processedShare: 1.5 }\n',
    '4:14 error contracts.processedShare: must be a number from 0 to 1; got 1.5',
  ),
  planning(
    'an odd step',
    'history: { stepMinutes: 7 }\n',
    '4:12 error history.stepMinutes: must be 5, 10, 15, 20, 30 or 60; got 7',
  ),
  planning(
    'a pattern without a match',
    'history: { files: [history/*.csv] }\n',
    '4:20 error history.files[0]: no file matches history/*.csv',
  ),
  planning(
    'a pattern in a folder',
    'history: { files: ["hist*/a.csv"] }\n',
    '4:20 error history.files[0]: no file matches hist*/a.csv; allowed: a pattern that matches a file; * stands for any part of the name, and in no folder',
  ),
  planning(
    'a history that is not there',
    'history: { files: [a.csv] }\n',
    '4:20 error history.files[0]: there is no file a.csv',
  ),
  planning(
    'an empty path',
    "calendar: ''\n",
    '4:1 error calendar: must be a path, relative to the folder of this file; got ""',
  ),
  planning(
    'a calendar that is not there',
    'calendar: days.yaml\n',
    '4:1 error calendar: DIR/days.yaml: there is no such file; allowed: a YAML file',
  ),
  planning(
    'a calendar that is a folder',
    'calendar: cells\n',
    '4:1 error calendar: DIR/cells: this is a folder; allowed: a YAML file',
  ),
  planning(
    'a state in no folder',
    'state: no/state.json\n',
    '4:1 error state: there is no folder no; allowed: a folder that is there',
  ),
  planning('a state that is a folder', 'state: cells\n', '4:1 error state: DIR/cells: this is a folder'),
  planning(
    'itself as the state',
    'state: planning.yaml\n',
    '4:1 error state: planning.yaml is this file too; allowed: a file of its own',
  ),
  planning(
    'one file for two',
    'audit: a.json\ndeploys: a.json\n',
    '4:1 error audit: a.json is deploys too; allowed: a file of its own',
  ),
  planning(
    'a secret that is written down',
    'history: { prometheus: { url: "http://127.0.0.1:1", auth: { bearer: abc } } }\n',
    '4:61 error history.prometheus.auth.bearer: must be a mapping with the keys env, file; got abc (a string)',
  ),
  planning(
    'a password in a URL',
    'history: { prometheus: { url: "http://a:b@127.0.0.1:1" } }\n',
    '4:26 error history.prometheus.url: the address holds a user name or a password',
  ),
  planning(
    'a kind twice',
    'waiting: [{ name: a, domain: a.example.com }, { name: a, domain: b.example.com }]\n',
    '4:49 error waiting[1].name: the tenant a is given twice',
  ),
  planning(
    'a number of another policy',
    'policy: { name: telecomRule, blocking: 0.1 }\n',
    '4:30 error policy.blocking: the policy telecomRule has no blocking',
  ),
  planning(
    'more media hosts to lose than there are',
    'rules: { lostMediaHosts: 8 }\n',
    '4:10 error rules.lostMediaHosts: 8 is more than the 4 media hosts of cell euw1-a; allowed: a whole number from 0 to 4',
  ),
  beside(
    'with a day that no month has',
    'calendar.yaml',
    'days: [{ date: 2026-02-30, kind: payday }]\n',
    '1:10 error days[0].date: there is no day 2026-02-30; allowed: a day that its month has',
  ),
  beside(
    'with the year 9999',
    'calendar.yaml',
    'days: [{ date: 9999-12-24, kind: payday }]\n',
    '1:10 error days[0].date: 9999-12-24 must be in a year from 2000 to 2099, not in 9999',
  ),
  beside(
    'with an unknown country',
    'calendar.yaml',
    'holidays: [{ country: XX }]\n',
    '1:14 error holidays[0].country: must be ',
  ),
  beside(
    'with an hour that clocks skip',
    'calendar.yaml',
    'events: [{ name: a, at: 2026-03-29 02:30, zone: Europe/Berlin, minutes: 60, people: 1 }]\n',
    '1:21 error events[0].at: 2026-03-29 02:30 does not exist in Europe/Berlin',
  ),
  beside(
    'with an event in 1970',
    'calendar.yaml',
    'events: [{ name: a, at: 1970-01-01 10:00, zone: UTC, minutes: 60, people: 1 }]\n',
    '1:21 error events[0].at: 1970-01-01 10:00 must be in a year from 2000 to 2099',
  ),
  beside(
    'that is not read',
    'calendar.yml',
    'days: []\n',
    "1:1 error: the file's name is calendar.yml; allowed: calendar.yaml",
  ),
  beside(
    'with a quoted number',
    'figures.yaml',
    'sbcSetups: { value: "300", source: here }\n',
    '1:14 error sbcSetups.value: must be a number from 0.1 to 100000; got "300" (a quoted string)',
  ),
  beside(
    'with an unknown figure',
    'figures.yaml',
    'sbcSetup: { value: 300, source: here }\n',
    '1:1 error sbcSetup: there is no such key; did you mean "sbcSetups"?',
  ),
  beside(
    'that is not what a plan left',
    'planning-state.json',
    '{"version": 2}\n',
    '1:2 error version: must be 1; got 2',
    3,
  ),
  beside('that was cut', 'planning-state.json', '{"version": 1, ', '1:1'),
  beside('that is binary', 'planning-state.json', Buffer.from([0, 1, 2]), '1:1 error: this is a binary file'),
  beside(
    'with a line that is no step',
    'planning-deploys.ndjson',
    '{"at":"2026-03-01T00:00:00Z","cell":"euw1-a","step":"ended"}\n',
    '1:1 error: {"at":"2026-03-01T00:00:00Z","cell":"euw1-a","step":"ended"} is not a step of a deployment',
  ),
  beside(
    'with a line of 9999',
    'planning-deploys.ndjson',
    '\n{"at":"9999-03-01T00:00:00Z","cell":"euw1-a","step":"began"}\n',
    '2:1 error: {"at":"9999',
  ),
  scenario('a key that is not known', 'growth: 2\n', '4:1 error growth: there is no such key'),
  scenario(
    'a quoted number',
    'seed: "1"\n',
    '4:1 error seed: must be a whole number from 0 to 4294967295; got "1" (a quoted string)',
  ),
  scenario(
    'a fraction of a day',
    'historyDays: 1.5\n',
    '4:1 error historyDays: must be a whole number from 1 to 365; got 1.5',
  ),
  scenario(
    'an hour after the end',
    'outages: [{ fromHour: 24, hours: 1 }]\n',
    '4:13 error outages[0].fromHour: hour 24 is after the 1 simulated day',
  ),
  scenario(
    'a region without tenants',
    'lostRegions: [{ region: af-south-1, fromHour: 1, hours: 1 }]\n',
    '4:17 error lostRegions[0].region: no tenant is in af-south-1',
  ),
  scenario(
    'a time zone that is none',
    'places: [{ zone: Mars/Phobos, country: DE, region: eu-central-1, share: 1 }]\n',
    '4:12 error places[0].zone: there is no time zone Mars/Phobos',
  ),
  scenario('a merge key', '<<: {}\n', '4:1 error: there is a merge key (<<)'),
  {
    what: 'a scenario that is a folder',
    args: ['simulate', '--scenario', 'DIR/cells'],
    error: 'cellstamp: DIR/cells:1:1 error: this is a folder; allowed: a scenario in YAML',
  },
  {
    what: 'a scenario that is a named pipe',
    files: { pipe: 'FIFO' },
    args: ['simulate', '--scenario', 'DIR/pipe'],
    error: 'cellstamp: DIR/pipe:1:1 error: this is a named pipe (FIFO)',
  },
];

const rows: readonly Row[] = [
  csv(
    'no header',
    `!${T},euw1-a,,relayedCalls,1\n`,
    `1:1 error: the first line is ${T},euw1-a,,relayedCalls,1; allowed: a first line that names the columns`,
  ),
  csv('nothing in it', '!', '1:1 error: the file is empty'),
  csv('a column too many', `${T},euw1-a,,relayedCalls,1,9\n`, '2:1 error: the line has 6 fields; allowed: 5'),
  csv(
    'semicolons',
    '!time;cell;tenant;resource;value\n',
    '1:1 error: the first line is time;cell;tenant;resource;value',
  ),
  csv(
    'a column twice',
    '!time,time,cell,resource,value\n',
    '1:1 error: the first line is time,time,cell,resource,value',
  ),
  csv(
    'NaN',
    `${T},euw1-a,,relayedCalls,NaN\n`,
    '2:1 error: the value NaN is not a number; allowed: a decimal number of 0 or more, or nothing where it is not known',
  ),
  csv('infinity', `${T},euw1-a,,relayedCalls,Infinity\n`, '2:1 error: the value Infinity is not a number'),
  csv('a negative value', `${T},euw1-a,,relayedCalls,-1\n`, '2:1 error: the value -1 is negative'),
  csv('a hexadecimal value', `${T},euw1-a,,relayedCalls,0x10\n`, '2:1 error: the value 0x10 is not a number'),
  csv('a value with a unit', `${T},euw1-a,,relayedCalls,5 calls\n`, '2:1 error: the value 5 calls is not a number'),
  csv('a decimal comma', `${T},euw1-a,,relayedCalls,"5,2"\n`, '2:1 error: the value 5,2 is not a number'),
  csv('1e999', `${T},euw1-a,,relayedCalls,1e999\n`, '2:1 error: the value 1e999 is too large'),
  csv(
    'a value beyond single precision',
    `${T},euw1-a,,relayedCalls,1e99\n`,
    '2:1 error: the value 1e99 is too large; allowed: a decimal number from 0 to 1000000000000000',
  ),
  csv(
    'an unknown resource',
    `${T},euw1-a,,relayedCals,1\n`,
    '2:1 error: there is no resource relayedCals; did you mean "relayedCalls"?',
  ),
  csv('no resource', `${T},euw1-a,,,1\n`, '2:1 error: there is no resource nothing'),
  csv('no name', `${T},,,relayedCalls,1\n`, '2:1 error: the line names neither a cell nor a tenant'),
  csv('no time', `,euw1-a,,relayedCalls,1\n`, '2:1 error: the time is missing'),
  csv(
    'a day that no month has',
    '2026-02-30T00:00:00Z,euw1-a,,relayedCalls,1\n',
    '2:1 error: the time 2026-02-30T00:00:00Z is not a time',
  ),
  csv(
    'the year 1970',
    '0,euw1-a,,relayedCalls,1\n',
    '2:1 error: the time 0 must be in a year from 2000 to 2099, not in 1970',
  ),
  csv(
    'the year 9999',
    '9999-01-01T00:00:00Z,euw1-a,,relayedCalls,1\n',
    '2:1 error: the time 9999-01-01T00:00:00Z must be in a year from 2000 to 2099, not in 9999',
  ),
  csv('milliseconds', '1772409600000,euw1-a,,relayedCalls,1\n', '2:1 error: the time 1772409600000 is in milliseconds'),
  csv(
    'a local time',
    '2026-03-01T08:00:00,euw1-a,,relayedCalls,1\n',
    '2:1 error: the time 2026-03-01T08:00:00 has no offset',
  ),
  csv(
    'an odd minute',
    '2026-03-01T08:01:00Z,euw1-a,,relayedCalls,1\n',
    '2:1 error: the time 2026-03-01T08:01:00Z is not a multiple of 5 minutes',
  ),
  csv(
    'two values for one time',
    `${T},euw1-a,,relayedCalls,1\n${T},euw1-a,,relayedCalls,2\n`,
    '3:1 error: relayedCalls of cell euw1-a at 2026-03-01T08:00:00.000Z is there already',
  ),
  csv(
    'a wrong value below a name of two lines',
    `${T},,"a\nb",relayedCalls,1\n${T},euw1-a,,relayedCalls,x\n`,
    '4:1 error: the value x is not a number',
  ),
  csv(
    'an open quote, and lines below it',
    `${T},,"a\nb",relayedCalls,1\n${T},"euw1-a,,relayedCalls,1\n${T},euw1-a,,relayedCalls,2\n`,
    '4:1 error: invalid CSV: Quote Not Closed: the parsing is finished with an opening quote; allowed',
  ),
  csv(
    'an offset that no clock has',
    '2026-03-01T08:00:00+99:00,euw1-a,,relayedCalls,1\n',
    '2:1 error: the time 2026-03-01T08:00:00+99:00 is not a time',
  ),
  csv('an open quote', `${T},"euw1-a,,relayedCalls,1\n`, '2:1 error: invalid CSV: '),
  csv('a terminal escape', `${T},euw1-a,,${ESC}[2J,1\n`, '2:1 error: there is no resource \\x1b[2J'),
  csv('a NUL byte', `${T},euw1-a\0,,relayedCalls,1\n`, '2:1 error: invalid CSV: there is a NUL byte'),
  csv('Latin-1', '', '2:1 error: invalid CSV: there is a byte that is not UTF-8'),
  history('UTF-16', 'a.csv', Buffer.from(`\ufeff${HEADER}`, 'utf16le'), '1:1 error: the text is in UTF-16'),
  history(
    'a folder for a file',
    'a.csv',
    'FOLDER',
    '1:1 error: this is a folder; allowed: a .csv, .ndjson or .parquet file',
  ),
  history(
    'a named pipe for a file',
    'a.csv',
    'FIFO',
    '1:1 error: this is a named pipe (FIFO); allowed: a .csv, .ndjson or .parquet file',
  ),
  history(
    'a dangling link for a file',
    'a.csv',
    { link: 'none.csv' },
    '1:1 error: this is a link to none.csv, which is not there',
  ),
  history(
    'another extension',
    'a.txt',
    HEADER,
    '1:1 error: the name ends in .txt; allowed: a name that ends in .csv, .ndjson or .parquet',
  ),
  history(
    'capitals in its extension',
    'a.CSV',
    HEADER,
    '1:1 error: the name ends in .CSV; allowed: a name that ends in .csv, .ndjson or .parquet',
  ),
  ndjson('a line that is not JSON', '{"time":\n', '1:1 error: the line is not JSON'),
  ndjson(
    'a number beyond all doubles',
    '{"time":"2026-03-01T08:00:00Z","cell":"euw1-a","resource":"relayedCalls","value":1e999}\n',
    '1:1 error: the value Infinity is too large; allowed: a decimal number from 0 to 1000000000000000',
  ),
  ndjson('a list', '[]\n', '1:1 error: the line is not an object'),
  ndjson('an unknown key', '{"time":0,"cel":"a"}\n', '1:1 error: there is no key cel'),
  ndjson('__proto__', '{"__proto__":1}\n', '1:1 error: there is no key __proto__'),
  ndjson(
    'a value in quotes that is no number',
    `{"time":"${T}","cell":"euw1-a","resource":"relayedCalls","value":"many"}\n`,
    '1:1 error: the value many is not a number',
  ),
  ndjson(
    'a list for a value',
    `{"time":"${T}","cell":"euw1-a","resource":"relayedCalls","value":[1]}\n`,
    '1:1 error: the value a list is not a number',
  ),
  ndjson(
    'a number for a cell',
    `{"time":"${T}","cell":1,"resource":"relayedCalls","value":1}\n`,
    '1:1 error: the line names neither a cell nor a tenant',
  ),
  ndjson('nothing in it', '', '1:1 error: the file is empty'),
  planFile('not there', { link: 'none' }, '1:1 error: this is a link to none, which is not there; allowed: what '),
  planFile('a folder', 'FOLDER', '1:1 error: this is a folder'),
  planFile('empty', '', '1:1 error: invalid JSON: Unexpected end of JSON input'),
  planFile('cut', '{\n  "version": 1,\n', '3:1 error: invalid JSON: Expected double-quoted property name'),
  planFile('the text of a plan', 'Plan of 2026\n', '1:1'),
  planFile('in UTF-16, as some shells write', Buffer.from('\ufeff{}', 'utf16le'), '1:1 error: the text is in UTF-16'),
  planFile('an empty list', '[]', '1:1 error: this is not a plan; allowed: what `npx cellstamp plan --json` prints'),
  planFile('of another version', '{\n  "version": 2\n}\n', '2:3 error: this is not a plan'),
  planFile(
    'with a wrong moment and nothing else',
    '{ "version": 1, "now": "tomorrow" }\n',
    '1:1 error policy: is missing; allowed: a mapping of keys to values',
    9,
  ),
  {
    what: 'a history to replay that is not there',
    args: ['simulate', '--history', 'DIR/no.csv'],
    error: 'cellstamp: DIR/no.csv:1:1 error: there is no such file',
  },
  {
    what: 'a history to replay over a century',
    files: {
      'a.csv': `time,tenant,resource,value\n2001-01-01T00:00:00Z,a,relayedCalls,1\n2026-01-01T00:00:00Z,a,relayedCalls,1\n`,
    },
    args: ['simulate', '--history', 'DIR/a.csv'],
    error: 'cellstamp: DIR/a.csv:1:1 error: ',
  },
  {
    what: 'a history to replay of one line',
    files: { 'a.csv': `time,tenant,resource,value\n${T},a,relayedCalls,1\n` },
    args: ['simulate', '--history', 'DIR/a.csv'],
    error: 'cellstamp: DIR/a.csv:1:1 error: the file has no two times',
  },
];

const now = (given: string, rest: string) =>
  option(`error: option '--now <time>' argument '${given}' is invalid. It must ${rest}`, 'plan', '--now', given);

const options: readonly Row[] = [
  option("error: unknown command 'chekc'", 'chekc'),
  option("error: unknown command '\\x1b[2J'", `${ESC}[2J`),
  option("error: unknown option '--jsno'", 'check', '--jsno'),
  option("error: too many arguments for 'check'", 'check', 'euw1-a'),
  option("error: missing required argument 'cell'", 'customers'),
  option("error: option '--cells <folder>' argument missing", 'check', '--cells'),
  option("error: required option '--region <region>' not specified", 'stamp', 'a'),
  option("error: required option '--to <cell>' not specified", 'tenant', 'move', 'acme'),
  option(
    'cellstamp: --front is f; with --target aws the front is that of front.yaml in cells',
    ...['tenant', 'move', 'acme', '--to', 'a', '--target', 'aws', '--front', 'f'],
  ),
  option(
    'cellstamp: there is no front (front.yaml) in DIR/cells',
    ...['tenant', 'move', 'acme', '--to', 'a', '--target', 'aws', '--cells', 'DIR/cells'],
  ),
  option(invalid('--lost-media-hosts <n>', 'x', whole(0, 32)), 'capacity', '--lost-media-hosts', 'x'),
  option(invalid('--lost-media-hosts <n>', '1.5', whole(0, 32)), 'capacity', '--lost-media-hosts', '1.5'),
  option(
    'cellstamp: --lost-media-hosts is 9, and cell euw1-a has 4 media hosts; it must be a whole number from 0 to 4',
    'capacity',
    '--cells',
    'DIR/cells',
    '--lost-media-hosts',
    '9',
  ),
  option(
    'cellstamp: DIR/no.yaml:1:1 error: there is no such file',
    'capacity',
    '--cells',
    'DIR/cells',
    '--figures',
    'DIR/no.yaml',
  ),
  option(
    'cellstamp: DIR/cells:1:1 error: this is a folder',
    'capacity',
    '--cells',
    'DIR/cells',
    '--figures',
    'DIR/cells',
  ),
  option(invalid('--calls <n>', 'x', whole(0, 1_000_000)), 'cost', '--calls', 'x'),
  option(invalid('--minutes <n>', '1e9', whole(0, 44_640_000_000)), 'cost', '--minutes', '1e9'),
  option(invalid('--tenants <n>', '0', whole(1, 1000)), 'cost', '--tenants', '0'),
  option('cellstamp: there is no front (front.yaml) in DIR/cells', ...['cost', 'front', '--cells', 'DIR/cells']),
  option(invalid('--calls <n>', '0', whole(1, 100_000)), 'call', '--calls', '0'),
  option(invalid('--calls <n>', '1e3', whole(1, 100_000)), 'call', '--calls', '1e3'),
  option(invalid('--calls <n>', '0x10', whole(1, 100_000)), 'call', '--calls', '0x10'),
  option(invalid('--calls <n>', ' 5', whole(1, 100_000)), 'call', '--calls', ' 5'),
  option(invalid('--calls <n>', '\\x1b[2J', whole(1, 100_000)), 'call', '--calls', `${ESC}[2J`),
  option(invalid('--rate <n>', 'fast', number(0.1, 1000)), 'call', '--rate', 'fast'),
  option(invalid('--rate <n>', 'NaN', number(0.1, 1000)), 'call', '--rate', 'NaN'),
  option(invalid('--hold <seconds>', '-1', number(0.5, 3600)), 'call', '--hold', '-1'),
  option(invalid('--hold <seconds>', '', number(0.5, 3600)), 'call', '--hold', ''),
  option(
    "error: option '--kind <kinds...>' argument 'fax' is invalid. Allowed choices are registered, carrier-in, carrier-out, echo.",
    'call',
    '--kind',
    'fax',
  ),
  option('cellstamp: --to needs --caller', 'call', '--to', 'sip.example.com'),
  option(
    'cellstamp: --caller is alice; it must be like sip:alice@acme.example.com',
    'call',
    '--to',
    'a',
    '--caller',
    'alice',
    '--kind',
    'echo',
  ),
  option(invalid('--lines <n>', '0', whole(1, 1_000_000)), 'logs', 'sbc-1', '--lines', '0'),
  option(
    "error: command-argument value 'north' is invalid for argument 'place'. " + whole(1, 99),
    'local',
    'reroute',
    'north',
  ),
  option(
    "error: command-argument value 'renew' is invalid for argument 'step'. It must be add, use, drop.",
    'edge-keys',
    'renew',
    '--stdin',
  ),
  option('cellstamp: use takes the id of a key', 'edge-keys', 'use', '--stdin'),
  option(invalid('--days <n>', '366', whole(1, 365)), 'simulate', '--days', '366'),
  option(invalid('--seed <n>', '-1', whole(0, 4_294_967_295)), 'simulate', '--seed', '-1'),
  option(
    "error: option '--policy <names...>' argument 'best' is invalid. Allowed choices are gradeOfService",
    'simulate',
    '--policy',
    'best',
  ),
  option('cellstamp: nothing to simulate: give --scenario FILE, --history FILE or both', 'simulate'),
  option(
    'cellstamp: --html is DIR/no/a.html: there is no folder DIR/no; allowed: the name of a file that can be written',
    'simulate',
    '--scenario',
    'DIR/scenario.yaml',
    '--html',
    'DIR/no/a.html',
  ),
  option(
    'cellstamp: --html is DIR: this is a folder; allowed: the name of a file that can be written',
    'simulate',
    '--scenario',
    'DIR/scenario.yaml',
    '--html',
    'DIR',
  ),
  now('2026-03-02', 'be a time with its offset, for example 2026-03-02T09:00:00Z'),
  now('2026-03-02T00:00:00+99:00', 'be a day and a time that exist'),
  now('2026-03-02T00:00:00-00:75', 'be a day and a time that exist'),
  now('2026-02-30T00:00:00Z', 'be a day and a time that exist'),
  now('1970-01-01T00:00:00Z', 'be in a year from 2000 to 2099, not in 1970'),
  now('9999-01-01T00:00:00Z', 'be in a year from 2000 to 2099, not in 9999'),
  now('tomorrow', 'be a time with its offset'),
  option(
    'cellstamp: --html is DIR/no/plan.html: there is no folder DIR/no; allowed:',
    'plan',
    '--html',
    'DIR/no/plan.html',
  ),
  option(
    "error: option '--policy <name>' argument 'best' is invalid. Allowed choices are gradeOfService",
    'plan',
    '--policy',
    'best',
  ),
  option(
    'cellstamp: there is a cell euw1-a already (DIR/cells/euw1-a.yaml)',
    'stamp',
    'euw1-a',
    '--region',
    'eu-west-1',
    '--cells',
    'DIR/cells',
  ),
  option(
    "cellstamp: cell EUW1 can't be stamped, and nothing was written:\nname: must be 1 to 20 lower-case letters",
    'stamp',
    'EUW1',
    '--region',
    'eu-west-1',
    '--cells',
    'DIR/cells',
  ),
  option(
    "error: option '--size <size>' argument 'huge' is invalid. Allowed choices are test, small, standard.",
    'stamp',
    'b',
    '--region',
    'eu-west-1',
    '--size',
    'huge',
  ),
  option(
    "error: command-argument value 'ended' is invalid for argument 'step'. Allowed choices are began, proved, failed.",
    'deployed',
    'euw1-a',
    'ended',
  ),
  option(
    'cellstamp: DIR/no.yaml:1:1 error: there is no such file',
    'deployed',
    'euw1-a',
    'began',
    '--cells',
    'DIR/cells',
    '--planning',
    'DIR/no.yaml',
  ),
  option(
    'cellstamp: http://:1:1 error: this is not the address of a server; allowed: an http or https address of a server',
    'measure',
    '--prometheus',
    'http://',
    '--figures',
    'DIR/f.yaml',
  ),
  option(
    'cellstamp: ftp://a:1:1 error: this is not the address of a server',
    'measure',
    '--prometheus',
    'ftp://a',
    '--figures',
    'DIR/f.yaml',
  ),
  option('cellstamp: nonsense is not a commit of this repository; give the commit', 'rollout', 'waves', 'nonsense'),
  option(
    'cellstamp: there is no cell nowhere in cells; there are ',
    ...['rollout', 'cell', 'nowhere', '--before', 'HEAD'],
  ),
  option(
    'cellstamp: --figures is DIR/no/figures.yaml: there is no folder DIR/no; allowed:',
    'measure',
    '--figures',
    'DIR/no/figures.yaml',
  ),
];

const expose = (given: string, error: string, ...more: readonly string[]) =>
  option(error, 'up', 'euw1-a', '--cells', 'DIR/cells', ...more, '--expose', given);

/** Where phones of the local network reach a cell. */
const exposed: readonly Row[] = [
  expose('nowhere', 'cellstamp: --expose is nowhere: this machine has no such address or interface; allowed: '),
  expose('0.0.0.0', 'cellstamp: --expose is 0.0.0.0: this machine has no such address or interface; allowed: '),
  expose('127.0.0.1', 'cellstamp: --expose is 127.0.0.1: this machine has no such address or interface; allowed: '),
  expose('lo', 'cellstamp: --expose is lo: this machine has no such address or interface; allowed: '),
  expose('lo', 'cellstamp: --expose is for a cell without a front', '--front'),
];

const empty = (what: string, ...args: readonly string[]) => option(`error: ${what} is empty; allowed: `, ...args);

/** Variables of a shell that are not set. */
const emptyWords: readonly Row[] = [
  empty("argument 'cell'", 'down', ''),
  empty("argument 'cell'", 'up', ''),
  empty("argument 'cell'", 'status', ''),
  empty("argument 'cells'", 'capacity', 'euw1-a', ''),
  empty("argument 'cells'", 'cost', 'euw1-a', ''),
  empty("argument 'host'", 'logs', ''),
  empty("argument 'commit'", 'rollout', 'waves', ''),
  empty("argument 'tenant'", 'tenant', 'move', '', '--to', 'euw1-a'),
  empty("argument 'id'", 'edge-keys', 'use', '', '--stdin'),
  empty("option '--region <region>'", 'stamp', 'b', '--region', '', '--cells', 'DIR/cells'),
  empty("option '--planning <file>'", 'plan', '--planning', ''),
  empty("option '--to <sbc>'", 'call', '--to', ''),
  empty("option '--html <file>'", 'simulate', '--html='),
  empty("option '--plan <file>'", 'scale', 'euw1-a', '--plan', ''),
  empty("option '--tenant <tenant>'", 'calls', 'end', '--tenant', '', 'a'),
];

const place = (what: string, content: Content, error: string, path = 'page'): Row => ({
  what: `a page that is to be written to ${what}`,
  files: { page: content },
  args: ['simulate', '--scenario', 'DIR/scenario.yaml', '--html', `DIR/${path}`],
  error: `cellstamp: --html is DIR/${path}: ${error}; allowed: the name of a file that can be written`,
});

/** Where something is to be written. */
const places: readonly Row[] = [
  place('a named pipe', 'FIFO', 'this is a named pipe (FIFO)'),
  place('a dangling link', { link: 'no/page.html' }, 'this is a link to no/page.html, which is not there'),
  place('a link to itself', { link: 'page' }, 'this is a link that leads in a circle (to page)'),
  place('a name below a file', 'text', 'a part of the path is a file, not a folder', 'page/a.html'),
  ...[
    { what: 'a dangling link', folder: { link: 'nowhere' }, error: 'this is a link to nowhere, which is not there' },
    { what: 'a link to itself', folder: { link: 'fleet' }, error: 'this is a link that leads in a circle (to fleet)' },
    { what: 'a named pipe', folder: 'FIFO' as const, error: 'this is a named pipe (FIFO)' },
    { what: 'a file', folder: 'text', error: 'this is a file' },
  ].map(({ what, folder, error }) => ({
    what: `a cell that is to be stamped into ${what}`,
    files: { fleet: folder },
    args: ['stamp', 'b', '--region', 'eu-west-1', '--cells', 'DIR/fleet'],
    error: `cellstamp: DIR/fleet:1:1 error: ${error}; allowed: a folder with a file NAME.yaml for every cell (--cells)`,
  })),
  {
    what: 'histories in a folder that is a link to itself',
    files: { loop: { link: 'loop' }, 'planning.yaml': `${PLANNING}history: { files: [loop/*.csv] }\n` },
    args: plan,
    error: 'DIR/planning.yaml:4:20 error history.files[0]: loop: this is a link that leads in a circle (to loop)',
    status: 1,
  },
];

const latin1 = rows.map((row) =>
  row.what.endsWith('Latin-1')
    ? {
        ...row,
        files: { ...row.files, 'history/a.csv': Buffer.from(`${HEADER}${T},M\xfcnchen,,relayedCalls,1\n`, 'latin1') },
      }
    : row,
);

export const badInputs: readonly Row[] = [
  ...values,
  ...files,
  ...planner,
  ...latin1,
  ...options,
  ...emptyWords,
  ...exposed,
  ...places,
];
