/** A cell as objects of Kubernetes: what each of them says, for the least and the most that a cell can be. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { lateNames } from '../../../lib/fleet/late-bound.ts';
import { parseCell } from '../../../lib/fleet/schema/cell.ts';
import type { CellSpec } from '../../../lib/fleet/schema/cell-types.ts';
import { hostConfig } from '../../../lib/software/cell-host.ts';
import { cellOnNodes } from '../../../lib/targets/kubernetes/cell-on-nodes.ts';
import { manifests } from '../../../lib/targets/kubernetes/manifests.ts';
import type { Container, KubernetesObject } from '../../../lib/targets/kubernetes/objects.ts';
import { withdrawSbc } from '../../../lib/targets/kubernetes/operations/withdrawal.ts';
import { maximal, minimal, minimalInput, movable } from './cells.ts';

interface PodSpec {
  readonly initContainers: readonly Container[];
  readonly containers: readonly Container[];
  readonly volumes: readonly { readonly name: string }[];
  readonly [field: string]: unknown;
}
interface DaemonSet extends KubernetesObject {
  readonly spec: {
    readonly updateStrategy: { readonly type: string };
    readonly template: { readonly metadata: object; readonly spec: PodSpec };
  };
}
interface ConfigMap extends KubernetesObject {
  readonly data: Readonly<Record<string, string>>;
}

const ofKind = (objects: readonly KubernetesObject[], kind: string) => objects.filter((one) => one.kind === kind);
const daemonSets = (spec: CellSpec) => ofKind(manifests(spec), 'DaemonSet') as DaemonSet[];
const configMaps = (spec: CellSpec) => ofKind(manifests(spec), 'ConfigMap') as ConfigMap[];
const podOf = (spec: CellSpec, host: string): PodSpec =>
  daemonSets(spec).find(({ metadata }) => metadata.name === host)!.spec.template.spec;
const all = ({ initContainers, containers }: PodSpec): readonly Container[] => [...initContainers, ...containers];
const names = (objects: readonly KubernetesObject[]) =>
  objects.map(({ kind, metadata }) => `${kind} ${metadata.name.replace(/-[0-9a-f]{10}$/, '-HASH')}`);

const cells = {
  'the smallest cell': minimal,
  'the cell with everything': maximal,
  'a cell whose relays move': movable,
};

describe('the names of objects, which are an interface', () => {
  it('of a cell with 2 SBCs and 3 media hosts', () => {
    expect(names(manifests(minimal))).toEqual([
      'Namespace cellstamp-k8s-a',
      'PriorityClass cellstamp-k8s-a',
      'ServiceAccount sbc',
      'ServiceAccount media',
      'Role find-hosts',
      'RoleBinding find-hosts',
      'ClusterRole cellstamp-k8s-a',
      'ClusterRoleBinding cellstamp-k8s-a',
      'Service hosts',
      'NetworkPolicy nothing-else',
      'PodDisruptionBudget sbc',
      'PodDisruptionBudget media',
      ...['sbc-1', 'sbc-2', 'media-1', 'media-2', 'media-3'].flatMap((host) => [
        `ConfigMap ${host}-HASH`,
        `DaemonSet ${host}`,
      ]),
    ]);
  });

  it('of containers, in the order in which they start', () => {
    const shown = (host: string) =>
      all(podOf(minimal, host)).map(({ name, restartPolicy }) => (restartPolicy ? `${name} (sidecar)` : name));
    expect(shown('sbc-1')).toEqual([
      'node-files',
      'node-settings',
      'node-firewall',
      'database-schema (sidecar)',
      'database-pool (sidecar)',
      'redis-tunnel (sidecar)',
      'cellstamp-flood-guard',
      'kamailio (sidecar)',
      'cellstamp-tables',
      'cellstamp-call-watch',
      'cellstamp-probe',
      'keepalived',
      'follow-hosts',
    ]);
    expect(shown('media-1')).toEqual([
      'node-files',
      'node-settings',
      'node-firewall',
      'kernel-module',
      'media-network',
      'media-guard',
      'rtpengine',
      'freeswitch',
    ]);
  });
});

describe('a cell whose relays move', () => {
  const shown = (host: string) =>
    all(podOf(movable, host)).map(({ name, restartPolicy }) => (restartPolicy ? `${name} (sidecar)` : name));

  it('has what takes them over in every pod', () => {
    expect(shown('media-1')).toEqual([
      'node-files',
      'node-settings',
      'node-firewall',
      'kernel-module',
      'freeswitch (sidecar)',
      'media-network',
      'media-guard',
      'relay-fence',
      'own-calls (sidecar)',
      'guest-calls (sidecar)',
      'rtpengine',
      'rtpengine-guest',
      'cellstamp-relays',
      'follow-hosts',
    ]);
    expect(shown('sbc-1')).toContain('cellstamp-relays (sidecar)');
  });

  it('moves a relay before its pod ends, and every container waits for that', () => {
    const pod = podOf(movable, 'media-1');
    const preStop = (name: string) =>
      all(pod)
        .find((one) => one.name === name)
        ?.lifecycle?.preStop.exec.command.join(' ');
    expect(preStop('cellstamp-relays')).toContain('/usr/local/lib/cellstamp/relays leave');
    for (const name of ['own-calls', 'guest-calls', 'rtpengine', 'rtpengine-guest']) {
      expect(preStop(name)).toContain('/run/drained-cellstamp-relays');
    }
  });

  it('reads no Node, and gives each relay the addresses of the cell’s file', () => {
    expect(manifests(movable).filter(({ kind }) => kind.startsWith('ClusterRole'))).toEqual([]);
    const values = (host: string) => {
      const { data } = configMaps(movable).find(({ metadata }) => metadata.name.startsWith(`${host}-`))!;
      return JSON.parse(data['host.json']!) as { values: object; publicAddress: null };
    };
    expect(values('media-1')).toMatchObject({
      publicAddress: null,
      values: { public_address: '203.0.113.21', guest_public_address: '203.0.113.22' },
    });
    expect(values('media-3')).toMatchObject({
      values: { public_address: '203.0.113.23', guest_public_address: '203.0.113.21' },
    });
  });

  it('has a relay started again in its container, however often others end it', () => {
    const { data } = configMaps(movable).find(({ metadata }) => metadata.name.startsWith('media-1-'))!;
    const script = data['usr_local_lib_cellstamp_start-rtpengine']!;
    const loop = script.slice(script.indexOf('# Other services end it'));
    const folder = mkdtempSync(join(tmpdir(), 'cellstamp-again-'));
    try {
      const file = join(folder, 'times');
      // It ends by itself twice; the third time it is told to stop.
      const program = `bash -c 'echo x >>${file}; [[ $(wc -l <${file}) -lt 3 ]] || { kill -TERM $PPID; sleep 60; }' &`;
      const text = loop.replace(/^\/usr\/local.*\n/gm, '').replace(/^\/usr\/bin\/setpriv .*$/m, () => program);
      expect(spawnSync('bash', ['-c', `set -eu\n${text}`], { timeout: 10_000 }).status).toBe(0);
      expect(readFileSync(file, 'utf8')).toBe('x\nx\nx\n');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe.each(Object.entries(cells))('%s', (_, spec) => {
  const objects = manifests(spec);
  const sets = daemonSets(spec);
  const pods = sets.map(({ metadata, spec: { template } }) => [metadata.name, template.spec] as const);

  it('is the same every time, and nothing but data', () => {
    expect(manifests(spec)).toStrictEqual(objects);
    expect(JSON.parse(JSON.stringify(objects))).toStrictEqual(objects);
  });

  it('has names that Kubernetes takes', () => {
    const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
    const given = [
      ...objects.map(({ metadata }) => metadata.name),
      ...pods.flatMap(([, pod]) => [...all(pod), ...pod.volumes].map(({ name }) => name)),
    ];
    expect(given.filter((name) => !label.test(name))).toEqual([]);
    const keys = configMaps(spec).flatMap(({ data }) => Object.keys(data));
    expect(keys.filter((key) => !/^[-._a-zA-Z0-9]{1,253}$/.test(key))).toEqual([]);
  });

  it('has no object twice, and each in the cell’s namespace or in none', () => {
    expect(new Set(names(objects)).size).toBe(objects.length);
    const nowhere = ['Namespace', 'PriorityClass', 'ClusterRole', 'ClusterRoleBinding'];
    for (const { kind, metadata } of objects) {
      expect(metadata.namespace).toBe(nowhere.includes(kind) ? undefined : `cellstamp-${spec.name}`);
    }
  });

  it('has files that fit into a ConfigMap, no two under one key', () => {
    for (const { metadata, data } of configMaps(spec)) {
      expect(JSON.stringify(data).length, metadata.name).toBeLessThan(2 ** 20);
      const { files } = JSON.parse(data['host.json']!) as { files: { key: string }[] };
      expect(files.length).toBe(new Set(files.map(({ key }) => key)).size);
      expect(files.filter(({ key }) => data[key] === undefined)).toEqual([]);
      expect(Object.keys(data).length).toBe(files.length + 2);
    }
  });

  it('has a value for every mark in its files, and marks nowhere else', () => {
    for (const { data } of configMaps(spec)) {
      const { values, secrets, own, hosts, publicAddress } = JSON.parse(data['host.json']!) as {
        values: Record<string, string>;
        secrets: string[];
        own: string;
        hosts: Record<string, string>;
        publicAddress: { value: string } | null;
      };
      const known = [...Object.keys(values), ...secrets, own, ...Object.values(hosts), publicAddress?.value];
      const texts = Object.entries(data).filter(([key]) => key !== 'node-files');
      const marks = [...new Set(texts.flatMap(([, text]) => lateNames(text)))];
      expect(marks.filter((mark) => !known.includes(mark))).toEqual([]);
      expect(marks).toContain(own);
    }
    expect(lateNames(JSON.stringify(objects.filter(({ kind }) => kind !== 'ConfigMap')))).toEqual([]);
  });

  it('has secrets by reference alone', () => {
    expect(ofKind(objects, 'Secret')).toEqual([]);
    const referred = pods.map(
      ([, pod]) => (pod.volumes.find(({ name }) => name === 'secrets') as { secret?: object } | undefined)?.secret,
    );
    const { sbc, media } = spec.kubernetes!.secrets;
    expect(referred).toMatchObject(
      sets.map(({ metadata }) => ({ secretName: metadata.name.startsWith('sbc') ? sbc : media })),
    );
  });

  it.each(pods)('%s runs on its own node’s network, and ends only when it is told to', (name, pod) => {
    const [role, number] = name.split('-') as ['sbc' | 'media', string];
    const labels = { 'cellstamp.io/cell': spec.name, 'cellstamp.io/role': role, 'cellstamp.io/host': number };
    expect(pod).toMatchObject({ hostNetwork: true, dnsPolicy: 'Default', nodeSelector: labels });
    expect(pod['tolerations']).toEqual([{ key: 'cellstamp.io/cell', operator: 'Equal', value: spec.name }]);
    // Kubernetes refuses kernel settings of a pod on the host's network.
    expect(pod['securityContext']).toEqual({ seccompProfile: { type: 'RuntimeDefault' } });
    expect(sets.find(({ metadata }) => metadata.name === name)?.spec.updateStrategy).toEqual({ type: 'OnDelete' });
    expect(all(pod).map(({ image }) => image)).toEqual(all(pod).map(() => spec.kubernetes!.images[role]));
  });

  it.each(pods)('%s has every service once, after all that it waits for', (name, pod) => {
    const cell = cellOnNodes(spec);
    const { services } = hostConfig(
      cell,
      cell.hosts.find((host) => host.name === name)!,
    );
    const order = all(pod).map((container) => container.name);
    for (const service of services.filter(({ phase }) => phase === 'run')) {
      expect(order.filter((one) => one === service.name)).toHaveLength(1);
      for (const before of service.after.filter((one) => order.includes(one))) {
        const init = pod.initContainers.findIndex((one) => one.name === before);
        expect(init, `${before} before ${service.name}`).toBeGreaterThanOrEqual(0);
        expect(init).toBeLessThan(order.indexOf(service.name));
      }
      const container = all(pod).find((one) => one.name === service.name)!;
      if (service.kind === 'daemon') {
        const asks = service.ready[0] !== '/bin/true';
        const isAwaited = services.some(({ after }) => after.includes(service.name));
        // Whoever waits for it may begin: a sidecar without this question counts as started at once.
        const holds = isAwaited || container.restartPolicy === undefined;
        const asked = container.startupProbe?.exec.command;
        // That of keepalived is asked unless its SBC is drained.
        expect(asked?.slice(-service.ready.length)).toEqual(asks && holds ? service.ready : undefined);
        if (service.name !== 'keepalived') expect(asked?.length ?? 0).toBe(asks && holds ? service.ready.length : 0);
        // One that does not start has no calls, so its end takes no drain.
        expect(container.startupProbe?.terminationGracePeriodSeconds).toBe(
          asks && holds ? service.stopTimeoutSeconds : undefined,
        );
        if (isAwaited) expect(container.startupProbe).toBeDefined();
      }
      const preStop = container.lifecycle?.preStop.exec.command.join(' ') ?? '';
      if (service.drain !== undefined) expect(preStop).toContain(service.drain.command.join(' '));
      else if (service.kind === 'daemon') expect(preStop).toContain('/run/drained-');
    }
  });

  it.each(pods.filter(([name]) => name.startsWith('sbc')))(
    '%s starts what needs the database without waiting for it: an SBC has a copy of its tables',
    (_name, pod) => {
      const names = pod.initContainers.map(({ name }) => name);
      for (const name of ['database-schema', 'database-pool']) {
        const container = pod.initContainers.find((one) => one.name === name)!;
        expect(container).toMatchObject({ restartPolicy: 'Always' });
        expect(container.startupProbe).toBeUndefined();
        expect(names.indexOf(name)).toBeLessThan(names.indexOf('kamailio'));
      }
    },
  );

  it.each(pods)('%s may take as long to end as its drains and its services', (_name, pod) => {
    const drains = all(pod).flatMap(({ lifecycle }) => {
      const command = lifecycle?.preStop.exec.command ?? [];
      const limit = command.indexOf('--preserve-status');
      return limit < 0 ? [] : [Number(command[limit + 1])];
    });
    const longest = Math.max(0, ...drains);
    expect(drains.filter((seconds) => seconds !== spec.kubernetes!.drainMinutes * 60)).toEqual([]);
    expect(Number(pod['terminationGracePeriodSeconds'])).toBeGreaterThanOrEqual(longest + 20);
  });

  it.each(pods)('%s mounts only volumes that it has, no path twice', (_name, pod) => {
    for (const { volumeMounts } of all(pod)) {
      const paths = volumeMounts.map(({ mountPath }) => mountPath);
      expect(new Set(paths).size).toBe(paths.length);
      const known = pod.volumes.map(({ name }) => name);
      expect(volumeMounts.filter(({ name }) => !known.includes(name))).toEqual([]);
    }
  });

  it('lets one host of a role go at a time, by a number', () => {
    const budgets = ofKind(objects, 'PodDisruptionBudget').map(
      (one) => (one['spec'] as { minAvailable: unknown }).minAvailable,
    );
    expect(budgets).toEqual([1, spec.media.hosts - 1]);
  });
});

describe('a media host’s pod that is to end', () => {
  const { initContainers, containers } = podOf(minimal, 'media-1');

  it('has every container that goes on wait until its calls are over', () => {
    const goOn = [...containers, ...initContainers.filter(({ restartPolicy }) => restartPolicy)];
    expect(goOn.filter(({ lifecycle }) => lifecycle === undefined).map(({ name }) => name)).toEqual([]);
  });
});

describe('the SBCs that a host must know before it starts', () => {
  it('are all but itself, and its node keeps their addresses', () => {
    const awaited = configMaps(minimal).map(({ data }) => {
      const { host, sbcs } = JSON.parse(data['host.json']!) as {
        host: string;
        sbcs: { names: string[]; known: string };
      };
      const pod = podOf(minimal, host);
      const [nodeFiles] = pod.initContainers;
      const mount = nodeFiles!.volumeMounts.find(({ mountPath }) => sbcs.known.startsWith(`${mountPath}/`))!;
      expect(mount.readOnly).toBeUndefined();
      expect(pod.volumes.find(({ name }) => name === mount.name)).toMatchObject({
        hostPath: { path: `/var/lib/cellstamp/k8s-a/${host}/known`, type: 'DirectoryOrCreate' },
      });
      return [host, sbcs.names];
    });
    expect(awaited).toEqual([
      ['sbc-1', ['sbc-2']],
      ['sbc-2', ['sbc-1']],
      ...[1, 2, 3].map((number) => [`media-${number}`, ['sbc-1', 'sbc-2']]),
    ]);
  });
});

describe('a container that waits for the drain of another one', () => {
  const wait = podOf(minimal, 'sbc-1').initContainers.find(({ name }) => name === 'kamailio')!.lifecycle!.preStop.exec
    .command;
  const { data } = configMaps(minimal).find(({ metadata }) => metadata.name.startsWith('sbc-1-'))!;
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'cellstamp-drain-'))));
  afterEach(() => rmSync(folder, { recursive: true }));
  const inFolder = (text: string) => text.replaceAll('/run/', `${folder}/`);
  /** Whether it still waits after a while. */
  const waits = () =>
    new Promise<boolean>((resolve) => {
      const [program, ...words] = wait.map(inFolder) as [string, ...string[]];
      const child = spawn(program, words, { stdio: 'inherit' });
      const timer = setTimeout(() => child.kill(), 1500);
      child.on('close', (_, signal) => {
        clearTimeout(timer);
        resolve(signal !== null);
      });
    });
  /** As its start script does, with another program in its place. */
  const start = (argv: string) => {
    const script = inFolder(data['usr_local_lib_cellstamp_start-keepalived']!);
    const [begin] = /# Others wait.*\n.*\n/.exec(script)!;
    return spawn('/bin/bash', ['-c', `set -eu\n${begin}exec ${argv}`], { stdio: 'inherit' });
  };

  it('does not wait for one that was never started', async () => {
    expect(await waits()).toBe(false);
  });

  it('waits for one that runs, until it has ended its drain', async () => {
    const runs = start('sleep 60');
    try {
      await vi.waitFor(() => expect(readFileSync(join(folder, 'started-keepalived'), 'utf8')).toBe(`${runs.pid}\n`));
      expect(await waits()).toBe(true);
      writeFileSync(join(folder, 'drained-keepalived'), '');
      expect(await waits()).toBe(false);
    } finally {
      runs.kill();
    }
  });

  it('does not wait for one that has died', async () => {
    await new Promise((resolve) => start('true').on('close', resolve));
    expect(readFileSync(join(folder, 'started-keepalived'), 'utf8')).toMatch(/^\d+\n$/);
    expect(await waits()).toBe(false);
  });
});

