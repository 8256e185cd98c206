import { CloudwatchDashboard } from '@cdktf/provider-aws/lib/cloudwatch-dashboard/index.js';
import { Construct } from 'constructs';
import type { Metric } from './alarm-table.ts';
import { resourceName, type Site } from './site.ts';

/** Lines of one graph. */
export interface Widget {
  readonly title: string;
  readonly lines: readonly Line[];
}

export interface Line {
  /** `sbc-1` */
  readonly label: string;
  readonly metric: Metric;
}

export interface SiteDashboardProps {
  readonly site: Site;
  /** After the site's name in that of the dashboard: what else has one of the same site. @default - none */
  readonly suffix?: string;
  readonly widgets: readonly Widget[];
  /** ARNs of the alarms that wake somebody. CloudWatch shows at most 100 in a widget. */
  readonly alarmArns: readonly string[];
}

/** In CloudWatch's grid, which is 24 wide: two graphs beside one another, below all alarms. */
const graph = { width: 12, height: 6 } as const;
const alarmsHeight = 4;

/** A dashboard of CloudWatch: the alarms that wake somebody, and graphs. One costs 3 USD a month beyond the third of an account. */
export class SiteDashboard extends Construct {
  readonly dashboard: CloudwatchDashboard;

  constructor(scope: Construct, id: string, props: SiteDashboardProps) {
    super(scope, id);
    const { site, suffix, widgets, alarmArns } = props;
    this.dashboard = new CloudwatchDashboard(this, 'dashboard', {
      dashboardName: resourceName(site, suffix),
      dashboardBody: JSON.stringify({
        widgets: [
          {
            type: 'alarm',
            ...{ x: 0, y: 0, width: 2 * graph.width, height: alarmsHeight },
            properties: { title: 'Alarms that wake somebody', alarms: alarmArns },
          },
          ...widgets.map((widget, at) => ({
            type: 'metric',
            x: (at % 2) * graph.width,
            y: alarmsHeight + Math.floor(at / 2) * graph.height,
            ...graph,
            properties: properties(site, widget),
          })),
        ],
      }),
    });
  }
}

function properties({ region }: Site, { title, lines }: Widget) {
  return {
    title,
    region,
    view: 'timeSeries',
    period: 60,
    metrics: lines.map(({ label, metric: { namespace, name, dimensions, statistic } }) => [
      namespace,
      name,
      ...Object.entries(dimensions).flat(),
      { label, stat: statistic },
    ]),
  };
}
