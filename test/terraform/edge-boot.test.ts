/**
 * A whole edge on AWS under a real systemd: from its bundle to Kamailio with the tenants that stand in DynamoDB, and the changes
 * that its stream tells.
 */
import { createHash, randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bootScript, bootScriptPath, bootUnit, bootUnitPath } from '../../lib/targets/aws/host/boot.ts';
import { edgeBundleFiles } from '../../lib/targets/aws/host/edge-bundle.ts';
import { tar } from '../../lib/targets/aws/host/tar.ts';
import { cellItems, itemId, type DirectoryItem, type TenantItem } from '../../lib/fleet/directory.ts';
import { afterStep, parseEdgeKeys, type EdgeKeys } from '../../lib/fleet/edge-keys.ts';
import { edgeHostConfig } from '../../lib/software/edge-host.ts';
import { parseCell } from '../../lib/fleet/schema/cell.ts';
import { frontOf, minimal, minimalFront } from '../targets/aws/synth.ts';
import { describeWith } from '../requirements.ts';
import { awsPort, Machine } from './machine.ts';

const front = frontOf({ ...minimalFront, directory: { entries: 1000, pollSeconds: 0.5 } });
const edge = front.edges[0]!;
const name = { site: front.name, host: edge.name, region: edge.region };
const table = 'cellstamp-front-directory';
const keysSecret = 'cellstamp/front/edge-keys';

const acme = { name: 'acme', domain: 'acme.voice.example.com', dids: { '+4930123456': 'reception' } };
const cell = (cellName: string, tenants: object[]) =>
  cellItems(parseCell({ ...minimal, name: cellName, tenants: tenants as never }), ['198.51.100.7:5060'], 1);
const items: readonly DirectoryItem[] = [
  ...cell('euw1-a', [acme]),
  { kind: 'cell', name: 'euw1-b', version: 1, addresses: ['198.51.100.8:5060'], state: 'active' },
  { kind: 'edge', name: edge.name, version: 1, address: '198.51.100.101' },
  { kind: 'edge', name: 'eu-west-1-edge-2', version: 1, address: '198.51.100.102' },
];
const tenant = items.find((item): item is TenantItem => item.kind === 'tenant')!;

/** Sends one request over UDP and prints the first line of its final answer. */
const askForSomebody = String.raw`
import socket, sys
here, method, domain = sys.argv[1:]
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.bind((here, 0))
client.settimeout(5)
me = "%s:%d" % client.getsockname()
lines = [
    "%s sip:bob@%s SIP/2.0" % (method, domain), "Via: SIP/2.0/UDP %s;branch=z9hG4bK%d" % (me, client.getsockname()[1]),
    "Max-Forwards: 5", "From: <sip:anna@%s>;tag=1" % domain, "To: <sip:bob@%s>" % domain, "Call-ID: %s" % me,
    "CSeq: 1 %s" % method, "Contact: <sip:anna@%s>" % me, "Content-Length: 0", "", "",
]
client.sendto("\r\n".join(lines).encode(), (here, 5060))
line = "SIP/2.0 100"
while line.startswith("SIP/2.0 1"):
    line = client.recv(4096).split(b"\r\n")[0].decode()
print(line)
`;

/** An SBC that answers OPTIONS, and all else with a status, or not at all. */
const answering = String.raw`
import socket, sys
address, status = sys.argv[1:]
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind((address, 5060))
while True:
    request, client = server.recvfrom(65536)
    lines = request.decode().split("\r\n")
    method = lines[0].split(" ")[0]
    answer = "200 OK" if method == "OPTIONS" else status
    if method == "ACK" or not answer:
        continue
    kept = [line for line in lines[1:] if line.split(":")[0] in ("Via", "From", "Call-ID", "CSeq")]
    to = next(line for line in lines if line.startswith("To:"))
    server.sendto("\r\n".join(["SIP/2.0 " + answer, *kept, to + ";tag=2", "Content-Length: 0", "", ""]).encode(), client)
`;

