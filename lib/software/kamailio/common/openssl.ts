/**
 * A library that is loaded into Kamailio before OpenSSL, for two things that Kamailio 5.6 does not do.
 *
 * OpenSSL 3 keeps the errors of a thread in a variable of that thread. Kamailio initialises OpenSSL before it forks, with memory that
 * its processes share: all of them then write and free the same list of errors. A few dozen phones that connected over TLS at the
 * same moment ended it (double free, signal 11; kamailio/kamailio issues 3635 and 3791; 5.8 has a setting for it, tls_threads_mode).
 *
 * Kamailio checks that a server's certificate is signed by somebody it believes, and not whose it is.
 */
import { file, type Command, type HostFile } from '../../host-config.ts';
import { kamailioOpenssl } from '../../program-texts.ts';

const source = '/usr/local/lib/cellstamp/kamailio-openssl.c';
const library = '/usr/local/lib/cellstamp/kamailio-openssl.so';

/** A compiler of less than 1 MB, which needs no headers for this. */
export const compilerPackage = 'tcc';

export const buildOpensslLibrary: Command = ['/usr/bin/tcc', '-shared', '-nostdlib', '-o', library, source];

export const withOpensslLibrary = { LD_PRELOAD: library } as const;

export const opensslLibraryFile: HostFile = file(source, kamailioOpenssl);
