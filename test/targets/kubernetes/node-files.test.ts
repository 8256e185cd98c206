/** The first container of a pod, with answers as the API server gives them: what becomes of a host's files, and what keeps the host down. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { lateNames } from '../../../lib/fleet/late-bound.ts';
import { manifests } from '../../../lib/targets/kubernetes/manifests.ts';
import { describeWith } from '../../requirements.ts';
import { nodeFiles } from '../../../lib/targets/kubernetes/program-texts.ts';
import { minimal, movable } from './cells.ts';

const config = manifests(minimal).find(
  ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.startsWith('media-1'),
)!;
const data = config['data'] as Readonly<Record<string, string>>;

interface Endpoint {
  readonly hostname: string;
  readonly addresses: readonly string[];
  readonly conditions: { readonly ready: boolean; readonly serving: boolean; readonly terminating: boolean };
}
const endpoint = (hostname: string, address: string, serving = true, terminating = false): Endpoint => ({
  hostname,
  addresses: [address],
  conditions: { ready: true, serving, terminating },
});

describeWith(['checkers'], 'the files of a host', () => {
  let folder: string;
  let server: Server;
  /** Answers of the API server by path; undefined: it says no. */
  let answers: Record<string, object | undefined>;
  let asked: (string | undefined)[];
  let endpoints: readonly Endpoint[];

  const path = (...parts: string[]) => join(folder, ...parts);
  const slices = '/apis/discovery.k8s.io/v1/namespaces/cellstamp-k8s-a/endpointslices';

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cellstamp-node-files-'));
    const [user, group] = [userInfo().username, execFileSync('id', ['-gn'], { encoding: 'utf8' }).trim()];
    for (const name of ['config', 'secrets', 'account']) mkdirSync(path(name));
    for (const [name, text] of Object.entries(data)) writeFileSync(path('config', name), text);
    const settings = JSON.parse(data['host.json']!) as Record<string, unknown> & {
      files: object[];
      directories: { path: string }[];
    };
    const owned = { owner: user, group };
    const patched = {
      ...settings,
      patienceSeconds: 1,
      sbcs: { names: ['sbc-1', 'sbc-2'], known: path('known', 'sbcs.json') },
      files: settings.files.map((file) => ({ ...file, ...owned })),
      directories: settings.directories.map((directory) => ({ path: path('node', directory.path), ...owned })),
    };
    writeFileSync(path('config', 'host.json'), JSON.stringify(patched));
    writeFileSync(path('account', 'token'), 'the-token');
    writeFileSync(path('account', 'namespace'), 'cellstamp-k8s-a');
    const pair = ['-keyout', path('key.pem'), '-out', path('account', 'ca.crt')];
    const name = ['-subj', '/CN=api', '-addext', 'subjectAltName=IP:127.0.0.1'];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-days',
        '1',
        ...name,
        ...pair,
      ],
      { stdio: 'ignore' },
    );
    const tls = { key: readFileSync(path('key.pem')), cert: readFileSync(path('account', 'ca.crt')) };
    server = createServer(tls, ({ url, headers }, response) => {
      asked.push(headers.authorization);
      const answer = answers[new URL(url!, 'https://api').pathname];
      response.writeHead(answer === undefined ? 403 : 200).end(JSON.stringify(answer ?? {}));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => {
    for (const made of ['files', 'node', 'known']) rmSync(path(made), { recursive: true, force: true });
    writeFileSync(path('secrets', 'event_socket_password'), 'secret-of-the-socket\n');
    asked = [];
    endpoints = [
      endpoint('media-2', '10.16.0.52'),
      endpoint('media-3', '10.16.0.53'),
      endpoint('sbc-1', '10.16.0.61'),
      endpoint('sbc-2', '10.16.0.62'),
    ];
    answers = {
      get [slices]() {
        // In two parts, as a list may be; one of them is empty.
        return { items: [{ endpoints }, { endpoints: null }] };
      },
      '/api/v1/nodes/n1': {
        metadata: { name: 'n1' },
        status: {
          addresses: [
            { type: 'InternalIP', address: '10.16.0.51' },
            { type: 'ExternalIP', address: '198.51.100.51' },
          ],
        },
      },
    };
  });

  const fill = async (address = '10.16.0.51') => {
    const port = String((server.address() as AddressInfo).port);
    const child = spawn(
      '/usr/bin/python3',
      [path('config', 'node-files'), path('config'), path('secrets'), path('account'), path('files')],
      {
        env: { HOST_IP: address, NODE_NAME: 'n1', KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: port },
      },
    );
    let said = '';
    child.stdout.on('data', (text: Buffer) => (said += text.toString()));
    child.stderr.on('data', (text: Buffer) => (said += text.toString()));
    const status = await new Promise((resolve) => child.on('close', resolve));
    return { status, said: said.trim().split('\n') };
  };
  const written = (name: string) => readFileSync(path('files', name), 'utf8');

  it('have the addresses of the node and of all others, its public address, and the secrets', async () => {
    const { status, said } = await fill();
    expect(said.at(-1)).toMatch(/^node-files: media-1 has its \d+ files$/);
    expect(status).toBe(0);
    expect(written('etc/rtpengine/rtpengine.conf')).toContain(
      'interface = public/10.16.0.51!198.51.100.51;private/10.16.0.51',
    );
    expect(written('etc/cellstamp/media-guard.nft')).toContain('elements = { 10.16.0.51, 10.16.0.52, 10.16.0.53 }');
    expect(written('etc/cellstamp/node-firewall.nft')).toContain('10.16.0.61, 10.16.0.21, 10.16.0.62, 10.16.2.22');
    expect(written('etc/freeswitch/event-socket.xml')).toContain('value="secret-of-the-socket"');
    const { mode } = statSync(path('files/etc/freeswitch/event-socket.xml'));
    expect((mode & 0o777).toString(8)).toBe('600');
    const made = readdirSync(path('files'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(made.length).toBe((JSON.parse(data['host.json']!) as { files: object[] }).files.length);
    const texts = made.map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8'));
    expect(texts.flatMap(lateNames)).toEqual([]);
    expect(existsSync(path('node/run/rtpengine'))).toBe(true);
    expect(new Set(asked)).toEqual(new Set(['Bearer the-token']));
  });

  it('are written without a host that is not there, which stands as an address that nobody has', async () => {
    endpoints = endpoints.filter(({ hostname }) => hostname !== 'media-3');
    const { status, said } = await fill();
    expect(said).toContain('node-files: media-3 is not there');
    expect(status).toBe(0);
    expect(written('etc/cellstamp/media-guard.nft')).toContain('elements = { 10.16.0.51, 10.16.0.52, 192.0.0.8 }');
  });

  it('have the address that an SBC had where it is not there: the relays know it when it comes back', async () => {
    expect((await fill()).status).toBe(0);
    endpoints = endpoints.filter(({ hostname }) => hostname !== 'sbc-2');
    const { status, said } = await fill();
    expect(said).toContain('node-files: sbc-2 is at 10.16.0.62');
    expect(status).toBe(0);
    expect(written('etc/cellstamp/node-firewall.nft')).toContain('10.16.0.61, 10.16.0.21, 10.16.0.62, 10.16.2.22');
    // Where it is counts more than where it was.
    endpoints = [...endpoints, endpoint('sbc-2', '10.16.0.64', false)];
    await fill();
    expect(written('etc/cellstamp/node-firewall.nft')).toContain('10.16.0.64, 10.16.2.22');
  });

  it('wait for an SBC that the node has never known, the first time with an end that says so', async () => {
    const all = endpoints;
    endpoints = endpoints.filter(({ hostname }) => hostname !== 'sbc-2');
    const reason = 'node-files: waits for sbc-2: no pod of it is there, and this node has never known its address';
    expect(await fill()).toEqual({ status: 1, said: [reason] });
    const filled = fill();
    // Longer than it waits for a media host.
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(existsSync(path('files/etc'))).toBe(false);
    endpoints = all;
    expect((await filled).status).toBe(0);
    expect(written('etc/cellstamp/node-firewall.nft')).toContain('10.16.0.61, 10.16.0.21, 10.16.0.62, 10.16.2.22');
  });

  it('have the address of the pod that stays where one that ends is still there', async () => {
    endpoints = [endpoint('media-2', '10.16.0.99', true, true), ...endpoints, endpoint('media-2', '10.16.0.98', false)];
    await fill();
    expect(written('etc/cellstamp/media-guard.nft')).toContain('elements = { 10.16.0.51, 10.16.0.52, 10.16.0.53 }');
  });

  it('are not written where something is missing, and all that is missing is said', async () => {
    rmSync(path('secrets', 'event_socket_password'));
    answers['/api/v1/nodes/n1'] = {
      metadata: {},
      status: { addresses: [{ type: 'InternalIP', address: '10.16.0.51' }] },
    };
    expect(await fill('172.30.0.5')).toEqual({
      status: 1,
      said: [
        "node-files: the address of node n1, 172.30.0.5, is outside of the cell's network 10.16.0.0/20",
        'node-files: node n1 has no address of type ExternalIP that is one IPv4 address',
        'node-files: the Secret has no key event_socket_password',
      ],
    });
    expect(existsSync(path('files'))).toBe(false);
  });

  it('are not written on a node with an address that an SBC gives itself', async () => {
    const { status, said } = await fill('10.16.0.21');
    expect(said).toEqual([
      'node-files: the address of node n1, 10.16.0.21, is one that an SBC of the cell gives itself',
    ]);
    expect(status).toBe(1);
  });

  const onTwo = (address: string) =>
    `node-files: media-1 has a pod on another node, at ${address}: the labels of media-1 are on two nodes`;

  it('are not written where another node serves the same host, or is to, with a lower address; a pod that ends is in nobody’s way', async () => {
    const others = [
      ...endpoints,
      endpoint('media-1', '10.16.0.9', true, true),
      endpoint('media-1', '10.16.0.76', false),
    ];
    endpoints = others;
    expect((await fill()).status).toBe(0);
    // Of two that start together one goes on.
    expect(await fill('10.16.0.80')).toEqual({ status: 1, said: [onTwo('10.16.0.76')] });
    endpoints = [...others, endpoint('media-1', '10.16.0.78')];
    expect(await fill()).toEqual({ status: 1, said: [onTwo('10.16.0.78')] });
  });

  it('do not let a host start where another node came while they were written', async () => {
    const all = endpoints;
    // Asked for the first time nobody else is there, and then somebody is.
    const given = vi
      .fn((): readonly Endpoint[] => [...all, endpoint('media-1', '10.16.0.9', false)])
      .mockReturnValueOnce(all);
    Object.defineProperty(answers, slices, { get: () => ({ items: [{ endpoints: given() }] }) });
    const { status, said } = await fill();
    expect(said.at(-1)).toBe(onTwo('10.16.0.9'));
    expect(status).toBe(1);
    expect(given).toHaveBeenCalledTimes(2);
  });

  it('are not written while the API server does not say where the others are', async () => {
    answers = { '/api/v1/nodes/n1': answers['/api/v1/nodes/n1'] };
    const { status, said } = await fill();
    expect(said.at(-1)).toBe('node-files: the API server does not say where the other hosts are');
    expect(status).toBe(1);
    expect(existsSync(path('files'))).toBe(false);
  });
});

describeWith(['checkers'], 'the table of media hosts on an SBC', () => {
  const sbc = manifests(minimal).find(
    ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.startsWith('sbc-1'),
  )!;
  const texts = sbc['data'] as Readonly<Record<string, string>>;
  const folder = mkdtempSync(join(tmpdir(), 'cellstamp-follow-'));
  const path = (...parts: string[]) => join(folder, ...parts);
  let server: Server;
  let endpoints: readonly Endpoint[] | undefined;
  let version = 7;
  /** Requests that wait for a change. */
  const waiting: (() => void)[] = [];
  let program: ReturnType<typeof spawn>;

  const change = (to: readonly Endpoint[] | undefined) => {
    endpoints = to;
    version++;
    for (const tell of waiting.splice(0)) tell();
  };
  const table = () =>
    readFileSync(path('table'), 'utf8')
      .split('\n')
      .filter((line) => /^\d/.test(line));
  const reloads = () => readFileSync(path('reloads'), 'utf8').length;
  const becomes = (lines: readonly string[]) => vi.waitFor(() => expect(table()).toEqual(lines), { timeout: 10_000 });

  beforeAll(async () => {
    for (const name of ['config', 'account']) mkdirSync(path(name));
    const settings = JSON.parse(texts['host.json']!) as Record<'mediaHosts' | 'partner', object> & {
      files: readonly object[];
    };
    const mediaHosts = {
      ...settings.mediaHosts,
      path: path('table'),
      allow: ['sh', '-c', `echo "$0" >>${path('allowed')}`],
      // It fails while there is a file that says so.
      reload: ['sh', '-c', `printf x >>${path('reloads')}; ! test -e ${path('busy')}`],
    };
    for (const [name, text] of Object.entries(texts)) writeFileSync(path('config', name), text);
    const user = userInfo().username;
    const owned = settings.files.map((one) => ({ ...one, owner: user, group: user }));
    const partner = {
      ...settings.partner,
      allow: ['sh', '-c', `echo "$0" >>${path('allowed')}`],
      load: ['tee', path('rules')],
      reload: ['cp', path('files', 'etc/keepalived/keepalived.conf'), path('keepalived')],
    };
    writeFileSync(path('config', 'host.json'), JSON.stringify({ ...settings, mediaHosts, partner, files: owned }));
    mkdirSync(path('files', '.followed'), { recursive: true });
    writeFileSync(path('files', '.followed', 'addresses'), JSON.stringify({ 'sbc-2': '10.16.0.62' }));
    writeFileSync(path('files', '.followed', 'etc_keepalived_keepalived.conf'), 'peer @@sbc_2_address@@\n');
    writeFileSync(
      path('table'),
      '# as node-files wrote it\n1 10.16.0.51 standard\n2 192.0.0.8 standard\n3 10.16.0.53 standard\n',
    );
    writeFileSync(path('reloads'), '');
    writeFileSync(path('account', 'token'), 'the-token');
    writeFileSync(path('account', 'namespace'), 'cellstamp-k8s-a');
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
    const files = ['-keyout', path('key.pem'), '-out', path('account', 'ca.crt')];
    const name = ['-subj', '/CN=api', '-addext', 'subjectAltName=IP:127.0.0.1'];
    execFileSync('openssl', ['req', '-x509', ...key, ...name, ...files], { stdio: 'ignore' });
    const tls = { key: readFileSync(path('key.pem')), cert: readFileSync(path('account', 'ca.crt')) };
    server = createServer(tls, ({ url }, response) => {
      const { searchParams } = new URL(url!, 'https://api');
      if (endpoints === undefined) response.writeHead(503).end();
      else if (searchParams.get('watch') === null) {
        response.end(JSON.stringify({ metadata: { resourceVersion: String(version) }, items: [{ endpoints }] }));
      } else {
        const tell = () => void response.end('{"type":"MODIFIED"}\n');
        if (Number(searchParams.get('resourceVersion')) < version) tell();
        else waiting.push(tell);
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    endpoints = [endpoint('media-1', '10.16.0.51'), endpoint('media-3', '10.16.0.53'), endpoint('sbc-2', '10.16.0.62')];
    const port = String((server.address() as AddressInfo).port);
    program = spawn(
      'python3',
      [path('config', 'node-files'), 'follow', path('config'), path('account'), path('files')],
      {
        env: { ...process.env, KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: port },
        stdio: 'ignore',
      },
    );
  });
  afterAll(async () => {
    const ended = new Promise((resolve) => program.once('close', resolve));
    program.kill('SIGTERM');
    await ended;
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  });

  const both = 'standard,high-volume';

  it('follows hosts that come, go to other nodes and end', async () => {
    await becomes([`1 10.16.0.51 standard`, `2 192.0.0.8 ${both}`, `3 10.16.0.53 ${both}`]);
    // One that was not there may be asked before it is ready; a new address counts once its pod is.
    change([
      endpoint('media-1', '10.16.0.77', false),
      endpoint('media-2', '10.16.0.52', false),
      endpoint('media-3', '10.16.0.53'),
    ]);
    await becomes([`1 10.16.0.51 standard`, `2 10.16.0.52 ${both}`, `3 10.16.0.53 ${both}`]);
    change([
      endpoint('media-1', '10.16.0.77'),
      endpoint('media-2', '10.16.0.52'),
      endpoint('media-3', '10.16.0.53', true, true),
    ]);
    await becomes([`1 10.16.0.77 standard`, `2 10.16.0.52 ${both}`, '3 10.16.0.53 -']);
    // The firewall lets them in before Kamailio hears of them.
    expect(readFileSync(path('allowed'), 'utf8')).toContain('{ 10.16.0.52, 10.16.0.53, 10.16.0.77 }\n');
    // One that is gone keeps its address and gets calls if it answers.
    change([endpoint('media-1', '10.16.0.77'), endpoint('media-2', '10.16.0.52')]);
    await becomes([`1 10.16.0.77 standard`, `2 10.16.0.52 ${both}`, `3 10.16.0.53 ${both}`]);
  });

  it('is read by Kamailio at every change, and again where it could not be', async () => {
    const before = reloads();
    writeFileSync(path('busy'), '');
    change([endpoint('media-1', '10.16.0.51'), endpoint('media-2', '10.16.0.52')]);
    await vi.waitFor(() => expect(reloads()).toBeGreaterThanOrEqual(before + 2), { timeout: 10_000 });
    rmSync(path('busy'));
    const refused = reloads();
    await vi.waitFor(() => expect(reloads()).toBe(refused + 1), { timeout: 10_000 });
  });

  it('has the other SBC at its new address, and where it was again', async () => {
    const becomes = (file: string, text: string) =>
      vi.waitFor(() => expect(readFileSync(path(file), 'utf8')).toBe(text), { timeout: 10_000 });
    change([endpoint('sbc-2', '10.16.0.62')]);
    // One that only ends where it was has not moved.
    change([endpoint('sbc-2', '10.16.0.62', true, true), endpoint('sbc-2', '10.16.0.64', false)]);
    await becomes('keepalived', 'peer 10.16.0.64\n');
    const none = 'table ip cellstamp_partner\ndelete table ip cellstamp_partner\n';
    await becomes(
      'rules',
      `${none}table ip cellstamp_partner {
  chain out { type route hook output priority mangle;
    ip daddr 10.16.0.62 udp dport 5090 ip daddr set 10.16.0.64
  }
  chain in { type filter hook prerouting priority raw - 10;
    ip saddr 10.16.0.64 udp dport 5090 ip saddr set 10.16.0.62
  }
}
`,
    );
    expect(spawnSync('nft', ['--check', '--file', path('rules')]).status).toBe(0);
    expect(readFileSync(path('allowed'), 'utf8')).toContain('{ 10.16.0.64 }\n');
    change([endpoint('sbc-2', '10.16.0.62')]);
    await becomes('keepalived', 'peer 10.16.0.62\n');
    await becomes('rules', none);
  });

  it('stays as it is while the API server says nothing', async () => {
    const [before, read] = [table(), reloads()];
    change(undefined);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect(table()).toEqual(before);
    expect(reloads()).toBe(read);
    change([endpoint('media-1', '10.16.0.55')]);
    await becomes([`1 10.16.0.55 standard`, ...before.slice(1)]);
  });
});

describeWith(['checkers'], 'the files of a media host whose relay moves', () => {
  const texts = manifests(movable).find(
    ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.startsWith('media-1'),
  )!['data'] as Readonly<Record<string, string>>;
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'cellstamp-followed-'))));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** What a script prints, as JSON, with the program's own classes, its files in the folder. */
  const told = (script: string): unknown => {
    const text = `${nodeFiles.replace(/if __name__ == "__main__":[^]*$/, '')}
root = ${JSON.stringify(folder)}
owner, group = pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name
write = lambda root, path, text, mode, *owned, write=write: write(root, path, text, mode, owner, group)
texts = json.load(sys.stdin)
config = json.loads(texts["host.json"])
config["followed"]["load"] = []
said = []
${script}
print(json.dumps(said), file=sys.stderr)`;
    const { stderr, status } = spawnSync('python3', ['-c', text], { input: JSON.stringify(texts), encoding: 'utf8' });
    expect({ status, stderr }).toMatchObject({ status: 0 });
    return JSON.parse(stderr);
  };

  it('follow the other hosts to other nodes, and keep the address of one that is gone', () => {
    const relays = 'open(root + "/etc/cellstamp/relays.json").read()';
    expect(
      told(`values = {name: "value-of-" + name for text in texts.values() for name in MARK.findall(text)}
values.update({"media_1_address": "10.16.0.51", "media_2_address": NOBODY, "media_3_address": "10.16.0.53", "sbc_1_address": "10.16.0.61", "sbc_2_address": "10.16.0.62"})
keep_for_follower(config, config["followed"]["paths"], values, {one["path"]: texts[one["key"]] for one in config["files"]}, root)
followed = Neighbours(config, root)
said.append([followed.update({}), os.path.exists(root + "/etc/cellstamp/relays.json")])
for found in (
    {"media-2": ((True, False), "10.16.0.52"), "media-3": ((True, True), "10.16.0.53")},
    {"media-2": ((True, False), "10.16.0.77"), "sbc-1": ((True, True), "10.16.0.66")},
    {"media-3": ((False, True), "10.16.0.99")},
    {"media-2": ((True, True), "10.16.0.77")},
):
    followed.update(found)
    text = ${relays}
    settings = json.loads(text)
    said.append([settings["sbcs"]["sbc-1"][0], {one["number"]: one["peerAt"][0] for one in settings["relays"]}, MARK.findall(text), settings["secret"]])
firewall = open(root + "/etc/cellstamp/node-firewall.nft").read()
said.append([address in firewall for address in ("10.16.0.66", "10.16.0.77", "10.16.0.53", "10.16.0.61")])`),
    ).toEqual([
      [true, false],
      ['10.16.0.61', { 1: '10.16.0.53', 2: '10.16.0.52' }, [], 'value-of-relay_secret'],
      ['10.16.0.66', { 1: '10.16.0.53', 2: '10.16.0.77' }, [], 'value-of-relay_secret'],
      ['10.16.0.66', { 1: '10.16.0.53', 2: '10.16.0.77' }, [], 'value-of-relay_secret'],
      ['10.16.0.66', { 1: '10.16.0.53', 2: '10.16.0.77' }, [], 'value-of-relay_secret'],
      [true, true, true, false],
    ]);
    // Of two nodes with the same labels neither of which is ready, the one that was the host is.
    const listed = (...addresses: readonly string[]) =>
      JSON.stringify({
        items: [{ endpoints: addresses.map((address) => ({ hostname: 'media-2', addresses: [address] })) }],
      });
    expect(
      told(`for given in (${listed('10.16.0.40', '10.16.0.77')}, ${listed('10.16.0.40')}):
    said.append(best(given, {"media-2"}, {"media-2": "10.16.0.77"})["media-2"][1])`),
    ).toEqual(['10.16.0.77', '10.16.0.40']);
    // Nobody beside root reads what it is made from.
    expect(statSync(join(folder, '.followed', 'etc_cellstamp_relays.json')).mode & 0o777).toBe(0o600);
  });
});
