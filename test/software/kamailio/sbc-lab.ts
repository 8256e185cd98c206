/**
 * An SBC without the rest of its cell, in namespaces of its own: PostgreSQL beside it, its own services as its HostConfig says.
 * Whatever runs in it ends with it.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { deriveCell, type Cell } from '../../../lib/fleet/derive/cell.ts';
import { callWatch } from '../../../lib/software/call-watch/index.ts';
import { mergeHostConfigs, type HostConfig, type Service } from '../../../lib/software/host-config.ts';
import { kamailio } from '../../../lib/software/kamailio/sbc/index.ts';
import { paths } from '../../../lib/software/kamailio/sbc/paths.ts';
import { pgbouncer } from '../../../lib/software/pgbouncer/index.ts';
import { databaseNames } from '../../../lib/software/postgresql/names.ts';
import { databaseSchema } from '../../../lib/software/postgresql/schema.ts';
import { stunnel } from '../../../lib/software/stunnel/index.ts';
import { parseCell, type CellInput } from '../../../lib/fleet/schema/cell.ts';

/** Everything that a host writes is on file systems of its own, made here. */
const setUp = `set -e
for folder in /run /tmp /etc/kamailio /etc/cellstamp /usr/local/lib/cellstamp /var/lib/cellstamp-tables; do mkdir -p $folder; mount -t tmpfs tmpfs $folder; done
chmod 1777 /tmp
ip link set lo up
sysctl -qw net.ipv4.ip_nonlocal_bind=1
ip route add default dev lo
ip address add 10.16.8.11/32 dev lo
mkdir /tmp/pg && cd /tmp/pg && chown postgres .
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -days 1 -subj /CN=lab \\
  -addext subjectAltName=IP:10.16.8.11 -keyout key.pem -out cert.pem 2>/dev/null
chown postgres key.pem cert.pem
as_postgres() { setpriv --reuid=postgres --regid=postgres --init-groups -- "$@"; }
bin=/usr/lib/postgresql/15/bin
as_postgres $bin/initdb --pgdata=data --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 --no-sync >/dev/null
echo 'hostssl all all 10.16.8.11/32 scram-sha-256' >>data/pg_hba.conf
as_postgres $bin/pg_ctl --pgdata=data --log=/tmp/pg/log --wait start \\
  -o "-c listen_addresses=10.16.8.11 -c unix_socket_directories=/tmp/pg -c ssl=on -c ssl_cert_file=/tmp/pg/cert.pem -c ssl_key_file=/tmp/pg/key.pem -c fsync=off" >/dev/null
as_postgres psql -q -h /tmp/pg -c "CREATE ROLE admin LOGIN CREATEROLE PASSWORD 'admin'" -c "CREATE DATABASE ${databaseNames.database} OWNER admin"
echo ready
exec sleep infinity
`;

const lateValues: Readonly<Record<string, string>> = {
  public_address: '198.51.100.1',
  database_host: '10.16.8.11',
  database_admin_user: 'admin',
  database_admin_password: 'admin',
  database_sbc_password: 'sbc',
  redis_host: '10.16.8.41',
  redis_password: 'redis',
  digest_secret: 'digest',
  topology_secret: 'topology',
};

function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

export class SbcLab {
  readonly #init: ChildProcess;
  readonly #pid: number;
  readonly #folder = mkdtempSync(join(tmpdir(), 'cellstamp-sbc-'));
  #services: { readonly program: ChildProcess; readonly stopTimeoutSeconds: number }[] = [];

  private constructor(init: ChildProcess, pid: number) {
    this.#init = init;
    this.#pid = pid;
  }

