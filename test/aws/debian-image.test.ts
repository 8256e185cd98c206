import { describe, expect, it } from 'vitest';
import { imageId } from '../../lib/aws/debian-image.ts';
import type { CellInput } from '../../lib/spec/cell.ts';
import { cellOf, maximal, minimal, synth } from './synth.ts';

const image = (input: CellInput) => synth((stack) => void imageId(stack, 'debian', cellOf(input)));

describe('imageId', () => {
  it('looks for the newest Debian 12 of Debian’s own account', () => {
    expect(image(minimal).data('aws_ami')).toMatchObject([{ most_recent: true, owners: ['136693071363'] }]);
  });

  it('looks for nothing where the spec names an image', () => {
    expect(image(maximal).data('aws_ami')).toEqual([]);
  });

  it('says that a government region needs an image', () => {
    expect(() => image({ ...minimal, region: 'us-gov-west-1' })).toThrow(/us-gov-west-1 needs an image \(ami-\.\.\.\)/);
  });
});
