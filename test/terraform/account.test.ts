/** What an AWS account has room for: EC2 of the emulator, and a Service Quotas of our own, of which the emulator knows one service. */
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AllocateAddressCommand,
  CreateVpcCommand,
  EC2Client,
  RunInstancesCommand,
  type ResourceType,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { cellstamp } from '../cli/run-command.ts';
import { describeWith } from '../requirements.ts';
import { debianImage, Emulator } from './emulator.ts';
import { awsEnvironment } from './terraform.ts';

const region = 'eu-west-1';
const folder = mkdtempSync(join(tmpdir(), 'cellstamp-account-'));
writeFileSync(join(folder, 'a.yaml'), `name: a\nregion: ${region}\nsize: standard\nnetwork: 10.20.0.0/20\naws: {}\n`);
/** By quota code; what is not here was never changed for this account. */
const raised: Record<string, number> = {};
const usual: Record<string, number> = { 'L-0263D0A3': 5, 'L-1216C47A': 5, 'L-F678F1CE': 5 };
const quotas = createServer((request, response) => {
  let body = '';
  request.on('data', (part: Buffer) => (body += part.toString()));
  request.on('end', () => {
    const { QuotaCode } = JSON.parse(body) as { readonly QuotaCode: string };
    const values = request.headers['x-amz-target']?.toString().endsWith('.GetServiceQuota') ? raised : usual;
    const Value = values[QuotaCode];
    response.writeHead(Value === undefined ? 400 : 200, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(Value === undefined ? { __type: 'NoSuchResourceException' } : { Quota: { Value } }));
  });
});
/** EC2 of the emulator, which knows no capacity reservations. */
const ec2Of = (emulator: Emulator) =>
  createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      if (body.includes('Action=DescribeCapacityReservations')) {
        response.end(
          '<DescribeCapacityReservationsResponse><capacityReservationSet/></DescribeCapacityReservationsResponse>',
        );
        return;
      }
      const headers = {
        authorization: request.headers.authorization!,
        'content-type': request.headers['content-type']!,
      };
      void fetch(emulator.endpoint, { method: 'POST', headers, body }).then(async (answer) =>
        response.writeHead(answer.status, { 'content-type': 'text/xml' }).end(await answer.text()),
      );
    });
  });

describeWith(['moto_server'], 'check --account', () => {
  let emulator: Emulator;
  let ec2Server: Server;

  beforeAll(async () => {
    emulator = await Emulator.start();
    ec2Server = ec2Of(emulator);
    for (const server of [quotas, ec2Server]) await once(server.listen(0, '127.0.0.1'), 'listening');
    for (const [name, value] of Object.entries(awsEnvironment(emulator.port))) vi.stubEnv(name, value);
    const at = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    vi.stubEnv('AWS_ENDPOINT_URL_SERVICE_QUOTAS', at(quotas));
    vi.stubEnv('AWS_ENDPOINT_URL_EC2', at(ec2Server));
    const ec2 = new EC2Client({ region });
    const tagged = (type: ResourceType, cell: string) => ({
      TagSpecifications: [{ ResourceType: type, Tags: [{ Key: 'cellstamp:cell', Value: cell }] }],
    });
    // Of cell a, of a cell of another fleet, and of nobody that we know.
    for (const cell of ['a', 'other']) {
      await ec2.send(new AllocateAddressCommand({ Domain: 'vpc', ...tagged('elastic-ip', cell) }));
      await ec2.send(new CreateVpcCommand({ CidrBlock: '10.1.0.0/16', ...tagged('vpc', cell) }));
      const one = { ImageId: debianImage, MinCount: 1, MaxCount: 1 };
      await ec2.send(new RunInstancesCommand({ ...one, InstanceType: 'c7i.xlarge', ...tagged('instance', cell) }));
    }
    await ec2.send(new AllocateAddressCommand({ Domain: 'vpc' }));
  });

  afterAll(() => {
    vi.unstubAllEnvs();
    emulator.stop();
    for (const server of [quotas, ec2Server]) server.close();
    rmSync(folder, { recursive: true });
  });

  it('says what the fleet needs, what others use, and how much to ask AWS for', async () => {
    Object.assign(raised, { 'L-1216C47A': 64 });
    const { status, stdout } = await cellstamp('check', '--account', '--cells', folder);
    expect(stdout).toContain(
      [
        'eu-west-1 error: the fleet needs 7 Elastic IPs, others use 2, the account allows 5; ask AWS for 9 (quota L-0263D0A3)',
        'eu-west-1: the fleet needs 40 vCPUs of On-Demand Standard instances, others use 4, the account allows 64',
        'eu-west-1: the fleet needs 1 VPC, others use 2, the account allows 5',
      ].join('\n'),
    );
    expect(status).toBe(2);
  });

  it('is well when all of it has room, and says so for programs', async () => {
    Object.assign(raised, { 'L-0263D0A3': 9 });
    const { status, stdout } = await cellstamp('check', '--account', '--json', '--cells', folder);
    expect((JSON.parse(stdout) as { readonly account: unknown }).account).toEqual([
      { region, quota: 'elasticIps', code: 'L-0263D0A3', needed: 7, others: 2, allowed: 9 },
      { region, quota: 'vcpus', code: 'L-1216C47A', needed: 40, others: 4, allowed: 64 },
      { region, quota: 'vpcs', code: 'L-F678F1CE', needed: 1, others: 2, allowed: 5 },
    ]);
    expect(status).toBe(0);
  });
});
