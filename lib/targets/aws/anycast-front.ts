import { SecretsmanagerSecret } from '@cdktf/provider-aws/lib/secretsmanager-secret/index.js';
import { SsmParameter } from '@cdktf/provider-aws/lib/ssm-parameter/index.js';
import { Fn, type TerraformProvider } from 'cdktf';
import { Construct } from 'constructs';
import { deriveFront, type Front, type FrontRegion } from '../../fleet/derive/front.ts';
import { frontFile, type FrontSpec } from '../../fleet/schema/front.ts';
import { checkRules } from '../../fleet/schema/spec-error.ts';
import { awsOf } from '../../fleet/schema/targets/on-aws.ts';
import { Accelerator } from './accelerator.ts';
import { DirectoryEntry } from './directory-entry.ts';
import { EdgePop } from './edge-pop.ts';
import { edgeList } from './host/learn-edges.ts';
import { checkAgainstOthers, checkRegion } from './fleet-rules.ts';
import { FrontZone } from './front-zone.ts';
import { recoveryDays } from './site-key.ts';
import { resourceName, sitePath } from './site.ts';
import { TenantDirectory } from './tenant-directory.ts';
import { transformAll, type Transform } from './transform.ts';

export interface AnycastFrontProps {
  /** A complete spec: `parseFront({ domain: 'voice.example.com', regions: [...], aws: {} })`. */
  readonly spec: FrontSpec;
  /** A provider for each region of the spec, by region. What belongs to no region is made by the first one's. */
  readonly providers: Readonly<Record<string, TerraformProvider>>;
  /** Has the last word on every resource. @default - none */
  readonly transform?: Transform;
}

/**
 * The whole front on AWS: anycast addresses, edges in every region, the tenant directory and the DNS zone. It knows nothing of
 * a cell: cells enter themselves into the directory, and read the edges' addresses from a parameter.
 *
 * The stack's own provider must be that of the spec's first region (`FrontStack` does it).
 */
export class AnycastFront extends Construct {
  readonly front: Front;
  readonly accelerator: Accelerator;
  readonly directory: TenantDirectory;
  /** Certificate of SIP over TLS, with a copy in every region: an operator fills it in once. Undefined where TLS is off. */
  readonly sipTls: SecretsmanagerSecret | undefined;
  /** Keys with which edges prove what they say, with a copy in every region: the first edge that finds it empty fills it. */
  readonly edgeKeys: SecretsmanagerSecret;
  /** By region. */
  readonly pops: ReadonlyMap<string, EdgePop>;
  readonly zone: FrontZone;

  constructor(scope: Construct, id: string, props: AnycastFrontProps) {
    super(scope, id);
    checkRules('front', props.spec, frontFile);
    awsOf(props.spec);
    const front = deriveFront(props.spec);
    checkRegions(front, props.providers);
    this.front = front;
    checkAgainstOthers(this, 'front', props.spec);
    checkRegion(this, { name: `front ${front.name}`, region: front.regions[0]!.region });
    for (const { region } of front.regions)
      checkRegion(this, { name: `front ${front.name} in ${region}`, region }, props.providers[region]);

    this.accelerator = new Accelerator(this, 'accelerator', { front });
    this.directory = new TenantDirectory(this, 'directory', { front });
    this.sipTls = props.spec.edge.transports.tls === 'off' ? undefined : this.certificate(front);
    this.edgeKeys = this.keys(front);
    this.pops = new Map(
      front.regions.map((region) => [region.region, this.pop(region, props.providers[region.region]!)]),
    );
    for (const region of front.regions) {
      const instances = [...this.pops.get(region.region)!.hosts.values()].map(({ instance }) => instance.id);
      this.accelerator.serve(region, instances);
    }

    const addresses = Object.fromEntries(
      [...this.pops.values()].flatMap((pop) => [...pop.addresses].map(([name, { publicIp }]) => [name, publicIp])),
    );
    this.enterEdges(addresses);
    this.tellCells(addresses);
    this.zone = new FrontZone(this, 'zone', {
      front,
      addresses: { service: this.accelerator.addresses, edges: addresses },
    });
    transformAll(this, props.transform);
  }

  private pop(region: FrontRegion, provider: TerraformProvider): EdgePop {
    const { front } = this;
    return new EdgePop(this, region.region, {
      front,
      region,
      anycastAddresses: this.accelerator.addresses,
      directoryTableName: this.directory.table.name,
      edgeKeysSecret: {
        name: edgeList(front.spec).keysSecret,
        arn: inRegion(this.edgeKeys.arn, front, region.region),
        isCopy: region.region !== front.regions[0]!.region,
      },
      ...(this.sipTls ? { sipTlsSecretArn: inRegion(this.sipTls.arn, front, region.region) } : {}),
      provider,
    });
  }

  /** @param addresses the edges' own, by their names */
  private enterEdges(addresses: Readonly<Record<string, string>>): void {
    for (const { name } of this.front.edges) {
      new DirectoryEntry(this, `${name}-entry`, {
        tableName: this.directory.table.name,
        entry: { kind: 'edge', name, address: addresses[name]! },
      });
    }
  }

  private tellCells(addresses: Readonly<Record<string, string>>): void {
    const { front } = this;
    new SsmParameter(this, 'edges', {
      name: edgeList(front.spec).parameter,
      description: `Own addresses of the edges of ${front.name}: the SBCs of every cell read them`,
      type: 'StringList',
      value: Object.values(addresses).join(','),
      tags: { Name: resourceName(front, 'edges') },
    });
  }

  private keys(front: Front): SecretsmanagerSecret {
    return new SecretsmanagerSecret(this, 'edge-keys', {
      // The SBCs of every cell know it by its name alone.
      name: edgeList(front.spec).keysSecret,
      description: 'Keys with which edges prove to cells what they say: the first edge makes one',
      // So that a front can be created again under its name at once. Nothing is lost: the next front makes its own.
      recoveryWindowInDays: 0,
      replica: front.regions.slice(1).map(({ region }) => ({ region })),
      tags: { Name: resourceName(front, 'edge-keys') },
    });
  }

  private certificate(front: Front): SecretsmanagerSecret {
    return new SecretsmanagerSecret(this, 'sip-tls', {
      namePrefix: `${sitePath(front).slice(1)}/sip-tls-`,
      description: 'Certificate and key of SIP over TLS: fill in {"certificate", "key"}',
      recoveryWindowInDays: recoveryDays,
      // Each copy under the key that AWS keeps for secrets in its region.
      replica: front.regions.slice(1).map(({ region }) => ({ region })),
      tags: { Name: resourceName(front, 'sip-tls') },
    });
  }
}

/** ARN of a copied secret: the original's but for the region. */
function inRegion(arn: string, front: Front, region: string): string {
  const home = front.regions[0]!.region;
  return region === home ? arn : Fn.replace(arn, `:${home}:`, `:${region}:`);
}

/** @throws Error when a region has no provider */
function checkRegions({ name, regions }: Front, providers: AnycastFrontProps['providers']): void {
  for (const { region } of regions) {
    if (!providers[region]) {
      const given = Object.keys(providers).join(', ') || 'none';
      throw new Error(`front ${name}: region ${region} needs a provider; there are ${given}`);
    }
  }
}
