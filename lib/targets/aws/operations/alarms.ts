import type { CellSpec } from '../../../fleet/schema/cell.ts';
import { resourceName } from '../site.ts';
import { asked, cloudWatchClient, sdk } from './clients.ts';

/** The alarms of a cell that have gone off, a sentence each. */
export async function alarmsOf({ name, region }: Pick<CellSpec, 'name' | 'region'>): Promise<readonly string[]> {
  const { paginateDescribeAlarms } = await sdk(() => import('@aws-sdk/client-cloudwatch'));
  const client = await cloudWatchClient(region);
  const AlarmNamePrefix = `${resourceName({ name })}-`;
  const names: string[] = [];
  const list = async () => {
    const found = paginateDescribeAlarms({ client }, { AlarmNamePrefix, StateValue: 'ALARM' });
    for await (const { MetricAlarms = [], CompositeAlarms = [] } of found) {
      names.push(...[...MetricAlarms, ...CompositeAlarms].map(({ AlarmName }) => AlarmName!));
    }
  };
  await asked(`list the alarms of cell ${name}`, list());
  return names.map((alarm) => `the alarm ${alarm} has gone off`);
}
