/** What `drain` and `roll` refuse before they look at a cell. */
import { describe, expect, it } from 'vitest';
import { cellstamp } from '../run-command.ts';

describe('planned work on hosts', () => {
  it.each([
    ['drain', '-1'],
    ['drain', 'soon'],
    ['drain', '86401'],
    ['roll', '1e3'],
  ])('%s takes no deadline of %s', async (command, deadline) => {
    const { status, stderr } = await cellstamp(command, 'media-1', `--deadline=${deadline}`);
    expect(status).toBe(2);
    expect(stderr).toContain('It must be a number from 0 to 86400.');
  });

  it('roll knows media hosts and SBCs, and data hosts on this machine alone', async () => {
    const other = await cellstamp('roll', 'euw1-a', '--only', 'edge');
    expect(other).toMatchObject({ status: 2, stdout: '' });
    expect(other.stderr).toContain('Allowed choices are data, media, sbc.');
    expect(await cellstamp('roll', 'euw1-a', '--target', 'aws', '--only', 'data', '--deadline', '5')).toEqual({
      ...{ status: 2, stdout: '', stderr: 'cellstamp: --only data and --deadline go with --target local only\n' },
    });
  });
});
