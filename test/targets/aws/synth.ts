import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AwsProvider } from '@cdktf/provider-aws/lib/provider/index.js';
import { Testing, TerraformStack, type App } from 'cdktf';
import { afterAll } from 'vitest';
import { deriveCell, type Cell } from '../../../lib/fleet/derive/cell.ts';
import { deriveFront, type Front } from '../../../lib/fleet/derive/front.ts';
import { parseCell, type CellInput } from '../../../lib/fleet/schema/cell.ts';
import { parseFront, type FrontInput } from '../../../lib/fleet/schema/front.ts';

/** Resources and data of a stack, by type and name. */
export class Synthesised {
  private readonly config: {
    readonly resource?: Record<string, Record<string, Record<string, unknown>>>;
    readonly data?: Record<string, Record<string, Record<string, unknown>>>;
  };

  constructor(readonly text: string) {
    this.config = JSON.parse(text) as Synthesised['config'];
  }

  /** All resources of a type. */
  all(type: string): readonly Record<string, unknown>[] {
    return Object.values(this.config.resource?.[type] ?? {});
  }

  /** The ids of the constructs that made the resources of a type, joined: `network_public-a`. */
  names(type: string): readonly string[] {
    return Object.keys(this.config.resource?.[type] ?? {}).map((name) => name.replace(/_[0-9A-F]{8}$/, ''));
  }

  /** The one resource of a type whose construct has this id; of the whole stack if none is given. */
  one(type: string, id?: string): Record<string, unknown> {
    const names = this.names(type);
    const found = this.all(type).filter((_, index) => id === undefined || `_${names[index]}`.endsWith(`_${id}`));
    if (found.length !== 1) throw new Error(`${found.length} of ${type} ${id ?? ''}: ${names.join(', ')}`);
    return found[0]!;
  }

  data(type: string): readonly Record<string, unknown>[] {
    return Object.values(this.config.data?.[type] ?? {});
  }

  types(): readonly string[] {
    return Object.keys(this.config.resource ?? {}).sort();
  }
}

const folders: string[] = [];
afterAll(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** An app whose folder goes when the tests of the file have ended; cdktf leaves its own. */
export function testApp(): App {
  const outdir = mkdtempSync(join(tmpdir(), 'cellstamp-synth-'));
  folders.push(outdir);
  return Testing.app({ outdir });
}

/** Synthesises what `build` puts into a stack of a region, all validations included. */
export function synth(build: (stack: TerraformStack) => void, region = 'eu-west-1'): Synthesised {
  const stack = new TerraformStack(testApp(), 'test');
  new AwsProvider(stack, 'aws', { region });
  build(stack);
  return new Synthesised(Testing.synth(stack, true));
}

/** The smallest spec that a person can write. */
export const minimal: CellInput = { name: 'euw1-a', region: 'eu-west-1', aws: {} };

/** A spec in which everything that AWS makes differs from the default. */
export const maximal: CellInput = {
  name: 'a-cell-of-20-letters',
  region: 'ap-northeast-2',
  size: 'small',
  network: '10.32.0.0/16',
  sbc: { transports: { udp: 5080, tcp: 'off', tls: 5443 } },
  media: {
    hosts: 6,
    kernelForwarding: 'off',
    relay: { ports: '20000-29999' },
    freeswitch: { install: 'image' },
  },
  database: { readers: 2 },
  redis: { replicas: 2 },
  aws: {
    zones: ['a', 'b', 'c', 'd'],
    sbc: { instanceType: 'c6i.2xlarge' },
    media: { instanceType: 'c6in.4xlarge' },
    database: { version: '16.6', instanceClass: 'db.r6g.xlarge', backupRetentionDays: 35 },
    redis: { version: '7.0', nodeType: 'cache.m6g.xlarge' },
    maintenanceWindow: 'sun:03:00-sun:04:00',
    retention: { logDays: 365 },
    image: 'ami-0123456789abcdef0',
    alarmEmails: ['noc@example.com', 'oncall@example.com'],
  },
};

/** The smallest front that a person can write. */
export const minimalFront: FrontInput = {
  domain: 'voice.example.com',
  regions: [{ region: 'eu-west-1', network: '10.15.0.0/24' }],
  aws: {},
};

/** A front in which everything that AWS makes differs from the default. */
export const maximalFront: FrontInput = {
  name: 'a-front-of-20-letter',
  domain: 'sip.example.net',
  anycast: { clientAffinity: 'none' },
  regions: [
    {
      region: 'ap-southeast-2',
      network: '10.40.0.0/20',
      edges: 3,
      aws: { zones: ['a', 'b', 'c'], trafficDial: 50 },
    },
    { region: 'eu-central-1', network: '10.40.16.0/22', aws: { zones: ['b'] } },
    { region: 'us-east-1', network: '10.40.20.0/24' },
  ],
  edge: { transports: { udp: 5080, tcp: 'off', tls: 5443 } },
  health: { port: 8090, intervalSeconds: 30, threshold: 2 },
  directory: { pollSeconds: 0.5 },
  aws: {
    anycast: { ranges: ['198.51.100.0/24', '203.0.113.0/24'] },
    edge: { instanceType: 'c6i.xlarge' },
    image: 'ami-0123456789abcdef0',
    alarmEmails: ['noc@example.com'],
  },
};

export function frontOf(input: FrontInput): Front {
  return deriveFront(parseFront(input));
}

export function cellOf(input: CellInput): Cell {
  return deriveCell(parseCell(input));
}
