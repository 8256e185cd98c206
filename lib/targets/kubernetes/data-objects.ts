/**
 * PostgreSQL and Redis in the cluster: a Cluster of CloudNativePG, or StatefulSets of one pod for laptops and tests. Their Services have the
 * addresses that the cell's file gives, since the pods of hosts ask no DNS of the cluster.
 */
import type { Cell } from '../../fleet/derive/cell.ts';
import { internalPorts } from '../../fleet/schema/fixed.ts';
import { usualInstances } from '../../fleet/schema/targets/kubernetes.ts';
import { kubernetesOf } from '../../fleet/schema/targets/on-kubernetes.ts';
import { databaseNames } from '../../software/postgresql/names.ts';
import { cellLabels, cellName } from './names.ts';
import type { KubernetesObject } from './objects.ts';
import { userNumber, type UserName } from './users.ts';

type Part = 'database' | 'redis';

/** By which the NetworkPolicy and the Service find a pod. */
const partLabel = 'cellstamp.io/data';

const ports = { database: internalPorts.postgresql, redis: internalPorts.redis } as const;

/** Names that CloudNativePG reads: Secrets in the formats that it asks for. */
const forOperator = { tls: 'database-tls', authorities: 'database-ca', admin: 'database-admin' } as const;

export function dataObjects(cell: Cell): readonly KubernetesObject[] {
  const { database, redis } = kubernetesOf(cell.spec);
  return [
    ...(database.inCluster?.by === 'cloudnative-pg' ? [clusterPolicy(cell), cluster(cell, database.inCluster)] : []),
    ...(database.inCluster?.by === 'statefulset' ? statefulSet(cell, 'database', database.inCluster) : []),
    ...(redis.inCluster === undefined ? [] : statefulSet(cell, 'redis', redis.inCluster)),
  ];
}

interface Storage {
  readonly storage: string;
  readonly storageClass?: string | undefined;
}

const metadata = (cell: Cell, name: string) => ({ name, namespace: cellName(cell), labels: cellLabels(cell) });

/** Hosts have the node's network, so they come from the cell's own range. */
const fromHosts = (cell: Cell, part: Part) => ({
  from: [{ ipBlock: { cidr: cell.spec.network } }],
  ports: [{ protocol: 'TCP', port: ports[part] }],
});

// --- CloudNativePG

function cluster(
  cell: Cell,
  { instances = usualInstances, storage, storageClass }: Storage & { readonly instances?: number | undefined },
): KubernetesObject {
  const { database } = kubernetesOf(cell.spec);
  return {
    apiVersion: 'postgresql.cnpg.io/v1',
    kind: 'Cluster',
    metadata: metadata(cell, 'database'),
    spec: {
      instances,
      // The budget of a single instance would let nobody drain its node.
      ...(instances === 1 ? { enablePDB: false } : {}),
      storage: { size: storage, ...(storageClass === undefined ? {} : { storageClass }) },
      bootstrap: {
        initdb: { database: databaseNames.database, owner: database.adminUser, secret: { name: forOperator.admin } },
      },
      managed: {
        // The schema's owner makes the user of the SBCs.
        roles: [
          {
            name: database.adminUser,
            ensure: 'present',
            login: true,
            createrole: true,
            passwordSecret: { name: forOperator.admin },
          },
        ],
        services: {
          additional: [
            {
              selectorType: 'rw',
              serviceTemplate: { metadata: { name: 'database' }, spec: { clusterIP: database.host } },
            },
          ],
        },
      },
      // The operator's own certificate is not for the Service's address, and hosts ask for that.
      certificates: { serverTLSSecret: forOperator.tls, serverCASecret: forOperator.authorities },
    },
  };
}

/** In whichever namespace it is (https://cloudnative-pg.io/documentation/current/networking/). */
const operator = {
  namespaceSelector: {},
  podSelector: { matchLabels: { 'app.kubernetes.io/name': 'cloudnative-pg' } },
} as const;

/** Beside the hosts, the instances reach each other, and the operator reaches them; they ask the API server. */
function clusterPolicy(cell: Cell): KubernetesObject {
  const instances = { matchLabels: { 'cnpg.io/cluster': 'database' } };
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: metadata(cell, 'database'),
    spec: {
      podSelector: instances,
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        fromHosts(cell, 'database'),
        { from: [{ podSelector: { matchLabels: { 'cnpg.io/cluster': 'database' } } }] },
        { from: [operator], ports: [8000, ports.database].map((port) => ({ protocol: 'TCP', port })) },
      ],
      egress: [{}],
    },
  };
}

// --- StatefulSets

const users = { database: 'postgres', redis: 'redis' } as const satisfies Record<Part, UserName>;

const folders = { data: '/data', secrets: '/cellstamp/secrets', run: '/run/data' } as const;

/** Says of itself what it is, to whoever describes it. */
const description = 'One pod without a replica or a backup, for laptops and tests';

