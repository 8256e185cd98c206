/**
 * One media host, run by `host.ts` in namespaces of its own: FreeSWITCH from its HostConfig, as its unprivileged user, with
 * the addresses of a cell on the loopback interface, and user agents that call it from them. Everything in here ends with
 * this process, which is the first of its process namespace.
 */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AudioStream } from '../../../lib/user-agent/audio/stream.ts';
import { MediaPorts } from '../../../lib/user-agent/audio/media-ports.ts';
import { RtpClock } from '../../../lib/user-agent/audio/rtp-clock.ts';
import type { Session } from '../../../lib/user-agent/endpoint/session.ts';
import { UserAgent } from '../../../lib/user-agent/endpoint/user-agent.ts';
import { deriveCell } from '../../../lib/fleet/derive/cell.ts';
import { internalPorts } from '../../../lib/fleet/schema/fixed.ts';
import { freeswitch } from '../../../lib/software/freeswitch/index.ts';
import { late } from '../../../lib/fleet/late-bound.ts';
import type { Command, Service } from '../../../lib/software/host-config.ts';
import { parseCell, type CellInput } from '../../../lib/fleet/schema/cell.ts';

export interface Heard {
  /** Blocks of 100 ms since the call began. */
  readonly blocks: number;
  /** Those that were the expected tone. */
  readonly matching: number;
}

export interface Finished {
  readonly status: number;
  readonly output: string;
}

let daemon: ChildProcess | undefined;
let log = '';
let service: Server | undefined;
const questions: string[] = [];
const clock = new RtpClock();
const agents = new Map<string, UserAgent>();
const calls: { readonly media: AudioStream; readonly session: Session }[] = [];
let target = '';

function run([program, ...args]: Command): Promise<Finished> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (text) => (output += String(text)));
    child.stderr.on('data', (text) => (output += String(text)));
    child.on('close', (status) => resolve({ status: status ?? -1, output }));
  });
}

async function agentAt(address: string): Promise<UserAgent> {
  const known = agents.get(address);
  if (known) return known;
  const agent = await UserAgent.open({
    identity: `sip:caller@${address}`,
    protocol: 'udp',
    local: { address, port: 0 },
  });
  agents.set(address, agent);
  return agent;
}

async function launch({ command, user, group, before, ready, openFiles }: Service): Promise<Finished> {
  for (const step of before) {
    const done = await run(step);
    if (done.status !== 0) return done;
  }
  log = '';
  daemon = spawn(
    'setpriv',
    ['--reuid', user, '--regid', group, '--init-groups', 'prlimit', `--nofile=${openFiles}`, ...command],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  for (const stream of [daemon.stdout, daemon.stderr]) stream?.on('data', (text) => (log += String(text)));
  for (let tries = 0; tries < 300; tries++) {
    const { status } = await run(ready);
    if (status === 0) return { status: 0, output: '' };
    if (daemon.exitCode !== null) break;
    await sleep(100);
  }
  return { status: 1, output: log };
}

/** What the test can ask for, by name. All arguments and results are JSON. */
export const requests = {
  /** Writes the host's files and starts its services; a failure is what stopped it. */
  async start(input: CellInput, password: string): Promise<Finished> {
    const cell = deriveCell(parseCell(input));
    const host = cell.media[0]!;
    const config = freeswitch(cell, host);
    target = `${host.address}:${internalPorts.freeswitchSip}`;
    for (const file of config.files) {
      mkdirSync(dirname(file.path), { recursive: true });
      writeFileSync(file.path, file.text.replaceAll(late('event_socket_password'), password));
      chmodSync(file.path, Number.parseInt(file.mode, 8));
    }
    const [main] = config.services.filter(({ name }) => name === 'freeswitch');
    for (const directory of [...main!.runDirectories, ...main!.stateDirectories]) {
      spawnSync('install', ['-d', '-o', main!.user, '-g', main!.group, '-m', '0750', directory]);
    }
    return launch(main!);
  },

  async stop(): Promise<number | null> {
    for (const agent of agents.values()) await agent.close();
    agents.clear();
    calls.length = 0;
    const child = daemon;
    if (!child || child.exitCode !== null) return child?.exitCode ?? null;
    const ended = new Promise<number | null>((resolve) => child.on('exit', (status) => resolve(status)));
    child.kill('SIGTERM');
    return ended;
  },

  /** Runs a program in the namespaces, as root. */
  run,

  async log(): Promise<string> {
    return log;
  },

  async options(from: string): Promise<number> {
    return (await (await agentAt(from)).options(`sip:${target}`)).status;
  },

  /** Calls a user part of FreeSWITCH. `call` is there when it was answered. */
  async call(
    from: string,
    user: string,
    tones: { readonly send: number; readonly expect: number },
  ): Promise<{ readonly status: number; readonly call?: number }> {
    const agent = await agentAt(from);
    const media = await AudioStream.open({
      ports: new MediaPorts(from, 40000, 49998),
      clock,
      codecs: ['PCMU'],
      sendTone: tones.send,
      expectTone: tones.expect,
    });
    const outcome = await (await agent.invite({ target: `sip:${user}@${target}`, media })).outcome;
    if (!outcome.answered) {
      media.close();
      return { status: outcome.answer.status };
    }
    const { session } = outcome;
    void session.ended.then(() => media.close());
    media.start();
    return { status: outcome.answer.status, call: calls.push({ media, session }) - 1 };
  },

  async heard(call: number): Promise<Heard> {
    const { blocks, matching } = calls[call]!.media.snapshot.received.tone;
    return { blocks, matching };
  },

  async bye(call: number): Promise<number> {
    return (await calls[call]!.session.bye()).status;
  },

  /** An HTTP configuration service on a port of loopback that answers in one way. */
  async serve(port: number, status: number, body: string, delayMs: number): Promise<void> {
    service?.closeAllConnections();
    await new Promise<void>((resolve) => (service ? service.close(() => resolve()) : resolve()));
    service = createServer((request, response) => {
      questions.push(request.url ?? '');
      setTimeout(() => response.writeHead(status, { 'content-type': 'text/plain' }).end(body), delayMs);
    });
    await new Promise<void>((resolve) => service!.listen(port, '127.0.0.1', resolve));
  },

  /** Paths that the service was asked for since the last time. */
  async questions(): Promise<readonly string[]> {
    return questions.splice(0);
  },
};

export type Requests = typeof requests;

/** An own /etc/freeswitch and so on, and every address of the cell that takes part. */
function prepare(addresses: readonly string[]): void {
  execFileSync('mount', ['--make-rprivate', '/']);
  for (const path of [
    '/etc/freeswitch',
    '/var/lib/freeswitch',
    '/var/log/freeswitch',
    '/run/freeswitch',
    '/usr/local/lib/cellstamp',
  ]) {
    mkdirSync(path, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', path]);
    chmodSync(path, 0o755);
  }
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
  for (const address of addresses) execFileSync('ip', ['address', 'add', `${address}/32`, 'dev', 'lo']);
}

prepare(process.argv.slice(2));
process.on('disconnect', () => process.exit());
process.on('message', ({ id, name, args }: { id: number; name: keyof Requests; args: never[] }) => {
  const request = requests[name] as (...all: never[]) => Promise<unknown>;
  request(...args).then(
    (result) => process.send!({ id, result }),
    (error: unknown) => process.send!({ id, error: String(error) }),
  );
});
process.send!({ id: 0 });
