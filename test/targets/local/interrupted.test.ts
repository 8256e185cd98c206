/** Commands that are killed half way, and cells that cannot run here. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { down, LocalFailure, status, up } from '../../../lib/targets/local/index.ts';
import { parseCell, type CellInput } from '../../../lib/fleet/schema/cell.ts';
import { describeWith } from '../../requirements.ts';
import { processesOf } from './machine.ts';

const input: CellInput = {
  name: 'lab-kill',
  region: 'eu-west-1',
  local: {},
  size: 'test',
  network: '10.74.0.0/20',
  media: { hosts: 1, kernelForwarding: 'preferred' },
};
const folder = `/run/cellstamp/${input.name}`;

/** Starts `up` in a process of its own and waits until it has written a line that matches. */
async function upUntil(line: RegExp, options: { dieWithParent: boolean }): Promise<ChildProcess> {
  const script = new URL('up-and-stay.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--import', 'tsx', script, JSON.stringify(input), JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  while (!line.test(output)) {
    if (child.exitCode !== null) throw new Error(`up ended with status ${child.exitCode}: ${output}`);
    await sleep(5);
  }
  return child;
}

async function killed(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}

describeWith(['root', 'debian-packages'], 'a command that is killed', () => {
  afterEach(() => down(input.name));

  it.each([
    ['while hosts boot', /sbc-2 booting/],
    ['while services start', /redis-1 ready/],
    ['when all is up', /^up$/m],
  ])('leaves a cell that down removes: %s', async (_, line) => {
    await killed(await upUntil(line, { dieWithParent: false }));
    await down(input.name);
    expect(processesOf(input.name)).toEqual([]);
    expect(existsSync(folder)).toBe(false);
    expect(existsSync(`${folder}.lock`)).toBe(false);
  });

  it('leaves a cell that up completes', async () => {
    await killed(await upUntil(/redis-1 ready/, { dieWithParent: false }));
    expect((await up(parseCell(input))).state).toBe('running');
  });

  it('takes the cell with it when it was asked to', async () => {
    await killed(await upUntil(/^up$/m, { dieWithParent: true }));
    while (status(input.name).hosts.some((host) => host.state !== 'dead')) await sleep(20);
    expect(processesOf(input.name)).toEqual([]);
  });
});

describeWith(['root', 'debian-packages'], 'a cell that requires kernel forwarding', () => {
  afterEach(() => down(input.name));

  it.skipIf(existsSync('/proc/rtpengine/control'))(
    'relays nothing where the kernel has no module, and says why',
    async () => {
      const failure: unknown = await up(
        parseCell({ ...input, media: { hosts: 1, kernelForwarding: 'required' } }),
      ).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(LocalFailure);
      expect((failure as LocalFailure).message).toContain('kernel forwarding is required, so the relay does not start');
      const relay = status(input.name).hosts.find((host) => host.name === 'media-1')!;
      expect(relay.state).toBe('failed');
      expect(status(input.name).notes.join(' ')).toContain(
        'media.kernelForwarding is required: rtpengine does not start',
      );
    },
  );
});