describe('keepalived of an SBC that is drained', () => {
  const { data } = configMaps(minimal).find(({ metadata }) => metadata.name.startsWith('sbc-1-'))!;
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'cellstamp-withdrawn-'))));
  afterEach(() => rmSync(folder, { recursive: true }));
  const mark = () => join(folder, 'withdrawn');
  /** Its start script, with another program in its place. */
  const start = (program: string) => {
    const text = data['usr_local_lib_cellstamp_start-keepalived']!.replaceAll(
      /\/(cellstamp\/known|run)\//g,
      `${folder}/`,
    );
    const script = text.replace(/^\S*interface$/m, 'true').replace(/^\/usr\/bin\/setpriv.* &$/m, () => `${program} &`);
    expect(script).toContain(`${program} &`);
    return spawn('/bin/bash', ['-c', script], { stdio: ['inherit', 'pipe', 'inherit'] });
  };
  const begun = () => expect(readFileSync(join(folder, 'begun'), 'utf8')).toBe('1\n');
  const program = () => `bash -c 'echo 1 >>${folder}/begun; echo $$ >${folder}/pid; exec sleep 60'`;
  const end = (child: ChildProcess) => new Promise((resolve) => child.on('close', resolve));

  const drainedBefore = () => {
    writeFileSync(mark(), '');
    utimesSync(mark(), new Date(), new Date('2026-10-31T09:00:00Z'));
  };

  it('does not start before the SBC is readmitted, and says once since when it is drained', async () => {
    drainedBefore();
    const script = start(program());
    let said = '';
    script.stdout!.on('data', (text: Buffer) => (said += text.toString()));
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(existsSync(join(folder, 'begun'))).toBe(false);
    expect(said).toBe(
      'start-keepalived: waits for npx cellstamp undrain; drained on this node since 2026-10-31T09:00:00Z\n',
    );
    rmSync(mark());
    await vi.waitFor(begun, 3000);
    const ended = end(script);
    script.kill();
    expect(await ended).toBe(0);
    expect(() => process.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')), 0)).toThrow();
  });

  it('waits when it is ended by a drain, and is for the kubelet to see when it ends by itself', async () => {
    const script = start(program());
    await vi.waitFor(begun, 3000);
    writeFileSync(mark(), '');
    process.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')));
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(script.exitCode).toBe(null);
    rmSync(mark());
    await vi.waitFor(() => expect(readFileSync(join(folder, 'begun'), 'utf8')).toBe('1\n1\n'), 3000);
    const ended = end(script);
    process.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')), 'SIGKILL');
    expect(await ended).toBe(137);
  });

  it('is not ready, and its probe says since when', () => {
    const { readinessProbe } = all(podOf(minimal, 'sbc-1')).find(({ name }) => name === 'keepalived')!;
    const [shell, ...words] = readinessProbe!.exec.command.map((word) =>
      word.replaceAll('/cellstamp/known/', `${folder}/`),
    );
    drainedBefore();
    const { status, stdout } = spawnSync(shell!, words, { encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 1, stdout: 'drained on this node since 2026-10-31T09:00:00Z\n' });
  });

  it('stays drained since the first time when it is drained twice', () => {
    drainedBefore();
    const [, , ...words] = withdrawSbc.argv.map((word) => word.replaceAll(/\/(cellstamp\/known|run)\//g, `${folder}/`));
    expect(spawnSync(words[0]!, words.slice(1)).status).toBe(0);
    expect(statSync(mark()).mtime).toEqual(new Date('2026-10-31T09:00:00Z'));
  });
});

describe('what a pod asks of its node', () => {
  const asked = (spec: CellSpec, host: string) =>
    Object.fromEntries(
      all(podOf(spec, host)).flatMap(({ name, resources }) => (resources ? [[name, resources.requests]] : [])),
    );

  it('is what all calls take that the cell admits', () => {
    // 200 calls a second by 0.57 ms, 2,500 calls by 2,700 a core, 900 sessions by 460 a core.
    expect(asked(minimal, 'sbc-1')).toEqual({ kamailio: { cpu: '120m', memory: '2560Mi' } });
    expect(asked(minimal, 'media-1')).toEqual({ rtpengine: { cpu: '930m' }, freeswitch: { cpu: '1960m' } });
    // In user space 460 a core.
    const preferred = parseCell({ ...minimalInput, media: { hosts: 3, kernelForwarding: 'preferred' } });
    expect(asked(preferred, 'media-1')).toMatchObject({ rtpengine: { cpu: '5440m' } });
  });

  it('has no limit, which would cut audio or end calls', () => {
    const limited = ['sbc-1', 'media-1'].flatMap((host) =>
      all(podOf(maximal, host)).filter(({ resources }) => resources && 'limits' in resources),
    );
    expect(limited).toEqual([]);
  });
});

describe('what is beside the hosts in the namespace', () => {
  it('is reached by nobody and reaches nobody; the hosts are left alone', () => {
    const [policy] = ofKind(manifests(minimal), 'NetworkPolicy');
    expect(policy!['spec']).toEqual({
      podSelector: { matchExpressions: [{ key: 'cellstamp.io/host', operator: 'DoesNotExist' }] },
      policyTypes: ['Ingress', 'Egress'],
    });
  });
});

describe('the files of an old release', () => {
  it('are not to be pruned, because a pod that runs still has them', () => {
    for (const { metadata } of configMaps(minimal)) {
      expect(metadata.annotations).toEqual({
        'argocd.argoproj.io/sync-options': 'Prune=false',
        'kustomize.toolkit.fluxcd.io/prune': 'disabled',
      });
    }
  });
});

describe('the keys of the Secrets, which whoever makes them must know', () => {
  const keys = (host: string) =>
    configMaps(minimal)
      .filter(({ metadata }) => metadata.name.startsWith(`${host}-`))
      .flatMap(({ data }) => (JSON.parse(data['host.json']!) as { secrets: string[] }).secrets);

  it('are these', () => {
    expect(keys('sbc-1')).toEqual([
      'data_ca_certificate',
      'database_admin_password',
      'database_sbc_password',
      'digest_secret',
      'redis_password',
      'sip_certificate',
      'sip_key',
      'topology_secret',
    ]);
    expect(keys('media-1')).toEqual(['event_socket_password']);
  });
});

describe('what a container may', () => {
  const contexts = (spec: CellSpec, host: string) =>
    Object.fromEntries(all(podOf(spec, host)).map(({ name, securityContext }) => [name, securityContext]));

  it('is privileged only to set the node up', () => {
    const privileged = (spec: CellSpec, host: string) =>
      Object.entries(contexts(spec, host)).flatMap(([name, { privileged: is }]) => (is ? [name] : []));
    expect(privileged(minimal, 'sbc-1')).toEqual(['node-settings']);
    expect(privileged(minimal, 'media-1')).toEqual(['node-settings', 'kernel-module', 'media-network']);
    expect(privileged(maximal, 'media-1')).toEqual(['node-settings', 'media-network']);
  });

  it('never writes to its image, and gets no privilege that it does not begin with', () => {
    for (const spec of [minimal, maximal]) {
      for (const host of ['sbc-1', 'media-1']) {
        for (const context of Object.values(contexts(spec, host))) {
          expect(context.readOnlyRootFilesystem).toBe(true);
          if (context.privileged) continue;
          expect(context.allowPrivilegeEscalation).toBe(false);
          expect(context.capabilities?.drop).toEqual(['ALL']);
        }
      }
    }
  });

  it('is never root’s where the service has nothing done by root', () => {
    const users = Object.entries(contexts(minimal, 'sbc-1')).filter(([, { runAsNonRoot }]) => runAsNonRoot);
    expect(users.map(([name, { runAsUser }]) => [name, runAsUser])).toEqual([
      ['database-pool', 901],
      ['redis-tunnel', 904],
      ['cellstamp-tables', 901],
      ['cellstamp-call-watch', 901],
      ['cellstamp-probe', 901],
    ]);
  });

  it('has a capability where the service asks for it', () => {
    const having = (spec: CellSpec, host: string, capability: string) =>
      Object.entries(contexts(spec, host)).flatMap(([name, { capabilities }]) =>
        capabilities?.add?.includes(capability) ? [name] : [],
      );
    expect(having(minimal, 'sbc-1', 'NET_ADMIN')).toEqual([
      'node-firewall',
      'cellstamp-flood-guard',
      'keepalived',
      'follow-hosts',
    ]);
    expect(having(minimal, 'media-1', 'NET_ADMIN')).toEqual(['node-firewall', 'media-guard', 'rtpengine']);
    expect(having(maximal, 'media-1', 'NET_ADMIN')).toEqual(['node-firewall', 'media-guard']);
    expect(having(maximal, 'sbc-1', 'NET_BIND_SERVICE')).toEqual(['kamailio']);
  });

  it('asks the API server in its first container alone', () => {
    const asking = all(podOf(minimal, 'media-1')).filter(({ volumeMounts }) =>
      volumeMounts.some(({ name }) => name === 'api-access'),
    );
    expect(asking.map(({ name }) => name)).toEqual(['node-files']);
    expect(podOf(minimal, 'media-1')['automountServiceAccountToken']).toBe(false);
  });
});

describe('a change of the cell', () => {
  const changed = (input: object) => {
    const before = new Map(manifests(minimal).map((one) => [`${one.kind} ${one.metadata.name}`, JSON.stringify(one)]));
    const after = manifests(parseCell({ ...minimalInput, ...input }));
    const differ = after.filter((one) => before.get(`${one.kind} ${one.metadata.name}`) !== JSON.stringify(one));
    return names(differ).filter((name) => !name.startsWith('ConfigMap'));
  };

  it('of a tenant changes no object: tenants are data', () => {
    const tenant = { name: 'acme', domain: 'acme.example.com', limits: { calls: 7 } };
    expect(changed({ tenants: [tenant] })).toEqual([]);
  });

  it('of a port changes the pods of that role alone', () => {
    const media = { hosts: 3, freeswitch: { ports: '16384-19000' } };
    expect(changed({ media })).toEqual(['DaemonSet media-1', 'DaemonSet media-2', 'DaemonSet media-3']);
  });

  it('of a role’s image changes the pods of that role alone', () => {
    const { images, ...rest } = minimalInput.kubernetes;
    const sbc = images.sbc.replaceAll('0a', '0b');
    expect(changed({ kubernetes: { ...rest, images: { ...images, sbc } } })).toEqual([
      'DaemonSet sbc-1',
      'DaemonSet sbc-2',
    ]);
  });

  it('is refused where the cell is not on Kubernetes', () => {
    expect(() => manifests(parseCell({ name: 'euw1-a', region: 'eu-west-1', local: {} }))).toThrow(
      "euw1-a can't be built on Kubernetes",
    );
  });
});
