import { paths } from './paths.ts';

/**
 * What brings media hosts into service and takes others out of it, run on one SBC as root: it tells the other one. A drained host
 * keeps its calls until they end.
 *
 * @param hosts numbers of the media hosts that are to change, or to stay as they should be
 * @param inService those of them that are to take new calls
 */
export function drainScript(hosts: readonly number[], inService: readonly number[]): string {
  const control = `kamcmd -s unix:${paths.control}`;
  return hosts
    .map((host) =>
      inService.includes(host)
        ? `${control} htable.delete drains s:${host}\n`
        : `${control} htable.seti drains s:${host} 1\n`,
    )
    .join('');
}
