/** What is around a cell on a real cluster: callers beyond a router, and the PostgreSQL and Redis of somebody else. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { databaseNames } from '../../../lib/software/postgresql/names.ts';
import { run } from '../../../lib/targets/local/run.ts';
import { until } from '../lab/lab.ts';
import { nodeAddress, router } from './cluster.ts';

const callers = 'cellstamp-callers';
const data = 'cellstamp-data';
export const dataAddress = '10.77.0.5';
/** Of Services, where PostgreSQL and Redis are in the cluster. */
export const serviceAddresses = { database: '10.96.200.5', redis: '10.96.200.6' } as const;
export const floatingAddress = '203.0.113.10';
/** Of a node, beyond the router; there packets get the private one. */
export const publicAddress = (node: number): string => `203.0.113.${20 + node}`;

/** Of a relay, which moves between the nodes. */
export const relayAddress = (number: number): string => `203.0.113.${30 + number}`;

const binaries = '/usr/lib/postgresql/15/bin';

/** Runs a script of bash, to its end. @throws Error when it fails */
async function shell(text: string, ...words: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await run(['bash', '-euc', text, 'bash', ...words]);
  if (status !== 0) throw new Error(`${text}\nended with ${status}: ${stdout}${stderr}`);
  return stdout;
}

export class Outside {
  readonly #folder = mkdtempSync(join(tmpdir(), 'cellstamp-outside-'));
  readonly #servers: ChildProcess[] = [];
  /** Texts of the Secrets, by the names of the late-bound values. */
  readonly secrets: Readonly<Record<'sbc' | 'media' | 'data', Record<string, string>>> = {
    sbc: {},
    media: {},
    data: {},
  };

  /** @param addresses of the callers; @param mediaNodes whose public addresses the router maps */
  static async up(addresses: readonly string[], mediaNodes: readonly number[]): Promise<Outside> {
    const outside = new Outside();
    try {
      await outside.#network(addresses, mediaNodes);
      await outside.#makeSecrets();
      await outside.#serve();
    } catch (error) {
      await outside.down();
      throw error;
    }
    return outside;
  }

  /** By which a program runs among the callers. */
  get prefix(): readonly string[] {
    return ['setpriv', '--pdeathsig', 'KILL', 'ip', 'netns', 'exec', callers];
  }

