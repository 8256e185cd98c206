/** EC2, Service Quotas and Systems Manager on loopback, as far as tests prescribe their answers. */
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { vi } from 'vitest';
import { awsEnvironment } from '../../../terraform/terraform.ts';

export interface Request {
  /** `DescribeVpcs`, `GetServiceQuota`. */
  readonly operation: string;
  readonly region: string;
  /** Of EC2 as it names them: `InstanceType.1`. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** Of EC2: what is inside the root of its answer. Of the others: JSON. */
export type Answer = string | ((request: Request, response: ServerResponse) => string | undefined);

const listsOfEc2: Readonly<Record<string, string>> = {
  DescribeAddresses: 'addressesSet',
  DescribeCapacityReservations: 'capacityReservationSet',
  DescribeInstances: 'reservationSet',
  DescribeInstanceTypes: 'instanceTypeSet',
  DescribeVpcs: 'vpcSet',
};

export class FakeAws {
  readonly requests: Request[] = [];
  /** By operation. Without one EC2 has nothing, and every quota is 100. */
  answers: Readonly<Record<string, Answer>> = {};

  private constructor(private readonly server: Server) {}

  /** The environment of the test leads to it until `vi.unstubAllEnvs`. */
  static async start(): Promise<FakeAws> {
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (part: Buffer) => (body += part.toString()));
      request.on('end', () => {
        const json = request.headers['x-amz-target']?.toString();
        const parameters = (
          json === undefined ? Object.fromEntries(new URLSearchParams(body)) : JSON.parse(body)
        ) as Record<string, string>;
        const operation = json?.replace(/^.*\./, '') ?? parameters['Action']!;
        const region = /\/([a-z0-9-]+)\/[a-z0-9-]+\/aws4_request/.exec(request.headers.authorization ?? '')![1]!;
        aws.answer({ operation, region, parameters }, response);
      });
    });
    const aws = new FakeAws(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const environment = awsEnvironment((server.address() as AddressInfo).port);
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    return aws;
  }

  private answer(request: Request, response: ServerResponse): void {
    this.requests.push(request);
    const { operation } = request;
    const list = listsOfEc2[operation];
    const prescribed = this.answers[operation] ?? (list === undefined ? '{"Quota":{"Value":100}}' : `<${list}/>`);
    const text = typeof prescribed === 'string' ? prescribed : prescribed(request, response);
    if (text === undefined) return;
    response.end(list === undefined ? text : `<${operation}Response>${text}</${operation}Response>`);
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
    vi.unstubAllEnvs();
  }
}

/** @example list('vpcSet', '<vpcId>vpc-1</vpcId>') */
export const list = (name: string, ...items: readonly string[]): string =>
  `<${name}>${items.map((item) => `<item>${item}</item>`).join('')}</${name}>`;

export const tagged = (cell: string): string => list('tagSet', `<key>cellstamp:cell</key><value>${cell}</value>`);

/** For `answers`: EC2 and the others refuse, each in its own form. */
export const refusal =
  (code: string) =>
  ({ operation }: Request, response: ServerResponse): undefined => {
    response.statusCode = 403;
    response.end(
      operation in listsOfEc2
        ? `<Response><Errors><Error><Code>${code}</Code><Message>no</Message></Error></Errors></Response>`
        : JSON.stringify({ __type: code, message: 'no' }),
    );
  };

/** For `answers`: what a proxy puts in the place of an answer. */
export const page: Answer = (_, response) => {
  response.setHeader('content-type', 'text/html');
  response.end('<!doctype html><html><body><p>Log in first.</p></body></html>');
  return undefined;
};
