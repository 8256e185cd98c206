/** The alarms of the front in one region: of every edge, and of the region as a whole. */
import type { EdgeHost, Front, FrontRegion } from '../../fleet/derive/front.ts';
import { hostAlarm, hostAlarms, hostMetric, type Alarm } from './alarm-table.ts';
import { frontSite, type Site } from './site.ts';

/** @param instanceIds of the region's edges, by the edge's name; Terraform tokens */
export function regionAlarms(
  front: Front,
  region: FrontRegion,
  instanceIds: ReadonlyMap<string, string>,
): readonly Alarm[] {
  const site = frontSite(front, region);
  return [
    ...region.edges.flatMap((edge) => [
      ...hostAlarms(site, edge, instanceIds.get(edge.name)!),
      ...edgeAlarms(site, edge),
    ]),
    {
      id: `${region.region}-ready`,
      description: `No edge in ${region.region} takes traffic; clients are sent to other regions, if there are any`,
      metrics: Object.fromEntries(
        region.edges.map((edge) => [`e${edge.number}`, hostMetric(site, edge, 'Ready', 'Maximum')]),
      ),
      // An edge that says nothing does not count as ready: with another one ready all is well.
      expression: region.edges.map((edge) => `FILL(e${edge.number}, 0)`).join(' + '),
      when: 'below',
      threshold: 1,
      minutes: 2,
      missing: 'breaching',
      actions: [],
    },
  ];
}

function edgeAlarms(site: Site, edge: EdgeHost): readonly Alarm[] {
  return [
    hostAlarm(edge, 'directory', {
      description: `The tenant directory does not answer ${edge.hostname} or was emptied; it goes on with what it knows`,
      metrics: { m: hostMetric(site, edge, 'DirectoryReachable', 'Maximum') },
      when: 'below',
      threshold: 1,
      minutes: 5,
    }),
    hostAlarm(edge, 'refused', {
      description: `${edge.hostname} refuses entries of the directory: journalctl -u cellstamp-directory-agent says which`,
      metrics: { m: hostMetric(site, edge, 'DirectoryRefused', 'Sum') },
      when: 'above',
      threshold: 0,
      minutes: 1,
    }),
    hostAlarm(edge, 'untold', {
      description: `Kamailio on ${edge.hostname} does not take all of the directory: its memory is full (directory.entries), or it hangs`,
      metrics: { m: hostMetric(site, edge, 'DirectoryUntold', 'Minimum') },
      when: 'above',
      threshold: 0,
      minutes: 5,
    }),
    hostAlarm(edge, 'clock', {
      description: `The clock of ${edge.hostname} or of a cell is wrong; calls go on, as edges follow the cells’ clocks`,
      metrics: { m: hostMetric(site, edge, 'ClockOffset', 'Minimum') },
      when: 'above',
      threshold: 5,
      minutes: 3,
    }),
    hostAlarm(edge, 'cells', {
      description: `${edge.hostname} turned requests away because no SBC of their cell answered`,
      metrics: { m: hostMetric(site, edge, 'CellUnreachable', 'Sum') },
      when: 'above',
      threshold: 0,
      minutes: 2,
    }),
  ];
}