describeWith(
  ['root', 'debian-packages', 'python3-boto3', 'checkers', 'moto_server'],
  'the first boot of an edge',
  () => {
    let machine: Machine;

    beforeAll(async () => {
      const booted = await Machine.boot();
      if (!booted) throw new Error('no machine with a systemd of its own: needs overlay and cgroup v2');
      machine = booted;
      await machine.joinAws();
      machine.succeed('ip', 'address', 'add', `${edge.address}/26`, 'dev', 'lo');
      machine.succeed('aws', 's3', 'mb', 's3://bundles');
      machine.succeed(
        ...['aws', 'dynamodb', 'create-table', '--table-name', table, '--billing-mode', 'PAY_PER_REQUEST'],
        ...[
          '--attribute-definitions',
          'AttributeName=id,AttributeType=S',
          '--key-schema',
          'AttributeName=id,KeyType=HASH',
        ],
        ...['--stream-specification', 'StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES'],
      );
      items.forEach(put);
      machine.write(bootScriptPath, bootScript(name), '0755');
      machine.write(bootUnitPath, bootUnit(name));
      configure();
    }, 300_000);
    afterAll(() => machine?.shutDown());

    /** What Terraform does: the bundle by its hash, the certificate's empty secret, the parameter. */
    function configure(): void {
      // The machine's network is a namespace, which has no limits of its own for sockets.
      const archive = tar(edgeBundleFiles(front, edge, { ...edgeHostConfig(front, edge), sysctl: {} }));
      const sha256 = createHash('sha256').update(archive).digest('hex');
      machine.write('/tmp/bundle', gzipSync(archive));
      machine.succeed('aws', 's3', 'cp', '/tmp/bundle', `s3://bundles/${edge.name}/${sha256}.tar.gz`);
      const { ARN } = JSON.parse(machine.succeed('aws', 'secretsmanager', 'create-secret', '--name', 'sip-tls')) as {
        ARN: string;
      };
      const source = { table, region: edge.region, endpoint: `http://127.0.0.1:${awsPort}` };
      machine.succeed('aws', 'secretsmanager', 'create-secret', '--name', keysSecret);
      const keys = { secret: keysSecret, region: edge.region, fill: true, endpoint: source.endpoint };
      const value = JSON.stringify({
        bundle: sha256,
        bucket: 'bundles',
        values: {
          public_address: '198.51.100.101',
          anycast_address_1: '192.0.2.1',
          anycast_address_2: '192.0.2.2',
          directory: `"backend": "dynamodb", "source": ${JSON.stringify(source)}, "keys": ${JSON.stringify(keys)}, "keySeconds": 0.5`,
        },
        secrets: { sipTls: ARN },
      });
      const parameter = ['--type', 'String', '--name', `/cellstamp/front/${edge.name}`, '--value', value];
      machine.succeed('aws', 'ssm', 'put-parameter', ...parameter);
    }

    function put(item: DirectoryItem | string): void {
      const id = typeof item === 'string' ? 'tenant:nonsense' : itemId(item);
      const text = typeof item === 'string' ? item : JSON.stringify(item);
      const row = JSON.stringify({ id: { S: id }, item: { S: text } });
      machine.succeed('aws', 'dynamodb', 'put-item', '--table-name', table, '--item', row);
    }

    function remove(item: Pick<DirectoryItem, 'kind' | 'name'>): void {
      const key = JSON.stringify({ id: { S: itemId(item) } });
      machine.succeed('aws', 'dynamodb', 'delete-item', '--table-name', table, '--key', key);
    }

    const signal = (what: 'STOP' | 'CONT' | 'KILL', unit: string) =>
      machine.succeed('systemctl', 'kill', `--signal=${what}`, unit);
    const agentUnit = 'cellstamp-directory-agent.service';

    /** What a client is answered that asks for somebody in a domain. */
    const answerTo = (domain: string, method = 'OPTIONS') =>
      machine.succeed('/usr/bin/python3', '-c', askForSomebody, edge.address, method, domain).trim();

    const kamailio = (...command: readonly string[]) =>
      machine.run('kamcmd', '-s', 'unix:/run/kamailio/control.sock', ...command).output;
    const agent = () =>
      JSON.parse(machine.succeed('cat', '/run/cellstamp/directory.json')) as Record<string, string | number | boolean>;
    /** The status that health checks get. */
    const health = () =>
      machine
        .run(
          ...['curl', '--silent', '--max-time', '3', '--output', '/dev/null', '--write-out', '%{http_code}'],
          `http://${edge.address}:${front.spec.health.port}/`,
        )
        .output.trim();

    /** Waits for something that takes its moment, and says how many seconds it took. */
    async function until(what: string, condition: () => boolean): Promise<void> {
      const started = performance.now();
      for (; !condition(); await sleep(50)) {
        if (performance.now() - started > 15_000) {
          throw new Error(
            `${what}: not after 15 s\n${machine.run('journalctl', '--no-pager', '-u', 'cellstamp*', '-n', '40').output}`,
          );
        }
      }
      console.log(`${what}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
    }

    it('brings Kamailio up with both its addresses and every tenant, and takes calls', async () => {
      const { status } = machine.run('systemctl', 'restart', 'cellstamp-boot.service');
      expect(
        status,
        machine.run('journalctl', '--no-pager', '-u', 'cellstamp*', '-u', 'kamailio', '-n', '80').output,
      ).toBe(0);
      await until('the directory is loaded and the edge takes calls', () => health() === '200');
      expect(machine.succeed('ip', 'address', 'show')).toContain(`inet ${edge.unicastSide}/32`);
      expect(kamailio('htable.get', 'route', 'd:acme.voice.example.com')).toContain('acme');
      expect(kamailio('htable.get', 'route', 'n:+4930123456')).toContain('acme');
      expect(kamailio('htable.get', 'tenant', 'acme')).toContain('cell=euw1-a');
      expect(kamailio('dispatcher.list')).toContain('sip:198.51.100.7:5060');
      expect(kamailio('core.sockets_list')).toContain(edge.unicastSide);
      expect(agent()).toMatchObject({ loaded: true, draining: false, directory: 'reachable', refused: 0 });
    });

    it('makes the front’s first key, and follows its changes', async () => {
      const secret = ['aws', 'secretsmanager'];
      const text = machine.succeed(
        ...[...secret, 'get-secret-value', '--secret-id', keysSecret, '--query', 'SecretString', '--output', 'text'],
      );
      const made = parseEdgeKeys(text);
      const inKamailio = () => kamailio('htable.dump', 'edge_keys');
      expect(inKamailio()).toContain(made.keys[made.current]);
      const added = afterStep(made, { step: 'add' }, randomBytes);
      const other = Object.keys(added.keys).find((id) => id !== made.current)!;
      const change = (keys: EdgeKeys) =>
        machine.succeed(
          ...[...secret, 'put-secret-value', '--secret-id', keysSecret, '--secret-string', JSON.stringify(keys)],
        );
      change({ ...added, current: other });
      await until('another key', () => new RegExp(`name: current\\s+value: ${other}`).test(inKamailio()));
      expect(inKamailio()).toContain(added.keys[other]);
      change({ current: other, keys: { [other]: added.keys[other]! } });
      // By its name: the other one's key may have the same four letters in it.
      await until('the end of the first key', () => !new RegExp(`name: ${made.current}\\s`).test(inKamailio()));
      // What is no key set changes nothing, and is not said.
      machine.succeed(
        ...[...secret, 'put-secret-value', '--secret-id', keysSecret, '--secret-string', 'a secret word'],
      );
      await sleep(1500);
      expect(inKamailio()).toContain(added.keys[other]);
      const journal = machine.run('journalctl', '--no-pager', '-u', agentUnit).output;
      expect(journal).toContain('keys: allowed: {"current": ID');
      expect(journal).not.toMatch(/secret word|[0-9a-f]{64}/);
      expect(machine.succeed('stat', '-c', '%a %U', '/var/lib/cellstamp/edge-keys.json').trim()).toBe('600 kamailio');
    });

    it('follows the table’s stream: a tenant moves, a tenant goes', async () => {
      put({ ...tenant, version: 2, cell: 'euw1-b', other: 'euw1-a' });
      await until('a tenant’s move', () =>
        kamailio('htable.get', 'tenant', 'acme').includes('cell=euw1-b;other=euw1-a'),
      );
      remove(tenant);
      await until('a tenant’s end', () => !kamailio('htable.get', 'tenant', 'acme').includes('cell='));
    });

    it('refuses nonsense by itself, and takes what comes after it', async () => {
      put('{"kind": "tenant", "name": "nonsense", "version": "new"}');
      put({ ...tenant, version: 3 });
      await until('the entry after a bad one', () => kamailio('htable.get', 'tenant', 'acme').includes('cell=euw1-a'));
      expect(agent()['refused']).toBe(1);
      expect(health()).toBe('200');
    });

    it('goes on with what it knows while DynamoDB is away, and catches up', async () => {
      machine.write(
        '/tmp/away',
        `table inet away { chain out { type filter hook output priority 0; meta skuid "kamailio" tcp dport ${awsPort} drop\n}\n}\n`,
      );
      machine.succeed('nft', '-f', '/tmp/away');
      await until('the directory is noticed to be away', () => agent()['directory'] === 'unreachable');
      put({ ...tenant, version: 4, cell: 'euw1-b' });
      expect(kamailio('htable.get', 'tenant', 'acme')).toContain('cell=euw1-a');
      expect(health()).toBe('200');
      machine.succeed('nft', 'delete', 'table', 'inet', 'away');
      await until('what was missed', () => kamailio('htable.get', 'tenant', 'acme').includes('cell=euw1-b'));
    });

    it('gives a domain to the tenant that waits for it, as soon as another gives it up', async () => {
      const heir: TenantItem = { ...tenant, name: 'heir', version: 1, keys: ['d:acme.voice.example.com'] };
      const refused = Number(agent()['refused']);
      put(heir);
      await until('a tenant with the domain of another', () => agent()['refused'] === refused + 1);
      expect(kamailio('htable.get', 'route', 'd:acme.voice.example.com')).toContain('acme');
      put({ ...tenant, version: 5, keys: ['n:+4930123456'] });
      await until('its turn', () => kamailio('htable.get', 'route', 'd:acme.voice.example.com').includes('heir'));
      remove(heir);
      put({ ...tenant, version: 6 });
      await until('all as it was', () => kamailio('htable.get', 'route', 'd:acme.voice.example.com').includes('acme'));
      expect(agent()['refused']).toBe(refused + 1);
    });

    it('keeps the address of a cell that is gone where another cell has it by now', async () => {
      const follower: DirectoryItem = {
        kind: 'cell',
        name: 'euw1-c',
        version: 1,
        addresses: ['198.51.100.8:5060'],
        state: 'active',
      };
      put(follower);
      await until('a cell with the address of another', () =>
        kamailio('htable.get', 'cell', 'euw1-c').includes('active'),
      );
      remove({ kind: 'cell', name: 'euw1-b' });
      await until('the end of the other', () => !kamailio('htable.get', 'cell', 'euw1-b').includes('active'));
      expect(kamailio('htable.get', 'peer', '198.51.100.8')).toContain('cell');
    });

    it('tells Kamailio what it did not hear while it hung, also when the agent has died meanwhile', async () => {
      signal('STOP', 'kamailio.service');
      put({ ...tenant, version: 7, cell: 'euw1-c' });
      await until('a change that Kamailio did not hear', () => Number(agent()['untold']) > 0);
      signal('KILL', agentUnit);
      signal('CONT', 'kamailio.service');
      await until('it hears it', () => kamailio('htable.get', 'tenant', 'acme').includes('cell=euw1-c'));
      await until('nothing is left to tell', () => agent()['untold'] === 0);
    });

    it('sends a call to the next address of its cell when the first answers 503, or nothing', async () => {
      const [busy, mute, last] = ['127.0.0.11', '127.0.0.12', '127.0.0.13'] as const;
      const sbc = (address: string, status: string) =>
        machine.succeed('systemd-run', '--quiet', '/usr/bin/python3', '-c', answering, address, status);
      sbc(busy, '503 Service Unavailable');
      sbc(mute, '');
      sbc(last, '486 Busy Here');
      for (const [name, first] of Object.entries({ busy, mute })) {
        const addresses = [`${first}:5060`, `${last}:5060`];
        put({ kind: 'cell', name, version: 1, addresses, state: 'active' });
        put({ kind: 'tenant', name: `at-${name}`, version: 1, cell: name, other: '', keys: [`d:${name}.example.com`] });
        await until(`a cell that is ${name}`, () =>
          kamailio('htable.get', 'route', `d:${name}.example.com`).includes(name),
        );
        await until(
          'its addresses are live',
          () => (kamailio('dispatcher.list').match(/FLAGS: AP/g) ?? []).length >= 2,
        );
        expect(answerTo(`${name}.example.com`, 'INVITE')).toBe('SIP/2.0 486 Busy Here');
        remove({ kind: 'tenant', name: `at-${name}` });
        remove({ kind: 'cell', name });
      }
    });

    it('says 503 and not 404 after a restart until it knows all tenants again', async () => {
      expect(answerTo('nobody.example.com')).toBe('SIP/2.0 404 Unknown Tenant');
      signal('STOP', agentUnit);
      machine.succeed('systemctl', 'restart', 'kamailio.service');
      await until('Kamailio is back', () => kamailio('core.uptime').includes('uptime'));
      expect(answerTo('acme.voice.example.com')).toBe('SIP/2.0 503 Not Ready');
      signal('CONT', agentUnit);
      await until('it knows all', () => kamailio('htable.get', 'tenant', 'acme').includes('cell=euw1-c'));
      await until('it takes calls', () => health() === '200');
      expect(answerTo('nobody.example.com')).toBe('SIP/2.0 404 Unknown Tenant');
    });

    it('gives up nothing when the table comes back empty, and follows it once it is filled again', async () => {
      const all = [
        ...items.filter(({ name }) => name !== 'euw1-b' && name !== 'acme'),
        { ...tenant, version: 7, cell: 'euw1-c' },
      ];
      machine.succeed('systemctl', 'stop', agentUnit);
      [...all, { kind: 'cell', name: 'euw1-c' } as const].forEach(remove);
      machine.succeed('systemctl', 'start', agentUnit);
      await until('the empty table is noticed', () => agent()['directory'] === 'emptied');
      expect(kamailio('htable.get', 'tenant', 'acme')).toContain('cell=euw1-c');
      await until('it takes calls', () => health() === '200');
      all.forEach(put);
      await until('the table is whole again', () => agent()['directory'] === 'reachable');
      put({ ...tenant, version: 8 });
      await until('a change', () => kamailio('htable.get', 'tenant', 'acme').includes('cell=euw1-a'));
      // It was not put back.
      await until('what is gone goes', () => !kamailio('htable.get', 'cell', 'euw1-c').includes('active'));
    });

    it('publishes that it is ready and what it knows', () => {
      machine.run('systemctl', 'start', 'cellstamp-metrics.service');
      const metrics = JSON.parse(machine.succeed('cat', '/run/cellstamp/host/metrics.json')) as {
        MetricName: string;
        Value: number;
        Dimensions: unknown;
      }[];
      const value = (metric: string) => metrics.find(({ MetricName }) => MetricName === metric)?.Value;
      expect(value('HostHealthy')).toBe(1);
      expect(value('Ready')).toBe(1);
      expect(value('Calls')).toBe(0);
      expect(value('DirectoryReachable')).toBe(1);
      expect(value('DirectoryEntries')).toBe(2);
      expect(value('DirectoryUntold')).toBe(0);
      expect(metrics[0]!.Dimensions).toEqual([
        { Name: 'Front', Value: 'front' },
        { Name: 'Host', Value: edge.name },
      ]);
    });

    it('shows a renewed certificate without a restart, and refuses one that cannot be right', () => {
      const pid = () =>
        machine.succeed('systemctl', 'show', '--value', '--property=MainPID', 'kamailio.service').trim();
      const port = front.spec.edge.transports.tls as number;
      const shown = () =>
        machine.run(
          ...['bash', '-c'],
          `openssl s_client -connect ${edge.address}:${port} </dev/null 2>/dev/null | openssl x509 -noout -subject`,
        ).output;
      const renew = (key: string, days: number, subject: string) => {
        machine.succeed(
          ...['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
          ...['-days', String(days), '-subj', `/CN=${subject}`, '-keyout', '/tmp/key', '-out', '/tmp/certificate'],
        );
        const read = (path: string) => machine.succeed('cat', path);
        machine.write('/tmp/secret', JSON.stringify({ certificate: read('/tmp/certificate'), key: read(key) }));
        const put = ['put-secret-value', '--secret-id', 'sip-tls', '--secret-string', 'file:///tmp/secret'];
        machine.succeed('aws', 'secretsmanager', ...put);
        return machine.run('systemctl', 'start', 'cellstamp-certificate.service').status;
      };
      const before = pid();
      expect(shown()).not.toContain('renewed.example.com');
      expect(renew('/tmp/key', 10, 'renewed.example.com')).toBe(0);
      expect(shown()).toContain('renewed.example.com');
      expect(pid()).toBe(before);
      machine.succeed('systemctl', 'start', 'cellstamp-metrics.service');
      expect(machine.succeed('cat', '/run/cellstamp/host/metrics.json')).toMatch(
        /"MetricName": "CertificateDays",\s+"Value": 9/,
      );

      machine.succeed('openssl', 'genpkey', '-algorithm', 'ed25519', '-out', '/tmp/other');
      expect(renew('/tmp/other', 10, 'wrong.example.com')).not.toBe(0);
      expect(machine.run('journalctl', '--no-pager', '-u', 'cellstamp-certificate').output).toContain(
        'refused, its key is another one',
      );
      expect(shown()).toContain('renewed.example.com');
    });

    it('says so to health checks while it drains, and takes no call down', async () => {
      machine.succeed('touch', '/run/cellstamp/draining');
      await until('it says that it takes no new calls', () => health() === '503');
      expect(agent()['draining']).toBe(true);
      expect(machine.succeed('systemctl', 'is-active', 'kamailio.service').trim()).toBe('active');
    });
  },
);
