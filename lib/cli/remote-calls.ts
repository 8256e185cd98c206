/** Places real calls through an SBC that is not this machine's: a deployed cell, or any other registrar. */
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { isIP } from 'node:net';
import { AgentsProcess } from '../user-agent/agents-process.ts';
import type { Progress } from '../user-agent/load.ts';
import type { AgentSpec } from '../user-agent/scenario.ts';
import type { RemoteCallReport } from './call-report.ts';
import { CommandFailure } from './failure.ts';
import { unlessAborted } from './interrupt.ts';
import { judgedCalls } from './judged-calls.ts';

export const remoteKinds = ['registered', 'echo'] as const;
export type RemoteKind = (typeof remoteKinds)[number];

export interface RemoteUser {
  /** Address of record, `sip:alice@acme.example.com`. */
  readonly identity: string;
  readonly password: string;
}

export interface RemoteCallOptions {
  /** Name or address of the SBC, with a port if it is not the usual one. */
  readonly to: string;
  readonly caller: RemoteUser;
  /** Not needed for calls of the kind `echo` only. */
  readonly callee: RemoteUser | undefined;
  readonly kinds: readonly RemoteKind[];
  readonly transport: 'udp' | 'tcp' | 'tls';
  readonly calls: number;
  /** Calls started a second. */
  readonly rate: number;
  /** Seconds that a call is held. */
  readonly hold: number;
  readonly onProgress: (progress: Progress) => void;
  readonly signal: AbortSignal;
}

/**
 * Calls between two users of a tenant that is there, or from one of them to its echo test. They count towards the tenant's
 * limits, and their records are among all others.
 * @throws CommandFailure when the SBC's name has no address, there is no way to it, or a user can't register
 */
export async function placeRemoteCalls(options: RemoteCallOptions): Promise<RemoteCallReport> {
  const { to, caller, callee, kinds, transport, calls, rate, hold, onProgress, signal } = options;
  const { host, port = transport === 'tls' ? 5061 : 5060 } = parseServer(to);
  const server = { address: await addressOf(host), port };
  const local = { address: await ownAddressTowards(server.address) };
  const user = (name: string, { identity, password }: RemoteUser): AgentSpec => ({
    ...{ role: 'user', name, identity, password, protocol: transport, local, server },
  });
  const opening = {
    agents: [user('caller', caller), ...(callee === undefined ? [] : [user('callee', callee)])],
    tls: isIP(host) === 0 ? { serverName: host } : {},
  };
  const domain = caller.identity.slice(caller.identity.lastIndexOf('@') + 1);
  const scenario = {
    registered: { name: 'registered', caller: 'caller', callee: 'callee', dial: callee?.identity ?? '' },
    echo: { name: 'echo', caller: 'caller', dial: `sip:*43@${domain}`, callerHears: 'own' },
  } as const;
  const plan = { kinds: kinds.map((kind) => scenario[kind]), calls, rate, hold };
  const agents = AgentsProcess.start();
  try {
    const { figures } = await unlessAborted(judgedCalls(agents, opening, plan, onProgress), signal);
    return { to, ...figures };
  } finally {
    await agents.close(signal.aborted ? 0.5 : 5);
  }
}

function parseServer(to: string): { readonly host: string; readonly port?: number } {
  const [, host, port] = /^([A-Za-z0-9.-]+)(?::(\d{1,5}))?$/.exec(to) ?? [];
  if (host === undefined || Number(port ?? 1) < 1 || Number(port ?? 1) > 65_535) {
    throw new CommandFailure(
      `--to is ${to}; it must be a name or an IPv4 address, and may have a port after a colon`,
      2,
    );
  }
  return port === undefined ? { host } : { host, port: Number(port) };
}

async function addressOf(host: string): Promise<string> {
  try {
    return (await lookup(host, { family: 4 })).address;
  } catch (error) {
    throw new CommandFailure(`${host} has no IPv4 address: ${(error as Error).message}`, 1);
  }
}

/** The address from which this machine sends to another. No packet is sent. */
async function ownAddressTowards(address: string): Promise<string> {
  const socket = createSocket('udp4');
  try {
    socket.connect(9, address);
    await once(socket, 'connect');
    return socket.address().address;
  } catch (error) {
    throw new CommandFailure(`there is no way from here to ${address}: ${(error as Error).message}`, 1);
  } finally {
    socket.close();
  }
}
