import { describe, expect, it } from 'vitest';
import {
  edgeMetrics,
  hostMetrics,
  mediaMetrics,
  sbcMetrics,
  tlsMetrics,
} from '../../../lib/observability/host-metrics.ts';
import { cellWidgets, regionWidgets } from '../../../lib/targets/aws/dashboard-widgets.ts';
import { VoipCell } from '../../../lib/targets/aws/voip-cell.ts';
import { parseCell, type CellInput } from '../../../lib/fleet/schema/cell.ts';
import { cellOf, frontOf, maximal, maximalFront, minimal, synth } from './synth.ts';

interface Body {
  readonly widgets: readonly {
    readonly type: string;
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
    readonly properties: {
      readonly title: string;
      readonly region?: string;
      readonly alarms?: readonly string[];
      readonly metrics?: readonly (readonly unknown[])[];
    };
  }[];
}

const dashboardOf = (input: CellInput) => {
  const made = synth((stack) => void new VoipCell(stack, 'cell', { spec: parseCell(input) }), input.region);
  const { dashboard_name: name, dashboard_body: body } = made.one('aws_cloudwatch_dashboard');
  return { made, name, body: JSON.parse(String(body)) as Body };
};

describe.each([
  ['the smallest cell', minimal],
  ['a cell in which everything is different', maximal],
] as const)('the dashboard of %s', (_, input) => {
  const { made, name, body } = dashboardOf(input);

  it('has its name', () => {
    expect(name).toBe(`cellstamp-${input.name}`);
  });

  it('shows the alarms that wake somebody, and no others', () => {
    const paging = made
      .all('aws_cloudwatch_metric_alarm')
      .filter(({ alarm_description: text }) => /^P[01],/.test(String(text)));
    expect(body.widgets[0]!.properties.alarms).toHaveLength(paging.length);
    expect(paging.length).toBeGreaterThan(5);
  });

  it('fits into the grid, and no widget lies on another', () => {
    for (const [at, one] of body.widgets.entries()) {
      expect(one.x + one.width).toBeLessThanOrEqual(24);
      for (const other of body.widgets.slice(at + 1)) {
        const besides = one.x + one.width <= other.x || other.x + other.width <= one.x;
        expect(besides || one.y + one.height <= other.y || other.y + other.height <= one.y).toBe(true);
      }
    }
  });

  it('draws in its region, at least a line in each graph', () => {
    for (const { properties } of body.widgets.slice(1)) {
      expect(properties.region).toBe(input.region);
      expect(properties.metrics!.length).toBeGreaterThan(0);
    }
  });

  it('names every metric with all of its dimensions', () => {
    expect(JSON.stringify(body)).toContain(
      `["Cellstamp","Calls","Cell","${input.name}","Host","sbc-1",{"label":"sbc-1","stat":"Maximum"}]`,
    );
  });
});

describe('what the dashboards show', () => {
  const cell = cellOf(maximal);
  const front = frontOf(maximalFront);
  const ids = (hosts: readonly { readonly name: string }[]) => new Map(hosts.map(({ name }) => [name, `i-${name}`]));

  it.each([
    [
      'of a cell',
      cellWidgets(cell, ids([...cell.sbcs, ...cell.media])),
      { ...hostMetrics, ...tlsMetrics, ...mediaMetrics, ...sbcMetrics },
    ],
    ['of a region', regionWidgets(front, front.regions[0]!, ids(front.edges)), { ...hostMetrics, ...edgeMetrics }],
  ] as const)('%s is what its hosts publish, or AWS measures', (_, widgets, published) => {
    const own = widgets.flatMap(({ lines }) => lines).filter(({ metric }) => metric.namespace === 'Cellstamp');
    expect(own.length).toBeGreaterThan(10);
    expect(own.filter(({ metric }) => !(metric.name in published))).toEqual([]);
  });

  it('has no more alarms than CloudWatch shows, with as many media hosts as a cell may have', () => {
    const { body } = dashboardOf({ ...minimal, media: { hosts: 32 } });
    expect(body.widgets[0]!.properties.alarms!.length).toBeLessThanOrEqual(100);
  });
});
