import { readdirSync, readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { OperationFailure } from '../../../../lib/operations/failure.ts';
import { ec2Client, ssmClient } from '../../../../lib/targets/aws/operations/clients.ts';
import { sbcAddress } from '../../../../lib/targets/aws/operations/cell-port.ts';
import { withLock } from '../../../../lib/targets/aws/operations/lock.ts';
import { instancesOf } from '../../../../lib/targets/aws/operations/hosts.ts';
import { FakeAws, page, refusal } from './fake-aws.ts';

const cell = { kind: 'cell', name: 'a' } as const;
let aws: FakeAws;
beforeEach(async () => {
  aws = await FakeAws.start();
});
afterEach(() => {
  vi.useRealTimers();
  aws.stop();
});

/** What comes of it within seconds of a clock that goes by itself. */
async function within(seconds: number, ask: Promise<unknown>): Promise<unknown> {
  let outcome: unknown = 'nothing yet';
  void ask.then(
    (value) => (outcome = value),
    (error: Error) => (outcome = error.message),
  );
  for (let second = 0; second < seconds && outcome === 'nothing yet'; second++) {
    for (let turn = 0; turn < 20; turn++) await setImmediate();
    await vi.advanceTimersByTimeAsync(1000);
  }
  return outcome;
}

describe('a client of AWS', () => {
  it('gives up where a server takes the connection and never answers', async () => {
    aws.answers = { DescribeInstances: () => undefined };
    const client = await ec2Client('eu-west-1');
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    expect(await within(90, instancesOf(client, cell))).toMatch(
      /^can't list the hosts of cell a in eu-west-1: TimeoutError: /,
    );
    expect(aws.requests).toHaveLength(3);
  });

  it('takes no page for an answer of EC2: a cell that runs is not said to be gone', async () => {
    aws.answers = { DescribeInstances: page, DescribeAddresses: page };
    await expect(instancesOf(await ec2Client('eu-west-1'), cell)).rejects.toThrow(
      "can't list the hosts of cell a in eu-west-1: what answers is not EC2",
    );
    await expect(sbcAddress({ name: 'a', region: 'eu-west-1' })).rejects.toThrow(
      "can't see the floating address of cell a: what answers is not EC2",
    );
  });

  it('is made in one place, with the time limits', () => {
    const folder = new URL('../../../../lib/', import.meta.url);
    const elsewhere = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .filter((path) => /new [A-Za-z0-9]+Client\(/.test(readFileSync(new URL(path, folder), 'utf8')));
    expect(elsewhere).toEqual(['targets/aws/operations/clients.ts']);
  });
});

describe('a lock on AWS', () => {
  it('is had by whom it names, also where AWS made it and the answer was lost', async () => {
    let value = '';
    aws.answers = {
      PutParameter: (request, response) => {
        if (value !== '') return refusal('ParameterAlreadyExists')(request, response);
        value = request.parameters['Value']!;
        response.destroy();
        return undefined;
      },
      GetParameter: () => JSON.stringify({ Parameter: { Value: value } }),
      DeleteParameter: '{}',
    };
    await expect(withLock(await ssmClient('eu-west-1'), cell, 'roll', async () => 'done')).resolves.toBe('done');
  });

  it('that stays does not hide why the work failed', async () => {
    aws.answers = { PutParameter: '{}', DeleteParameter: refusal('AccessDeniedException') };
    const work = () => Promise.reject(new OperationFailure('media-1 does not drain', 2));
    const failure = await withLock(await ssmClient('eu-west-1'), cell, 'roll', work).catch((error: unknown) => error);
    expect(failure).toMatchObject({ status: 2 });
    expect((failure as Error).message).toMatch(
      /^media-1 does not drain\ncan't unlock cell a: AccessDeniedException: no; free it: npx cellstamp unlock a [0-9a-f]{8}$/,
    );
  });
});
