import type { SipTransports } from '../../../config-file/fields.ts';
import { script, service, type Command, type HostFile, type Service } from '../../host-config.ts';
import { kamailioPaths as paths } from './paths.ts';
import { buildOpensslLibrary, withOpensslLibrary } from './openssl.ts';
import { optionsProgram, type SipSocket } from './options.ts';

/** `kamailio-answers [STATUS]` */
export const answersPath = '/usr/local/lib/cellstamp/kamailio-answers';

/** The program by which the service's health is asked. @param socket where its workers answer OPTIONS of this host */
export function kamailioAnswers(socket: SipSocket): HostFile {
  return script(answersPath, optionsProgram(socket));
}

/** Kamailio as a service; `kamailioAnswers` is a file of its host. What only one kind of host has is given; all else is the same everywhere. */
export function kamailioService(own: {
  readonly description: string;
  readonly transports: SipTransports;
  readonly sharedMemoryMiB: number;
  readonly environment?: Readonly<Record<string, string>>;
  readonly before?: readonly Command[];
  readonly after: readonly string[];
  readonly stateDirectories?: readonly string[];
  /** @default - it answers on its control socket */
  readonly ready?: Command;
}): Service {
  const lowPort = Object.values(own.transports).some((port) => port !== 'off' && port < 1024);
  const tls = own.transports.tls !== 'off';
  const kamcmd = ['/usr/sbin/kamcmd', '-s', `unix:${paths.control}`] as const;
  return service({
    name: 'kamailio',
    description: own.description,
    // In the foreground, to standard error; 32 MiB for each process of its own: the script takes half of it, and it is touched where it is used alone.
    command: [
      '/usr/sbin/kamailio',
      ...['-f', paths.config],
      '-DD',
      '-E',
      // Memory in constant time: the default searches its free lists, which took a tenth of the CPU of a call.
      ...['-x', 'tlsf'],
      ...['-X', 'tlsf'],
      ...['-m', String(own.sharedMemoryMiB)],
      ...['-M', '32'],
      ...['-P', paths.pid],
      ...['-Y', paths.run],
    ],
    user: 'kamailio',
    capabilities: lowPort ? ['CAP_NET_BIND_SERVICE'] : [],
    environment: { ...own.environment, ...(tls ? withOpensslLibrary : {}) },
    // Kamailio does not start while the file of a killed one is there.
    before: [['/bin/rm', '-f', paths.pid], ...(tls ? [buildOpensslLibrary] : []), ...(own.before ?? [])],
    after: own.after,
    runDirectories: [paths.run],
    stateDirectories: own.stateDirectories ?? [],
    openFiles: 131072,
    ready: own.ready ?? [...kamcmd, 'core.uptime'],
    readyTimeoutSeconds: 60,
    // A control command would be answered by another process than the workers.
    health: [answersPath],
    ...(tls ? { reload: [...kamcmd, 'tls.reload'] as const } : {}),
    stopTimeoutSeconds: 10,
  });
}
