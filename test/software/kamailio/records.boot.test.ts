/** The script that takes call records, in a real Redis. */
import { spawn, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { takeRecords } from '../../../lib/software/kamailio/sbc/records.ts';
import { describeWith } from '../../requirements.ts';

const invited = 'acme|carrier|2|in|+4989700700|+498912345|1700000000.123456|a@b|1 INVITE|14400|300|';
const answered = `${invited}|tag|1700000002.000001`;
const names = 'call id tenant kind from to trunk media sbc invited answered'.split(' ');
const of = (event: string, id: string) => ({
  ...{ event, call: 'a@b', id, tenant: 'acme', kind: 'in', from: '+4989700700', to: '+498912345', trunk: 'carrier' },
  ...{ media: 2, sbc: 'sbc-1', invited: 1700000000.123456 },
});

/** What two streams hold after these batches, each of lines of a name and an entry. */
async function streams(...batches: readonly (readonly (readonly [name: string, entry: string])[])[]) {
  const folder = mkdtempSync(join(tmpdir(), 'cellstamp-records-'));
  const socket = join(folder, 'redis.sock');
  const redis = spawn('redis-server', ['--port', '0', '--unixsocket', socket, '--save', '', '--dir', folder], {
    stdio: 'ignore',
  });
  try {
    while (!existsSync(socket)) await sleep(20);
    const cli = (...words: readonly string[]) =>
      JSON.parse(execFileSync('redis-cli', ['-s', socket, '--json', ...words], { encoding: 'utf8' })) as unknown;
    for (const batch of batches) {
      const lines = batch.map(([name, entry]) => `${name}\t${entry}\n`).join('');
      expect(cli('EVAL', takeRecords(1000, 'sbc-1'), '2', 'calls', 'probes', lines)).toBe(1);
    }
    const read = (stream: string) =>
      (cli('XRANGE', stream, '-', '+') as [string, [string, string]][]).map(
        ([, [, event]]) => JSON.parse(event) as Readonly<Record<string, unknown>>,
      );
    return { calls: read('calls'), probes: read('probes') };
  } finally {
    redis.kill();
    await once(redis, 'exit');
    rmSync(folder, { recursive: true });
  }
}

describeWith(['debian-packages'], 'the script that takes call records', () => {
  it('writes the start and the end of a call, with what was measured and null where nothing was', async () => {
    const { calls } = await streams([
      ['1a:start', answered],
      ['1a:end', `${answered}|1700000009.5|200|hung_up|4.3|2|0|15000|0`],
      ['2b:end', `${invited}|||1700000009.5|487|cancelled|<null>||<null>|<null>|0`],
      ['3c:end', `${answered}|1700000009.5|408|media_lost|4.0|<null>|1|<null>|1`],
    ]);
    const start = { ...of('start', '1a'), answered: 1700000002.000001 };
    const nothing = { mos: null, jitter: null, loss: null, roundTrip: null };
    expect(calls).toEqual([
      start,
      {
        ...{ ...start, event: 'end', ended: 1700000009.5, cause: 200, reason: 'hung_up' },
        ...{ mos: 4.3, jitter: 2, loss: 0, roundTrip: 15000, partial: false },
      },
      {
        ...{ ...of('end', '2b'), answered: null, ended: 1700000009.5, cause: 487, reason: 'cancelled' },
        ...{ ...nothing, partial: false },
      },
      {
        ...{ ...start, event: 'end', id: '3c', ended: 1700000009.5, cause: 408, reason: 'media_lost' },
        ...{ ...nothing, mos: 4, loss: 1, partial: true },
      },
    ]);
    expect(Object.keys(calls[0]!)).toEqual(['event', ...names]);
  });

  it('takes a record once, and those of the probe apart', async () => {
    const probe = answered.replace('|in|', '|probe|');
    const start = ['1a:start', answered] as const;
    const { calls, probes } = await streams([start, ['9f:start', probe]], [start]);
    expect(calls.map(({ id }) => id)).toEqual(['1a']);
    expect(probes.map(({ id, kind }) => [id, kind])).toEqual([['9f', 'probe']]);
  });
});
