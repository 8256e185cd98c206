import { describe, expect, it } from 'vitest';
import { MediaHosts } from '../../../lib/targets/aws/media-hosts.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { surroundings } from './hosts.ts';
import { cellOf, maximal, minimal, synth } from './synth.ts';

const media = (input: CellInput) =>
  synth((stack) => void new MediaHosts(stack, 'media', surroundings(stack, cellOf(input), 'media')));

describe('MediaHosts', () => {
  it('is four instances, each with an Elastic IP of its own', () => {
    const made = media(minimal);
    expect(made.all('aws_instance')).toHaveLength(4);
    expect(made.all('aws_eip')).toHaveLength(4);
    expect(
      made
        .all('aws_eip_association')
        .map(({ allocation_id, instance_id }) => [
          /media-\d-address/.exec(String(allocation_id))![0],
          /media-\d_instance/.exec(String(instance_id))![0],
        ]),
    ).toEqual([1, 2, 3, 4].map((n) => [`media-${n}-address`, `media-${n}_instance`]));
  });

  it('follows the number of hosts and the type of the spec', () => {
    const made = media(maximal);
    expect(made.all('aws_instance')).toHaveLength(6);
    expect(made.all('aws_launch_template')[5]).toMatchObject({ instance_type: 'c6in.4xlarge' });
  });

  it('keeps the names of the hosts that are there when hosts are added', () => {
    const few = media({ ...minimal, media: { hosts: 2 } }).names('aws_instance');
    expect(media(minimal).names('aws_instance')).toEqual(expect.arrayContaining([...few]));
  });
});
