/** The alarms of the front in one region: of every edge, and of the region as a whole. */
import type { Front, FrontRegion } from '../../fleet/derive/front.ts';
import { certificateAlert, regionAlerts } from '../../observability/alerts.ts';
import { alarmOf, hostAlarms, type Alarm } from './alarm-table.ts';
import { frontSite } from './site.ts';

/** @param instanceIds of the region's edges, by the edge's name; Terraform tokens */
export function regionAlarms(
  front: Front,
  region: FrontRegion,
  instanceIds: ReadonlyMap<string, string>,
): readonly Alarm[] {
  const site = frontSite(front, region);
  return [
    ...region.edges.flatMap((edge) => hostAlarms(site, edge, instanceIds.get(edge.name)!)),
    ...[
      ...regionAlerts(region),
      ...(front.spec.edge.transports.tls === 'off' ? [] : region.edges.map(certificateAlert)),
    ].map((alert) => alarmOf(site, alert)),
  ];
}
