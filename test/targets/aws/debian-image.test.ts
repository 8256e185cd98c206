import { describe, expect, it } from 'vitest';
import { imageId } from '../../../lib/targets/aws/debian-image.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { cellOf, maximal, minimal, synth } from './synth.ts';

const image = (input: CellInput) => synth((stack) => void imageId(stack, 'debian', cellOf(input).spec.aws!.image));

describe('imageId', () => {
  it('looks for the newest Debian 12 of Debian’s own account', () => {
    expect(image(minimal).data('aws_ami')).toMatchObject([{ most_recent: true, owners: ['136693071363'] }]);
  });

  it('looks for nothing where an image is given', () => {
    expect(image(maximal).data('aws_ami')).toEqual([]);
  });
});