  async #network(addresses: readonly string[], mediaNodes: readonly number[]): Promise<void> {
    await run(['ip', 'netns', 'delete', callers]);
    await run(['ip', 'netns', 'delete', data]);
    const maps = (from: (node: number) => string, to: (node: number) => string) =>
      mediaNodes.map((node) => `${from(node)} : ${to(node)}`).join(', ');
    const rules = `table ip cellstamp_provider {
      chain in { type filter hook prerouting priority raw; policy accept; ip daddr set ip daddr map { ${maps(publicAddress, nodeAddress)} }; }
      chain out { type filter hook postrouting priority 100; policy accept; oifname "callers" ip saddr set ip saddr map { ${maps(nodeAddress, publicAddress)} }; }
    }`;
    await shell(
      `ip netns add ${callers}; ip netns add ${data}
ip -n ${callers} link set lo up; ip -n ${data} link set lo up
ip -n ${router.namespace} link add callers type veth peer name eth0 netns ${callers}
ip -n ${router.namespace} address add 198.51.100.1/24 dev callers
ip -n ${router.namespace} address add 192.0.2.1/24 dev callers
ip -n ${router.namespace} link set callers up
for address in ${[floatingAddress, ...[1, 2, 3].map(relayAddress)].join(' ')}; do ip -n ${router.namespace} route add "$address/32" dev ${router.bridge}; done
for address in ${addresses.join(' ')}; do ip -n ${callers} address add "$address/24" dev eth0; done
ip -n ${callers} link set eth0 up
ip -n ${callers} route add default via 198.51.100.1
ip -n ${router.namespace} link add data type veth peer name eth0 netns ${data}
ip -n ${router.namespace} link set data master ${router.bridge} up
ip -n ${data} address add ${dataAddress}/24 dev eth0
ip -n ${data} link set eth0 up
echo "$1" | ip netns exec ${router.namespace} nft -f -`,
      rules,
    );
  }

  async #makeSecrets(): Promise<void> {
    chmodSync(this.#folder, 0o755);
    await shell(
      `cd "$1"
make() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -days 2 -subj "/CN=$1" -keyout "$1.key" -out "$1.pem" "\${@:2}" 2>&1; }
make authority -addext keyUsage=critical,keyCertSign,cRLSign
for name in data sip relay; do
  make $name -CA authority.pem -CAkey authority.key -addext basicConstraints=critical,CA:FALSE -addext subjectAltName=${[dataAddress, ...Object.values(serviceAddresses)].map((address) => `IP:${address}`).join(',')},DNS:sip.example.com
done`,
      this.#folder,
    );
    const read = (name: string) => readFileSync(join(this.#folder, name), 'utf8').trim();
    const password = () => randomBytes(24).toString('hex');
    const relaySecret = password();
    Object.assign(this.secrets.sbc, {
      data_ca_certificate: read('authority.pem'),
      sip_certificate: read('sip.pem'),
      sip_key: read('sip.key'),
      relay_secret: relaySecret,
      ...Object.fromEntries(
        ['database_admin_password', 'database_sbc_password', 'digest_secret', 'redis_password', 'topology_secret'].map(
          (name) => [name, password()],
        ),
      ),
    });
    Object.assign(this.secrets.data, {
      data_certificate: read('data.pem'),
      data_key: read('data.key'),
      ...Object.fromEntries(
        ['data_ca_certificate', 'database_admin_password', 'redis_password'].map((name) => [
          name,
          this.secrets.sbc[name]!,
        ]),
      ),
    });
    Object.assign(this.secrets.media, {
      event_socket_password: password(),
      data_ca_certificate: read('authority.pem'),
      relay_secret: relaySecret,
      relay_certificate: read('relay.pem'),
      relay_key: read('relay.key'),
    });
  }

  async #serve(): Promise<void> {
    const f = this.#folder;
    const { database_admin_password: adminPassword, redis_password: redisPassword } = this.secrets.sbc;
    await shell(
      `cd "$1"
install -d -o postgres -g postgres -m 0700 postgresql
install -o postgres -g postgres -m 0600 data.key postgresql.key
install -o postgres -g postgres -m 0600 /dev/stdin password <<<"$2"
setpriv --reuid=postgres --regid=postgres --init-groups ${binaries}/initdb --pgdata="$1/postgresql" --auth=scram-sha-256 --auth-local=trust --username=postgres --pwfile="$1/password" --no-sync
echo 'hostssl all all all scram-sha-256' >>postgresql/pg_hba.conf
install -d -o redis -g redis redis
install -o redis -g redis -m 0600 data.key redis.key`,
      f,
      randomBytes(16).toString('hex'),
    );
    writeFileSync(
      join(f, 'redis.conf'),
      `bind ${dataAddress}
port 0
tls-port 6379
tls-cert-file ${f}/data.pem
tls-key-file ${f}/redis.key
tls-ca-cert-file ${f}/authority.pem
tls-auth-clients no
requirepass ${redisPassword}
dir ${f}/redis
save ""
`,
      { mode: 0o644 },
    );
    this.#start(
      'postgres',
      `${binaries}/postgres`,
      '-D',
      `${f}/postgresql`,
      '-k',
      `${f}/postgresql`,
      ...postgresSettings(f),
    );
    this.#start('redis', 'redis-server', `${f}/redis.conf`);
    await until(async () => (await run([`${binaries}/pg_isready`, '-h', `${f}/postgresql`])).status === 0, 60);
    await this.sql(
      `CREATE ROLE cellstamp_admin LOGIN CREATEROLE PASSWORD '${adminPassword}';\nCREATE DATABASE ${databaseNames.database} OWNER cellstamp_admin;`,
      'postgres',
    );
  }

  #start(user: string, ...argv: readonly string[]): void {
    const inside = ['setpriv', '--pdeathsig', 'KILL', 'ip', 'netns', 'exec', data];
    const asUser = ['setpriv', '--pdeathsig', 'KILL', `--reuid=${user}`, `--regid=${user}`, '--init-groups'];
    const [program, ...words] = [...inside, ...asUser, ...argv] as [string, ...string[]];
    this.#servers.push(spawn(program, words, { stdio: 'ignore' }));
  }

  async sql(text: string, database: string = databaseNames.database): Promise<string> {
    const argv = [
      'psql',
      '-h',
      join(this.#folder, 'postgresql'),
      '-U',
      'postgres',
      '-At',
      '-v',
      'ON_ERROR_STOP=1',
      database,
    ];
    const { status, stdout, stderr } = await run(argv, { input: text });
    if (status !== 0) throw new Error(`database: ${stderr}`);
    return stdout;
  }

  async redis(...words: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await run(
      [
        'ip',
        'netns',
        'exec',
        data,
        'redis-cli',
        '-h',
        dataAddress,
        '--tls',
        '--cacert',
        `${this.#folder}/authority.pem`,
        '--json',
        ...words,
      ],
      { environment: { REDISCLI_AUTH: this.secrets.sbc['redis_password']! } },
    );
    if (status !== 0) throw new Error(`redis: ${stdout}${stderr}`);
    return stdout;
  }

  async down(): Promise<void> {
    await Promise.all(
      this.#servers.map((server) => {
        if (server.exitCode !== null || server.signalCode !== null) return undefined;
        const gone = new Promise((resolve) => server.once('close', resolve));
        server.kill('SIGKILL');
        return gone;
      }),
    );
    await run(['ip', 'netns', 'delete', callers]);
    await run(['ip', 'netns', 'delete', data]);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const postgresSettings = (folder: string): readonly string[] =>
  Object.entries({
    listen_addresses: dataAddress,
    ssl: 'on',
    ssl_cert_file: `${folder}/data.pem`,
    ssl_key_file: `${folder}/postgresql.key`,
    password_encryption: 'scram-sha-256',
    fsync: 'off',
  }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
