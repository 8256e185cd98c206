import { describe, expect, it } from 'vitest';
import { HostInstance, type HostInstanceProps } from '../../../lib/targets/aws/host-instance.ts';
import { cellSite } from '../../../lib/targets/aws/site.ts';
import { cellOf, maximal, minimal, synth } from './synth.ts';

const cell = cellOf(minimal);
const base: HostInstanceProps = {
  site: cellSite(cell),
  host: cell.media[0]!,
  instanceType: 'c6in.2xlarge',
  imageId: 'ami-0123456789abcdef0',
  subnetId: 'subnet-1',
  securityGroupId: 'sg-1',
  instanceProfileName: 'profile',
  kmsKeyArn: 'arn:aws:kms:eu-west-1:123456789012:key/1',
  sourceDestCheck: true,
};
const host = (props: HostInstanceProps) => synth((stack) => void new HostInstance(stack, 'host', props));
const networkInterface = (props: HostInstanceProps) =>
  (host(props).one('aws_launch_template')['network_interfaces'] as Record<string, unknown>[])[0]!;

describe('HostInstance', () => {
  it('has its fixed address and no other, and forgets tracked flows as AWS advises for SIP', () => {
    const made = networkInterface(base);
    expect(made).toMatchObject({
      private_ip_address: '10.16.0.33',
      associate_public_ip_address: 'false',
      connection_tracking_specification: {
        udp_timeout: 60,
        udp_stream_timeout: 60,
        tcp_established_timeout: 3600,
      },
    });
    expect(made).not.toHaveProperty('ipv4_addresses');
  });

  it('has a second private address, foreign packets where told, and no public one of EC2’s', () => {
    const large = cellOf(maximal);
    const [sbc] = large.sbcs;
    const props = {
      ...base,
      site: cellSite(large),
      host: sbc,
      secondaryAddress: sbc.floatingSide,
      sourceDestCheck: false,
    };
    expect(networkInterface(props)).toMatchObject({
      private_ip_address: sbc.address,
      ipv4_addresses: [sbc.floatingSide],
      associate_public_ip_address: 'false',
    });
    expect(host(props).one('aws_instance')['source_dest_check']).toBe(false);
  });

  it('takes metadata with a token only, and encrypts its volume', () => {
    const made = host(base);
    expect(made.one('aws_launch_template')['metadata_options']).toMatchObject({ http_tokens: 'required' });
    expect(made.one('aws_instance')['root_block_device']).toMatchObject({ encrypted: true });
  });

  it('is left alone by an apply: a new template, image or user data waits until the host is replaced', () => {
    const { lifecycle } = host(base).one('aws_instance') as { lifecycle: { ignore_changes: string[] } };
    expect(lifecycle.ignore_changes).toEqual(expect.arrayContaining(['launch_template', 'user_data_base64']));
  });

  it('tags what EC2 makes beside it', () => {
    const specifications = host(base).one('aws_launch_template')['tag_specifications'] as {
      resource_type: string;
      tags: Record<string, string>;
    }[];
    expect(specifications.map(({ resource_type, tags }) => [resource_type, tags['cellstamp:cell']])).toEqual([
      ['volume', 'euw1-a'],
      ['network-interface', 'euw1-a'],
    ]);
  });

  it('has user data that depends on its name and region alone', () => {
    const data = (props: HostInstanceProps) =>
      Buffer.from(String(host(props).one('aws_instance')['user_data_base64']), 'base64').toString();
    expect(data(base)).toMatch(/^#cloud-config\nhostname: euw1-a-media-1\n/);
    expect(data({ ...base, instanceType: 'c6in.4xlarge', imageId: 'ami-0fedcba9876543210' })).toBe(data(base));
  });
});
