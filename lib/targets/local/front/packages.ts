/** Debian packages that a front on this machine needs beside those of a cell. */

/** Without these there is no front. */
export const neededPackages: readonly string[] = ['nsd', 'python3', 'python3-redis'];

/** BIRD tells routes by BGP; without it they are static. */
export const wantedPackages: readonly string[] = ['bird2'];
