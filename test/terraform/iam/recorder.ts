/** Stands between Terraform and an emulator of AWS: reads each call, lets it through or refuses it as AWS would, and keeps it. */
import { createServer, request as httpRequest, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readCall, type Call } from './call.ts';

interface RecordedCall extends Call {
  /** Why it was refused. */
  readonly refused?: string;
}

/** What is missing for a call, or nothing where it is allowed. */
type Authorise = (call: Call) => Promise<string | undefined>;

export class Recorder {
  private constructor(
    private readonly server: Server,
    readonly port: number,
    readonly calls: readonly RecordedCall[],
  ) {}

  /** @param answered is given each call that was let through, with its answer */
  static async start(
    emulatorPort: number,
    authorise: Authorise = () => Promise.resolve(undefined),
    answered: (call: Call, answer: string) => void = () => undefined,
  ): Promise<Recorder> {
    const calls: RecordedCall[] = [];
    const server = createServer((incoming, outgoing) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        const body = Buffer.concat(chunks);
        const call = readCall(incoming.method!, incoming.url!, incoming.headers, body.toString());
        void authorise(call).then(async (missing) => {
          calls.push({ ...call, ...(missing === undefined ? {} : { refused: missing }) });
          if (missing !== undefined) {
            const { type, text } = refusal(incoming.headers, missing);
            outgoing.writeHead(403, { 'content-type': type, 'x-amzn-errortype': 'AccessDeniedException' }).end(text);
            return;
          }
          const answer = await forward(emulatorPort, incoming.method!, incoming.url!, incoming.headers, body);
          answered(call, answer.body.toString());
          outgoing.writeHead(answer.status, answer.headers).end(answer.body);
        });
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Recorder(server, (server.address() as AddressInfo).port, calls);
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

/** Says it in the protocol of the service, so that Terraform's provider does not ask again. */
function refusal(headers: IncomingHttpHeaders, missing: string): { readonly type: string; readonly text: string } {
  if (headers['x-amz-target'] !== undefined) {
    return {
      type: 'application/x-amz-json-1.1',
      text: JSON.stringify({ __type: 'AccessDeniedException', message: missing }),
    };
  }
  const escaped = missing.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  const error = `<Error><Code>AccessDenied</Code><Message>${escaped}</Message></Error>`;
  const s3 = /\/s3\/aws4_request/.test(headers.authorization ?? '');
  const ec2 = /\/ec2\/aws4_request/.test(headers.authorization ?? '');
  if (s3) return { type: 'text/xml', text: error };
  if (ec2) return { type: 'text/xml', text: `<Response><Errors>${error}</Errors><RequestID>r</RequestID></Response>` };
  return { type: 'text/xml', text: `<ErrorResponse>${error}<RequestId>r</RequestId></ErrorResponse>` };
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

function forward(
  port: number,
  method: string,
  path: string,
  headers: IncomingHttpHeaders,
  body: Buffer,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ host: '127.0.0.1', port, method, path, headers }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () =>
        resolve({ status: incoming.statusCode!, headers: incoming.headers, body: Buffer.concat(chunks) }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
