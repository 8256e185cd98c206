import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeAws, list, refusal, tagged } from '../../targets/aws/operations/fake-aws.ts';
import { cellstamp } from '../run-command.ts';

let aws: FakeAws;
let folder: string;
beforeEach(async () => {
  aws = await FakeAws.start();
  folder = mkdtempSync(join(tmpdir(), 'cellstamp-check-account-'));
  mkdirSync(join(folder, 'cells'));
});
afterEach(() => {
  aws.stop();
  rmSync(folder, { recursive: true });
});

const check = (...args: readonly string[]) =>
  cellstamp('check', '--account', '--cells', join(folder, 'cells'), ...args);
const write = (name: string, text: string) => writeFileSync(join(folder, 'cells', `${name}.yaml`), text);
const twoRegions = () => {
  write('a', 'name: a\nregion: eu-west-1\naws: {}\n');
  write('b', 'name: b\nregion: eu-west-9\nnetwork: 10.16.16.0/20\naws: {}\n');
};
const refused = { DescribeAddresses: refusal('AuthFailure'), GetServiceQuota: refusal('AccessDeniedException') };

describe('cellstamp check --account', () => {
  it('counts a quota that is too small among the errors, and prints it before what has room', async () => {
    write('a', 'name: a\nregion: eu-west-1\naws: {}\n');
    aws.answers = { GetServiceQuota: '{"Quota":{"Value":7}}' };
    const { status, stdout } = await check();
    expect(stdout.split('\n').slice(0, 3)).toEqual([
      'eu-west-1 error: the fleet needs 40 vCPUs of On-Demand Standard instances, others use 0, the account allows 7; ask AWS for 40 (quota L-1216C47A)',
      'eu-west-1: the fleet needs 7 Elastic IPs, others use 0, the account allows 7',
      'eu-west-1: the fleet needs 1 VPC, others use 0, the account allows 7',
    ]);
    expect(stdout).toMatch(/^1 file: 1 error, 0 warnings\n$/m);
    expect(status).toBe(2);
    expect(JSON.parse((await check('--json')).stdout)).toMatchObject({ errors: 1, findings: [] });
  });

  it('counts what stands of a retired cell', async () => {
    write('a', 'name: a\nregion: eu-west-1\naws: {}\n');
    write('b', 'name: b\nregion: eu-west-1\nnetwork: 10.16.16.0/20\nstate: retired\naws: {}\n');
    aws.answers = { DescribeVpcs: list('vpcSet', tagged('a'), tagged('b')), GetServiceQuota: '{"Quota":{"Value":50}}' };
    expect((await check()).stdout).toContain('the fleet needs 1 VPC, others use 1, the account allows 50\n');
  });

  it('prints the findings, every refusal of every region, and ends with 1', async () => {
    twoRegions();
    aws.answers = refused;
    const { status, stdout, stderr } = await check();
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    expect(stdout.split('\n').slice(0, 5)).toEqual([
      expect.stringMatching(/b\.yaml:2:1 warning region: eu-west-9 is none of the regions known here/),
      "eu-west-1 error: can't read the quotas: AccessDeniedException: no",
      "eu-west-1 error: can't see what stands there: AuthFailure: no",
      "eu-west-9 error: can't read the quotas: AccessDeniedException: no",
      "eu-west-9 error: can't see what stands there: AuthFailure: no",
    ]);
    expect(stdout).toMatch(/^2 files: 4 errors, 1 warning\n$/m);
  });

  it('prints them as JSON too', async () => {
    twoRegions();
    aws.answers = refused;
    const { status, stdout } = await check('--json');
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ errors: 4, warnings: 1, account: [] },
      findings: [{ path: 'region' }],
      accountFailures: [
        { region: 'eu-west-1', message: "can't read the quotas: AccessDeniedException: no" },
        { region: 'eu-west-1', message: "can't see what stands there: AuthFailure: no" },
        { region: 'eu-west-9', message: "can't read the quotas: AccessDeniedException: no" },
        { region: 'eu-west-9', message: "can't see what stands there: AuthFailure: no" },
      ],
    });
  });

  it('says which files it has rewritten, also where AWS refuses', async () => {
    write('a', 'name: a\nregion: eu-west-1\nsbc: { instanceType: c6i.2xlarge }\n');
    aws.answers = refused;
    const { status, stdout } = await check('--rewrite');
    expect(status).toBe(1);
    expect(stdout).toMatch(/^[^\n]*a\.yaml: rewritten\neu-west-1 error: can't read the quotas/);
  });

  it('says that AWS was not asked when a file has an error', async () => {
    write('a', 'name: a\nregion: europe\naws: {}\n');
    const { status, stdout } = await check();
    expect(stdout).toMatch(/\nthe account was not asked: correct the files first\n1 file: 1 error, 0 warnings\n$/);
    expect({ status, asked: aws.requests }).toEqual({ status: 2, asked: [] });
    expect(JSON.parse((await check('--json')).stdout)).toMatchObject({ accountNotAsked: 'correct the files first' });
  });

  it('says that AWS was not asked when nothing is there', async () => {
    write('a', 'name: a\nregion: eu-west-1\nlocal: {}\n');
    write('b', 'name: b\nregion: eu-west-1\nnetwork: 10.16.16.0/20\nstate: planned\naws: {}\n');
    expect(await check()).toEqual({
      status: 0,
      stdout:
        'the account was not asked: no cell and no front of the fleet needs anything on AWS\n2 files: 0 errors, 0 warnings\n',
      stderr: '',
    });
    expect(aws.requests).toEqual([]);
  });
});
