/** How the Redis of a cell is reached, from an option and the environment. */
import { InvalidArgumentError } from 'commander';
import { readText } from '../../config-file/read-text.ts';
import { CommandFailure } from '../failure.ts';
import type { RedisAccess, RedisAddress } from './redis-stream.ts';

export interface RedisUrl {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

const DEFAULT_PORT = 6379;
const loopback = ['localhost', '127.0.0.1', '::1'];

/** @example redisUrl('rediss://redis.example:6379') // { host: 'redis.example', port: 6379, tls: true } */
export function redisUrl(text: string): RedisUrl {
  const allowed = 'It must be rediss://HOST:PORT, or redis://HOST:PORT of this machine.';
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new InvalidArgumentError(allowed);
  }
  if (url.username !== '' || url.password !== '') {
    throw new InvalidArgumentError(
      'Everybody on this machine sees a command line: give user and password as CELLSTAMP_REDIS_USER and CELLSTAMP_REDIS_PASSWORD.',
    );
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const tls = url.protocol === 'rediss:';
  const isWhole = host !== '' && ['', '/'].includes(url.pathname) && url.search === '' && url.hash === '';
  if (!isWhole || !(tls || (url.protocol === 'redis:' && loopback.includes(host)))) {
    throw new InvalidArgumentError(allowed);
  }
  return { host, port: Number(url.port || DEFAULT_PORT), tls };
}

/**
 * User, password and authorities are in the environment: CELLSTAMP_REDIS_USER; CELLSTAMP_REDIS_PASSWORD, or a file's name in
 * CELLSTAMP_REDIS_PASSWORD_FILE; a file's name in CELLSTAMP_REDIS_CA.
 * @throws CommandFailure when both passwords are given
 * @throws UnreadableFile
 */
export function accessTo({ host, port, tls }: RedisUrl): RedisAccess {
  const {
    CELLSTAMP_REDIS_USER: user,
    CELLSTAMP_REDIS_PASSWORD: password,
    CELLSTAMP_REDIS_PASSWORD_FILE: file,
    CELLSTAMP_REDIS_CA: authorities,
  } = process.env;
  if (password !== undefined && file !== undefined) {
    throw new CommandFailure(
      'CELLSTAMP_REDIS_PASSWORD and CELLSTAMP_REDIS_PASSWORD_FILE are both set; allowed: one',
      2,
    );
  }
  const address: RedisAddress = tls
    ? { host, port, tls, ...(authorities !== undefined && { ca: readText(authorities) }) }
    : { host, port, tls };
  return { address, user, password: file === undefined ? password : readText(file).trimEnd() };
}
