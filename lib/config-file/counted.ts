/**
 * A number and what it counts, in the singular where it is 1.
 * @param count as it is printed, or the number itself
 * @example counted(1, 'tenant') // '1 tenant'
 * @example counted(3, 'call is up', 'calls are up') // '3 calls are up'
 */
export function counted(count: number | string, one: string, many = `${one}s`): string {
  return `${count} ${String(count) === '1' ? one : many}`;
}
