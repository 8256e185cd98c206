/** The tenant directory on this machine: a Redis with the hash `directory` and the stream `directory:changes`. */
import type { EdgeKeys } from '../../../fleet/edge-keys.ts';
import { itemId, type DirectoryItem } from '../../../fleet/directory.ts';
import type { Front } from '../../../fleet/derive/front.ts';
import { emptyHostConfig, file, service } from '../../../software/host-config.ts';
import { LocalFailure } from '../failure.ts';
import type { NamespacePlan } from '../host-plan.ts';
import { runInside } from '../namespace.ts';
import type { ProcessId } from '../processes.ts';
import { directoryAddress } from './addresses.ts';
import { directoryLink } from './internet.ts';
import { nameFiles, nameService } from './names.ts';
import { directoryTransaction } from './program-texts.ts';

const port = 6379;
const configPath = '/etc/redis/directory.conf';

/** Changes that the stream keeps: an edge that missed more reads the whole directory. */
const longestStream = 100_000;

/** The entries of an edge's `directory.json` that say where the directory and the front's keys are, without braces. */
export function directorySource(password: string): string {
  const source = JSON.stringify({ host: directoryAddress, port, password });
  return `"backend": "redis",\n  "source": ${source},\n  "keys": ${source},\n  "keySeconds": 0.5`;
}

export function directoryPlan(front: Front, password: string): NamespacePlan {
  const links = front.regions.map((_, index) => ({ name: `router-${index + 1}`, ...directoryLink(index + 1) }));
  return {
    name: 'directory',
    hostname: `${front.name}-directory`,
    addresses: [
      'link set dev lo up',
      `address add ${directoryAddress}/32 dev lo`,
      ...links.flatMap(({ name, directory }) => [`link set dev ${name} up`, `address add ${directory}/30 dev ${name}`]),
      `route add default src ${directoryAddress} ${links.map(({ router, name }) => `nexthop via ${router} dev ${name}`).join(' ')}`,
    ],
    rules: 'flush ruleset\n',
    config: {
      ...emptyHostConfig,
      files: [
        file(
          configPath,
          `bind ${directoryAddress} 127.0.0.1
port ${port}
requirepass ${password}
dir /var/lib/redis
save ""
appendonly yes
daemonize no
logfile ""
`,
          { mode: '0640', owner: 'redis', group: 'redis' },
        ),
        ...nameFiles(front),
      ],
      services: [directoryService, nameService],
    },
    after: [],
    fills: [],
  };
}

const directoryService = service({
  name: 'directory',
  description: 'Tenant directory (Redis)',
  command: ['/usr/bin/redis-server', configPath],
  user: 'redis',
  stateDirectories: ['/var/lib/redis'],
  openFiles: 4096,
  ready: ['/bin/bash', '-c', `exec 3<>/dev/tcp/127.0.0.1/${port}`],
  readyTimeoutSeconds: 20,
  // It answers, if only that it wants a password.
  health: [
    '/bin/bash',
    '-c',
    `exec 3<>/dev/tcp/127.0.0.1/${port}; printf 'PING\\r\\n' >&3; read -r -t 1 answer <&3; [[ $answer == [-+]* ]]`,
  ],
});

/** The directory of a running front; the front's keys are beside it. */
export class LocalDirectory {
  readonly #host: ProcessId;
  readonly #password: string;

  constructor(host: ProcessId, password: string) {
    this.#host = host;
    this.#password = password;
  }

  /** Every item, by its name in the directory. @throws LocalFailure when Redis does not answer */
  async read(): Promise<ReadonlyMap<string, DirectoryItem>> {
    const [answer] = await this.#do([['HGETALL', 'directory']]);
    const words = answer as readonly string[];
    return new Map(
      words.flatMap((key, index) =>
        index % 2 === 0 ? [[key, JSON.parse(words[index + 1]!) as DirectoryItem] as const] : [],
      ),
    );
  }

  /** Puts items in, and tells the edges. */
  async put(items: readonly DirectoryItem[]): Promise<void> {
    await this.#do(
      items.flatMap((item) => {
        const text = JSON.stringify(item);
        return [['HSET', 'directory', itemId(item), text], announcement(text)];
      }),
    );
  }

  /** Keys of the front, for its edges. They see it within a second. */
  async putEdgeKeys(keys: EdgeKeys): Promise<void> {
    await this.#do([['SET', 'edge-keys', JSON.stringify(keys)]]);
  }

  /** Takes items out, and tells the edges. */
  async remove(items: readonly Pick<DirectoryItem, 'kind' | 'name'>[]): Promise<void> {
    await this.#do(
      items.flatMap((item) => [
        ['HDEL', 'directory', itemId(item)],
        announcement(JSON.stringify({ kind: item.kind, name: item.name, deleted: true })),
      ]),
    );
  }

  /** Runs commands in a transaction. */
  async #do(commands: readonly (readonly string[])[]): Promise<readonly unknown[]> {
    if (commands.length === 0) return [];
    const { status, stdout, stderr } = await runInside(
      this.#host,
      ['/usr/bin/python3', '-c', directoryTransaction, String(port)],
      {
        input: JSON.stringify({ password: this.#password, commands }),
        timeout: 30_000,
      },
    );
    if (status !== 0)
      throw new LocalFailure(`the tenant directory does not answer: ${stderr.trim().split('\n').at(-1)}`);
    return JSON.parse(stdout) as readonly unknown[];
  }
}

function announcement(item: string): readonly string[] {
  return ['XADD', 'directory:changes', 'MAXLEN', '~', String(longestStream), '*', 'item', item];
}