function statefulSet(cell: Cell, part: Part, { storage, storageClass }: Storage): readonly KubernetesObject[] {
  const kubernetes = kubernetesOf(cell.spec);
  const about = metadata(cell, part);
  const labels = { ...about.labels, [partLabel]: part };
  const number = userNumber(users[part]);
  const command = ['/bin/bash', '-euc', part === 'database' ? startPostgresql(kubernetes.database) : startRedis];
  const asks = part === 'database' ? ['/usr/bin/pg_isready', '--host=127.0.0.1'] : ['/bin/bash', '-c', askRedis];
  return [
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: about,
      spec: {
        podSelector: { matchLabels: labels },
        policyTypes: ['Ingress', 'Egress'],
        ingress: [fromHosts(cell, part)],
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: about,
      spec: {
        clusterIP: kubernetes[part].host,
        selector: labels,
        ports: [{ name: part, protocol: 'TCP', port: ports[part], targetPort: ports[part] }],
      },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { ...about, annotations: { 'kubernetes.io/description': description } },
      spec: {
        serviceName: part,
        replicas: 1,
        updateStrategy: { type: 'OnDelete' },
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            enableServiceLinks: false,
            automountServiceAccountToken: false,
            terminationGracePeriodSeconds: 60,
            securityContext: {
              runAsUser: number,
              runAsGroup: number,
              runAsNonRoot: true,
              fsGroup: number,
              fsGroupChangePolicy: 'OnRootMismatch',
              seccompProfile: { type: 'RuntimeDefault' },
            },
            containers: [
              {
                name: part,
                image: kubernetes.images.data,
                command,
                readinessProbe: { exec: { command: asks }, periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 3 },
                ...(part === 'database' ? { lifecycle: { preStop: { exec: { command: stopPostgresql } } } } : {}),
                terminationMessagePolicy: 'FallbackToLogsOnError',
                securityContext: {
                  allowPrivilegeEscalation: false,
                  readOnlyRootFilesystem: true,
                  capabilities: { drop: ['ALL'] },
                },
                volumeMounts: [
                  { name: 'data', mountPath: folders.data },
                  { name: 'secrets', mountPath: folders.secrets, readOnly: true },
                  { name: 'run', mountPath: folders.run },
                  { name: 'run', mountPath: '/tmp' },
                ],
              },
            ],
            volumes: [
              // The group reads it, and PostgreSQL takes no key that others can read.
              { name: 'secrets', secret: { secretName: kubernetes.secrets.data, defaultMode: 0o440 } },
              { name: 'run', emptyDir: { medium: 'Memory' } },
            ],
          },
        },
        volumeClaimTemplates: [
          {
            apiVersion: 'v1',
            kind: 'PersistentVolumeClaim',
            metadata: { name: 'data' },
            spec: {
              accessModes: ['ReadWriteOnce'],
              ...(storageClass === undefined ? {} : { storageClassName: storageClass }),
              resources: { requests: { storage } },
            },
          },
        ],
      },
    },
  ];
}

const secret = (key: string): string => `${folders.secrets}/${key}`;

/** Recovery after a crash takes as long as it takes: pg_ctl gives up after a minute otherwise, and that would end the pod in the middle of it. */
const patience = ['--wait', '--timeout=86400'];

/**
 * Makes the database once, and gives its owner the password of the Secret at every start. The folder gets its name when all in it is on disk.
 * The kubelet gives a volume to the pod's group, and PostgreSQL takes no folder in which a group may write.
 */
const startPostgresql = ({
  adminUser,
}: {
  readonly adminUser: string;
}): string => `export PATH=/usr/lib/postgresql/15/bin:$PATH
data=${folders.data}/postgresql
if [[ ! -e $data ]]; then
  rm -rf $data.new
  initdb --pgdata=$data.new --username=postgres --auth-local=trust --auth-host=scram-sha-256 >/dev/null
  echo 'hostssl all all all scram-sha-256' >>$data.new/pg_hba.conf
  sync $data.new/pg_hba.conf
  mv $data.new $data
  sync ${folders.data}
fi
chmod 0700 $data
pg_ctl --pgdata=$data ${patience.join(' ')} --silent --options="-c listen_addresses='' -k ${folders.run}" start
sql() { psql --no-psqlrc --quiet --host=${folders.run} --username=postgres --set=ON_ERROR_STOP=1 "$@"; }
sql --set=password="$(<${secret('database_admin_password')})" <<'SQL'
SELECT 'CREATE ROLE ${adminUser}' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${adminUser}') \\gexec
ALTER ROLE ${adminUser} LOGIN CREATEROLE PASSWORD :'password';
SELECT 'CREATE DATABASE ${databaseNames.database} OWNER ${adminUser}' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '${databaseNames.database}') \\gexec
SQL
pg_ctl --pgdata=$data ${patience.join(' ')} --silent --mode=fast stop
exec postgres -D $data -k ${folders.run} -c listen_addresses='*' -c port=${ports.database} -c password_encryption=scram-sha-256 \\
  -c ssl=on -c ssl_cert_file=${secret('data_certificate')} -c ssl_key_file=${secret('data_key')}`;

/** The signal that a pod gets has it wait for its clients, and hosts stay connected. */
const stopPostgresql = [
  '/usr/lib/postgresql/15/bin/pg_ctl',
  `--pgdata=${folders.data}/postgresql`,
  '--mode=fast',
  ...patience,
  'stop',
];

const startRedis = `umask 077
{
  echo "requirepass $(<${secret('redis_password')})"
  cat <<'CONF'
bind 0.0.0.0
port 0
tls-port ${ports.redis}
tls-cert-file ${secret('data_certificate')}
tls-key-file ${secret('data_key')}
tls-ca-cert-file ${secret('data_ca_certificate')}
tls-auth-clients no
dir ${folders.data}
appendonly yes
save ""
maxmemory-policy noeviction
CONF
} >${folders.run}/redis.conf
exec redis-server ${folders.run}/redis.conf`;

/** After a change of the Secret, Redis still has the password that it started with, and answers NOAUTH. One that loads its data answers LOADING. */
const askRedis = `REDISCLI_AUTH=$(<${secret('redis_password')}) redis-cli --tls --insecure -p ${ports.redis} ping | grep -qE 'PONG|NOAUTH'`;
