/** How tenants move by kubectl: the words that it is given, with a real Redis behind them as the directory. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { deriveFront } from '../../../../lib/fleet/derive/front.ts';
import type { DirectoryItem, TenantItem } from '../../../../lib/fleet/directory.ts';
import { kubernetesMoves } from '../../../../lib/targets/kubernetes/operations/front-moves.ts';
import type { Kubectl } from '../../../../lib/targets/kubernetes/operations/kubectl.ts';
import { describeWith } from '../../../requirements.ts';
import { minimalFront } from '../cells.ts';

const front = deriveFront(minimalFront);
const [edge] = front.edges;
const password = 'secret';
const acme: TenantItem = {
  kind: 'tenant',
  name: 'acme',
  version: 5,
  cell: 'a',
  other: '',
  keys: ['d:acme.example.com'],
};

describeWith(['debian-packages'], 'the directory of a front on Kubernetes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cellstamp-directory-'));
  const config = join(folder, 'directory.json');
  let redis: ChildProcess;
  let port: number;
  let said: (readonly string[])[];

  /** Names of cells by tenant, as every edge knows them. */
  const known = new Map<string, string>();
  const reach = (namespace: string): Kubectl => {
    const ask: Kubectl['ask'] = async (words, { input = '' } = {}) => {
      said.push([namespace, ...words.map((word) => (word.length > 100 ? '...' : word))]);
      const [verb] = words;
      if (verb !== 'exec') return { status: 0, stdout: '', stderr: '' };
      const argv = words
        .slice(words.indexOf('--') + 1)
        .map((word) => (word.endsWith('directory.json') ? config : word));
      if (argv[0] === 'kamcmd') return { status: 0, stdout: `value: cell=${known.get(argv.at(-1)!)};`, stderr: '' };
      const { status, stdout, stderr } = spawnSync(argv[0]!, argv.slice(1), { input, encoding: 'utf8' });
      return Promise.resolve({ status: status ?? 137, stdout, stderr });
    };
    return { ask, run: async (words, options) => (await ask(words, options)).stdout };
  };
  const redisCli = (...words: readonly string[]) =>
    spawnSync('redis-cli', ['-p', String(port), ...words], {
      encoding: 'utf8',
      env: { ...process.env, REDISCLI_AUTH: password },
    }).stdout.trim();
  const put = (item: DirectoryItem) => redisCli('HSET', 'directory', `${item.kind}:${item.name}`, JSON.stringify(item));
  const stored = (id: string) => JSON.parse(redisCli('HGET', 'directory', id)) as DirectoryItem;

  beforeAll(async () => {
    const probe = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => probe.once('listening', resolve));
    ({ port } = probe.address() as AddressInfo);
    await new Promise((resolve) => probe.close(resolve));
    const settings = ['--bind', '127.0.0.1', '--save', '', '--requirepass', password, '--dir', folder];
    redis = spawn('redis-server', ['--port', String(port), ...settings], { stdio: 'ignore' });
    writeFileSync(config, JSON.stringify({ backend: 'redis', source: { host: '127.0.0.1', port, password } }));
    for (let turn = 0; turn < 100 && redisCli('PING') !== 'PONG'; turn++) await sleep(50);
  });
  afterAll(() => {
    redis?.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => {
    said = [];
    known.clear();
    redisCli('FLUSHALL');
    put(acme);
    put({ ...acme, name: 'other', cell: 'b' });
    put({ kind: 'cell', name: 'a', version: 3, addresses: ['198.51.100.1:5060'], state: 'active' });
  });

  it('is read and changed in the pod of an edge, and every edge is asked whether it knows', async () => {
    const moves = kubernetesMoves(front, [], reach);
    expect(await moves.tenant('acme')).toEqual(acme);
    known.set('acme', 'b');
    await moves.put({ kind: 'tenant', name: 'acme', cell: 'b', other: 'a', keys: acme.keys });
    expect(stored('tenant:acme')).toMatchObject({ cell: 'b', other: 'a' });
    expect(stored('tenant:acme').version).toBeGreaterThan(acme.version);
    expect(redisCli('XRANGE', 'directory:changes', '-', '+')).toContain('"other":"a"');
    const namespace = (region: string) => `cellstamp-edges-${front.name}-${region}`;
    const inAgent = ['exec', '--stdin', `daemonset/${edge!.name}`, '--container=cellstamp-directory-agent', '--'];
    const program = ['/usr/bin/python3', '-c', '...', '/etc/cellstamp/directory.json'];
    const ask = ['kamcmd', '-s', 'unix:/run/kamailio/control.sock', 'htable.get', 'tenant', 'acme'];
    expect(said).toEqual([
      [namespace(edge!.region), ...inAgent, ...program],
      [namespace(edge!.region), ...inAgent, ...program],
      ...front.edges.map(({ name, region }) => [
        ...[namespace(region), 'exec', '--stdin', `daemonset/${name}`, '--container=kamailio', '--'],
        ...ask,
      ]),
    ]);
    // The old cell is out: there is nothing that an edge could do wrong.
    said = [];
    await moves.put({ kind: 'tenant', name: 'acme', cell: 'b', other: '', keys: acme.keys });
    expect(said).toHaveLength(1);
  });

  it('is not changed by somebody who has not seen its last change', async () => {
    const moves = kubernetesMoves(front, [], reach);
    const { version, ...item } = await moves.tenant('acme');
    put({ ...item, version: version + 1 });
    await expect(moves.put(item)).rejects.toThrow(
      /^the directory of front .* is not changed: .*: somebody else has changed tenant:acme meanwhile$/,
    );
    expect(stored('tenant:acme')).toMatchObject({ version: version + 1 });
  });

  it('tells the tenants of a cell, and its state', async () => {
    put({ ...acme, name: 'leaving', cell: 'b', other: 'a' });
    const moves = kubernetesMoves(front, [], reach);
    const names = (await moves.tenants('a', ['other'])).map(({ name }) => name).sort();
    expect(names).toEqual(['acme', 'leaving', 'other']);
    expect((await moves.tenants('a', [])).map(({ name }) => name).sort()).toEqual(['acme', 'leaving']);
    const { kind, name, addresses } = await moves.cell('a');
    await moves.putCell({ kind, name, addresses, state: 'retired' });
    expect(stored('cell:a')).toMatchObject({ state: 'retired', addresses });
  });

  it('says what is not there, and where the directory is none that it can change', async () => {
    const moves = kubernetesMoves(front, [], reach);
    await expect(moves.tenant('nobody')).rejects.toMatchObject({
      status: 2,
      message: `the directory of front ${front.name} has no tenant nobody`,
    });
    const before = { backend: 'redis', source: { host: '127.0.0.1', port, password } };
    writeFileSync(config, JSON.stringify({ ...before, backend: 'dynamodb' }));
    await expect(moves.tenant('acme')).rejects.toThrow('the directory of this front is not a Redis, but dynamodb');
    writeFileSync(config, JSON.stringify(before));
  });

  it('is changed by one operation at a time: a Lease beside the edges of the first region', async () => {
    const moves = kubernetesMoves(front, [], reach);
    await moves.exclusively(() => Promise.resolve());
    const verbs = said.map(([namespace, verb, what]) => [namespace, verb, what]);
    const own = `cellstamp-edges-${front.name}-${edge!.region}`;
    expect(verbs).toEqual([
      [own, 'get', 'lease'],
      [own, 'create', '--filename=-'],
      [own, 'get', 'lease'],
    ]);
  });
});
