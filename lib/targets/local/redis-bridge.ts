/** A way from this machine to the Redis of a cell, whose network is its own. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deriveCell } from '../../fleet/derive/cell.ts';
import { internalPorts } from '../../fleet/schema/fixed.ts';
import { primaryName } from './addresses.ts';
import { spawnInNetwork } from './namespace.ts';
import { isAlive } from './processes.ts';
import { primaryOf } from './primaries.ts';
import { secretsOf } from './secrets.ts';
import { cellFolder, readState, requireState } from './state.ts';

export interface RedisBridge {
  /** A socket on this machine: each connection to it is one, over TLS, to whichever host is the primary then. */
  readonly path: string;
  readonly password: string;
  close(): void;
}

/**
 * Opens a socket that leads to the primary Redis of a cell.
 * @throws LocalFailure when the cell is not up
 */
export async function bridgeToRedis(name: string): Promise<RedisBridge> {
  const cell = deriveCell(requireState(name).spec, 'movable');
  const { redisPassword: password } = await secretsOf(cell);
  const server = `${cell.redis[0]!.primaryAddress}:${internalPorts.redis}`;
  const argv = throughTls(server, primaryName(cell, 'redis'), join(cellFolder(name), 'tls', 'authority.pem'));
  const socket = await socketTo(() => {
    const state = readState(name);
    const init = state?.namespaces[primaryOf(state, 'redis')]?.init;
    return init !== undefined && isAlive(init)
      ? spawnInNetwork(init, argv, { stdio: ['pipe', 'pipe', 'ignore'] })
      : undefined;
  });
  return { ...socket, password };
}

/** The command line of a program whose input and output are a TLS connection. */
export function throughTls(server: string, serverName: string, authority: string): readonly string[] {
  const verified = ['-verify_return_error', '-verify_hostname', serverName, '-CAfile', authority];
  return ['openssl', 's_client', '-quiet', '-connect', server, '-servername', serverName, ...verified];
}

/**
 * Opens a socket each of whose connections is the input and output of a program.
 * @param start starts the program, with pipes; undefined when it can't, which ends the connection
 */
export async function socketTo(start: () => ChildProcess | undefined): Promise<Omit<RedisBridge, 'password'>> {
  // A folder for this user alone.
  const folder = mkdtempSync(join(tmpdir(), 'cellstamp-redis-'));
  const path = join(folder, 'socket');
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    const program = start();
    socket.on('error', () => undefined);
    socket.on('close', () => {
      open.delete(socket);
      program?.kill();
    });
    if (program === undefined) {
      socket.destroy();
      return;
    }
    program.on('error', () => socket.destroy());
    program.on('exit', () => socket.destroy());
    // It ends before it has read everything when Redis goes away.
    program.stdin!.on('error', () => undefined);
    socket.pipe(program.stdin!);
    program.stdout!.pipe(socket);
  });
  server.listen(path);
  await once(server, 'listening');
  return {
    path,
    close: () => {
      server.close();
      for (const socket of open) socket.destroy();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
