import { describe, expect, it } from 'vitest';
import { VoipCell } from '../../../lib/targets/aws/voip-cell.ts';
import { hostConfig } from '../../../lib/software/cell-host.ts';
import { parseCell, type CellInput } from '../../../lib/fleet/schema/cell.ts';
import { parseFront } from '../../../lib/fleet/schema/front.ts';
import { cellOf, maximal, minimal, minimalFront, synth, type Synthesised } from './synth.ts';

const voipCell = (input: CellInput) =>
  synth((stack) => void new VoipCell(stack, 'cell', { spec: parseCell(input) }), input.region);

interface Parameter {
  readonly values: Record<string, string>;
  readonly secrets: Record<string, string>;
}

const parameter = (made: Synthesised, host: string) =>
  JSON.parse(String(made.one('aws_ssm_parameter', `${host}-bundle_parameter`)['value'])) as Parameter;

describe('VoipCell', () => {
  const small = voipCell(minimal);
  const large = voipCell(maximal);

  it('is two SBCs, four media hosts, a database with a reader and Redis for the smallest spec', () => {
    expect(small.all('aws_instance')).toHaveLength(6);
    expect(small.all('aws_rds_cluster_instance')).toHaveLength(2);
    expect(small.all('aws_elasticache_replication_group')).toHaveLength(1);
    expect(small.all('aws_eip')).toHaveLength(7);
    // Else AWS maps none yet, and does not let the gateway go while one is mapped.
    for (const address of small.all('aws_eip')) {
      expect(address['depends_on']).toEqual([expect.stringMatching(/^aws_internet_gateway\./)]);
    }
  });

  it('follows a spec in which everything is different', () => {
    expect(large.all('aws_instance')).toHaveLength(8);
    expect(large.all('aws_rds_cluster_instance')).toHaveLength(3);
    expect(large.all('aws_sns_topic_subscription')).toHaveLength(2);
    expect(large.data('aws_ami')).toEqual([]);
  });

  it('tells a host where its values are: public address, endpoints, and its secrets by name only', () => {
    const sbc = parameter(small, 'sbc-1');
    expect(sbc.values['public_address']).toMatch(/aws_eip\.cell_sbcs_floating-address_\w+\.public_ip/);
    expect(sbc.values['database_host']).toMatch(/aws_rds_cluster\.\S+\.endpoint/);
    expect(sbc.values['redis_host']).toMatch(/primary_endpoint_address/);
    expect(Object.keys(sbc.secrets)).toEqual(['generated', 'sipTls', 'databaseOwner']);
    expect(parameter(small, 'media-2').values['public_address']).toMatch(/media-2-address_\w+\.public_ip/);
    expect(Object.keys(parameter(small, 'media-2').secrets)).toEqual(['signalwireToken']);
    expect(parameter(large, 'media-2').secrets).toEqual({});
  });

  it('has hosts and addresses say whose they are by themselves, as other stacks have no default tags', () => {
    const tags = [...small.all('aws_instance'), ...small.all('aws_eip')].map(
      (resource) => (resource['tags'] as Record<string, string>)['cellstamp:cell'],
    );
    expect(tags).toEqual(Array.from({ length: 13 }, () => 'euw1-a'));
    // What a host needs to report how far it has come.
    expect(String(small.one('aws_iam_role_policy', 'media-role_host-policy')['policy'])).toContain(
      '"aws:ResourceTag/cellstamp:cell":"euw1-a"',
    );
  });

  it('lets a media host read no secret of the SBCs', () => {
    const policy = String(small.one('aws_iam_role_policy', 'media-role_host-policy')['policy']);
    expect(policy).toContain('signalwire-token');
    expect(policy).not.toMatch(/secrets_generated|sip-tls|master_user_secret/);
  });

  it('lets SBCs behind a front read its edges and its keys, in its first region, and nothing else of it', () => {
    const front = parseFront(minimalFront);
    const behind = synth((stack) => void new VoipCell(stack, 'cell', { spec: parseCell(minimal), front }));
    const policy = String(behind.one('aws_iam_role_policy', 'sbc-role_learn-edges-policy')['policy']);
    expect((JSON.parse(policy) as { Statement: object[] }).Statement).toEqual([
      {
        Effect: 'Allow',
        Action: ['ssm:GetParameter'],
        Resource: ['arn:aws:ssm:eu-west-1:*:parameter/cellstamp/front/edges'],
      },
      {
        Effect: 'Allow',
        Action: ['secretsmanager:GetSecretValue'],
        Resource: ['arn:aws:secretsmanager:eu-west-1:*:secret:cellstamp/front/edge-keys-??????'],
      },
    ]);
    expect(behind.text).toContain('learn-edges');
    expect(small.names('aws_iam_role_policy')).not.toContain('cell_sbc-role_learn-edges-policy');
  });

  it('takes the boundary of roles and the key of backups that a platform has', () => {
    const boundary = 'arn:aws:iam::123456789012:policy/boundary';
    const key = 'arn:aws:kms:eu-west-1:123456789012:key/platform';
    const made = synth(
      (stack) =>
        void new VoipCell(stack, 'cell', {
          spec: parseCell(minimal),
          permissionsBoundaryArn: boundary,
          storageKmsKeyArn: key,
        }),
    );
    expect(made.all('aws_iam_role').map((role) => role['permissions_boundary'])).toEqual([boundary, boundary]);
    expect(made.one('aws_rds_cluster')['kms_key_id']).toBe(key);
    for (const role of small.all('aws_iam_role')) expect(role).not.toHaveProperty('permissions_boundary');
  });

  it('makes no key where it is given one, and encrypts everything with that', () => {
    const key = 'arn:aws:kms:eu-west-1:123456789012:key/platform';
    const made = synth((stack) => void new VoipCell(stack, 'cell', { spec: parseCell(minimal), kmsKeyArn: key }));
    expect(made.types().filter((type) => type.startsWith('aws_kms'))).toEqual([]);
    expect(new Set(made.all('aws_secretsmanager_secret').map((secret) => secret['kms_key_id']))).toEqual(
      new Set([key]),
    );
    expect(made.one('aws_elasticache_replication_group')['kms_key_id']).toBe(key);
    for (const instance of made.all('aws_instance')) {
      expect(instance['root_block_device']).toMatchObject({ kms_key_id: key });
    }
    for (const policy of made.all('aws_iam_role_policy').filter(({ policy }) => String(policy).includes('kms:'))) {
      expect(policy['policy']).toContain(key);
    }
    expect(small.types()).toContain('aws_kms_key');
  });

  it('gives the last word on every resource to who transforms it, by an id that does not change', () => {
    const ids: string[] = [];
    const made = synth(
      (stack) =>
        void new VoipCell(stack, 'cell', {
          spec: parseCell(minimal),
          transform: (resource, id) => {
            ids.push(id);
            if (id === 'sbcs/sbc-1/instance') resource.addOverride('disable_api_termination', true);
          },
        }),
    );
    expect(made.one('aws_instance', 'sbcs_sbc-1_instance')['disable_api_termination']).toBe(true);
    expect(made.one('aws_instance', 'sbcs_sbc-2_instance')).not.toHaveProperty('disable_api_termination');
    expect(ids).toEqual(expect.arrayContaining(['database/cluster', 'network/vpc', 'media-1-bundle/object']));
  });

  it('opens no port to the internet but SIP and RTP', () => {
    const open = small
      .all('aws_vpc_security_group_ingress_rule')
      .filter((rule) => rule['cidr_ipv4'] === '0.0.0.0/0')
      .map((rule) => `${String(rule['ip_protocol'])} ${String(rule['from_port'])}-${String(rule['to_port'])}`);
    expect(open.sort()).toEqual(['tcp 5060-5060', 'tcp 5061-5061', 'udp 30000-44999', 'udp 5060-5060']);
  });

  it('has a rule for every port of its hosts that somebody may reach', () => {
    const cell = cellOf(minimal);
    const names = small.names('aws_vpc_security_group_ingress_rule');
    for (const host of [cell.sbcs[0], cell.media[0]!]) {
      for (const port of hostConfig(cell, host).ports) {
        expect(names.filter((name) => name.includes(`${host.role}-${port.name}-from-`))).toHaveLength(
          port.peers.reduce((sum, peer) => sum + ('ranges' in peer ? peer.ranges.length : 1), 0),
        );
      }
    }
  });

  it('is not made of a cell that is not on AWS, nor beside a front that is not', () => {
    const regions = [{ region: 'eu-west-1', network: '10.15.0.0/24' }];
    const elsewhere = parseCell({ name: 'lab', region: 'cellar', local: {} });
    expect(() => synth((stack) => void new VoipCell(stack, 'cell', { spec: elsewhere }))).toThrow(
      "lab can't be built on AWS:\naws: is missing; allowed: a section, aws: {} for its defaults",
    );
    const front = parseFront({ domain: 'voice.example.com', regions, local: {} });
    expect(() => synth((stack) => void new VoipCell(stack, 'cell', { spec: parseCell(minimal), front }))).toThrow(
      /^front can't be built on AWS:\naws: is missing/,
    );
  });

  it('says everything that is wrong with a spec that was made in code', () => {
    const spec = parseCell({ ...minimal, media: { relay: { calls: 5000, ports: '30000-30999' } }, trunks: [] });
    expect(() => synth((stack) => void new VoipCell(stack, 'cell', { spec }))).toThrow(
      /cell euw1-a can't be built:\nmedia\.relay\.ports: /,
    );
  });
});
