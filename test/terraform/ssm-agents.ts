/**
 * Systems Manager with agents that really run commands, in front of an emulator of AWS, which only writes them down. Everything but
 * commands goes to the emulator as it is.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Outcome } from '../../lib/targets/local/index.ts';

/** Runs a script as the agent of an instance does. */
export type Agent = (instance: string, script: string) => Promise<Outcome>;

interface Invocation {
  readonly instance: string;
  /** Undefined while it runs. */
  outcome?: Outcome;
}

interface SendCommand {
  readonly InstanceIds: readonly [string];
  readonly Parameters: { readonly commands: readonly string[] };
}

export class SsmAgents {
  /** Every command, in the order in which they were sent. */
  readonly sent: { readonly instance: string; readonly script: string }[] = [];
  readonly #invocations = new Map<string, Invocation>();

  private constructor(
    private readonly server: Server,
    private readonly emulator: string,
    private readonly agent: Agent,
  ) {}

  static async start(emulator: string, agent: Agent): Promise<SsmAgents> {
    const server = createServer();
    const agents = new SsmAgents(server, emulator, agent);
    server.on('request', (request, response) => {
      agents.#answer(request, response).catch((error: Error) => response.writeHead(500).end(error.message));
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    return agents;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const json = (status: number, value: object) =>
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(value));
    switch (request.headers['x-amz-target']) {
      case 'AmazonSSM.SendCommand':
        return void json(200, { Command: { CommandId: this.#send(JSON.parse(body) as SendCommand) } });
      case 'AmazonSSM.GetCommandInvocation': {
        const { CommandId } = JSON.parse(body) as { readonly CommandId: string };
        const { outcome } = this.#invocations.get(CommandId)!;
        if (outcome === undefined) return void json(400, { __type: 'InvocationDoesNotExist' });
        return void json(200, {
          Status: outcome.status === 0 ? 'Success' : 'Failed',
          StandardOutputContent: outcome.stdout,
          StandardErrorContent: outcome.stderr,
        });
      }
      default: {
        const ofConnection = ['host', 'content-length', 'connection'];
        const headers = Object.entries(request.headers).filter(([name]) => !ofConnection.includes(name));
        const answer = await fetch(`${this.emulator}${request.url}`, {
          method: request.method!,
          headers: headers as [string, string][],
          ...(body === '' ? {} : { body }),
        });
        response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
        response.end(await answer.text());
      }
    }
  }

  #send({ InstanceIds: [instance], Parameters }: SendCommand): string {
    const script = Parameters.commands.join('\n');
    const id = `00000000-0000-4000-8000-${String(this.sent.length).padStart(12, '0')}`;
    this.sent.push({ instance, script });
    const invocation: Invocation = { instance };
    this.#invocations.set(id, invocation);
    void this.agent(instance, script).then((outcome) => (invocation.outcome = outcome));
    return id;
  }
}