  static async open(): Promise<SbcLab> {
    const namespaces = ['--net', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child'];
    const init = spawn('unshare', [...namespaces, 'bash', '-c', setUp], { stdio: ['ignore', 'pipe', 'pipe'] });
    let errors = '';
    init.stderr!.on('data', (bytes: Buffer) => (errors += bytes.toString()));
    await new Promise<void>((resolve, reject) => {
      init.stdout!.on('data', (bytes: Buffer) => bytes.toString().includes('ready') && resolve());
      init.on('exit', () => reject(new Error(`the lab does not start: ${errors}`)));
    });
    return new SbcLab(init, childrenOf(init.pid!)[0]!);
  }

  /** Runs a program to its end. @returns what it printed @throws Error when its status is not 0 */
  run(argv: readonly string[], input = ''): string {
    return execFileSync('nsenter', ['--target', String(this.#pid), '--all', '--', ...argv], {
      input,
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: 30_000,
    });
  }

  /** SQL as PostgreSQL's own user. @returns the rows, fields separated by tabs */
  sql(text: string): readonly string[] {
    const psql = ['psql', '-X', '-q', '-t', '-A', '-F', '\t', '-v', 'ON_ERROR_STOP=1', '-h', '/tmp/pg'];
    return this.run(
      ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups', ...psql, databaseNames.database],
      text,
    )
      .split('\n')
      .filter((line) => line !== '');
  }

  /** Starts the services of a cell's first SBC in their order, each when those before it are ready. */
  async start(input: Partial<CellInput>): Promise<Cell> {
    const cell = deriveCell(parseCell({ name: 'lab', region: 'eu-west-1', aws: {}, size: 'test', ...input }));
    const host = cell.sbcs[0];
    const config = mergeHostConfigs([
      ...[databaseSchema, pgbouncer, stunnel, kamailio].map((program) => program(cell, host)),
      callWatch(cell),
    ]);
    for (const address of [host.address, host.floatingSide])
      this.run(['ip', 'address', 'replace', `${address}/32`, 'dev', 'lo']);
    this.#write(config);
    for (const service of config.services) await this.#startService(service);
    return cell;
  }

  /** What Kamailio has said so far. */
  log(): string {
    return readFileSync(join(this.#folder, 'kamailio.log'), 'utf8');
  }

  /** As the targets do: asked to end, and killed when that takes longer than the service may need. */
  async stop(): Promise<void> {
    const services = this.#services;
    this.#services = [];
    await Promise.all(
      services.map(async ({ program, stopTimeoutSeconds }) => {
        const ended = new Promise<void>((resolve) => program.once('exit', () => resolve()));
        // nsenter waits for the program that it has started in the process namespace.
        const inside = childrenOf(program.pid!);
        for (const pid of inside) process.kill(pid, 'SIGTERM');
        const late = setTimeout(() => {
          for (const pid of inside) process.kill(pid, 'SIGKILL');
        }, stopTimeoutSeconds * 1000);
        await ended;
        clearTimeout(late);
      }),
    );
  }

  close(): void {
    this.#init.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #write(config: HostConfig): void {
    const certificate = this.run(['cat', '/tmp/pg/cert.pem']).trim();
    const values = {
      ...lateValues,
      data_ca_certificate: certificate,
      sip_certificate: certificate,
      sip_key: this.run(['cat', '/tmp/pg/key.pem']).trim(),
    } as Readonly<Record<string, string>>;
    for (const { path, mode, owner, group, text } of config.files) {
      const filled = text.replace(/@@([a-z][a-z0-9_]*)@@/g, (_, name: string) => values[name]!);
      const write = 'mkdir -p "$(dirname "$1")" && cat >"$1" && chown "$2" "$1" && chmod "$3" "$1"';
      this.run(['bash', '-c', write, 'write', path, `${owner}:${group}`, mode], filled);
    }
  }

  async #startService(service: Service): Promise<void> {
    for (const folder of [...service.runDirectories, ...service.stateDirectories]) {
      this.run(['install', '-d', '-o', service.user, '-g', service.group, folder]);
    }
    for (const command of service.before) this.run(command);
    const environment = Object.entries(service.environment).map(([name, value]) => `${name}=${value}`);
    const identity = [`--reuid=${service.user}`, `--regid=${service.group}`, '--clear-groups'];
    const command = ['env', '-i', 'PATH=/usr/bin:/bin', ...environment, 'setpriv', ...identity, ...service.command];
    if (service.kind === 'oneshot') {
      this.run(command);
      return;
    }
    const log = `exec "$@" >'${join(this.#folder, `${service.name}.log`)}' 2>&1`;
    const prefix = ['nsenter', '--target', String(this.#pid), '--net', '--pid', '--mount', '--ipc', '--uts', '--'];
    // The log's path is outside: it is opened before the namespaces are entered.
    const program = spawn('bash', ['-c', log, 'log', ...prefix, ...command], { stdio: 'ignore' });
    this.#services.push({ program, stopTimeoutSeconds: service.stopTimeoutSeconds });
    // An SBC without another one is ready some seconds after it answers.
    const ready =
      service.name === 'kamailio' ? (['kamcmd', '-s', `unix:${paths.control}`, 'core.uptime'] as const) : service.ready;
    for (const deadline = Date.now() + service.readyTimeoutSeconds * 1000; ; await sleep(100)) {
      try {
        this.run(ready);
        return;
      } catch (error) {
        if (program.exitCode !== null || Date.now() > deadline) {
          const said = readFileSync(join(this.#folder, `${service.name}.log`), 'utf8');
          throw new Error(`${service.name} does not get ready:\n${said.slice(-3000)}`, { cause: error });
        }
      }
    }
  }
}
