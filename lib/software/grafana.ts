/** Dashboards as Grafana's JSON, made by its foundation SDK. Only who imports this file needs that package. */
import {
  ReduceDataOptionsBuilder,
  TooltipDisplayMode,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimeSeriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { dashboards } from '../observability/dashboards/index.ts';
import type { Dashboard, Panel, PanelUnit, Query, Row, Variable } from '../observability/dashboards/dashboard.ts';

/** Which Prometheus is asked is chosen in the dashboard: its name is the operator's. */
const datasource = { type: 'prometheus', uid: '${datasource}' } as const;

/** Grafana's names of units. */
const units: Readonly<Record<PanelUnit, string>> = {
  calls: 'short',
  'calls/s': 'cps',
  'messages/s': 'cps',
  hosts: 'short',
  seconds: 's',
  share: 'percentunit',
  MOS: 'short',
  count: 'short',
};

/** In Grafana's grid, which is 24 wide: four values beside one another, or two graphs. */
const sizes = { now: { width: 6, height: 4 }, lines: { width: 12, height: 8 } } as const;

/** All of them, each as a file for Grafana’s provisioning or import has it. */
export const grafanaDashboards = () => dashboards.map(grafanaDashboard);

function grafanaDashboard({ uid, title, what, variables, rows }: Dashboard) {
  const builder = new DashboardBuilder(title)
    .uid(uid)
    .description(what)
    .tags(['cellstamp'])
    .time({ from: 'now-6h', to: 'now' })
    .refresh('1m')
    .timezone('browser')
    .withVariable(new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'));
  for (const variable of variables) builder.withVariable(variableBuilder(variable));
  for (const row of rows) addRow(builder, row);
  return builder.build();
}

function variableBuilder({ name, title, of }: Variable): QueryVariableBuilder {
  return (
    new QueryVariableBuilder(name)
      .label(title)
      .datasource(datasource)
      .query({ query: `label_values(${of}, ${name})`, refId: name })
      .refresh(VariableRefresh.OnTimeRangeChanged)
      .multi(true)
      .includeAll(true)
      // All of them need no list in each query.
      .allValue('.+')
      .current({ selected: true, text: 'All', value: '$__all' })
  );
}

function addRow(builder: DashboardBuilder, { title, panels }: Row): void {
  builder.withRow(new RowBuilder(title));
  for (const panel of panels) builder.withPanel(panelBuilder(panel));
}

function panelBuilder(panel: Panel): StatBuilder | TimeSeriesBuilder {
  const { title, what, shows, unit, queries } = panel;
  const builder =
    shows === 'now'
      ? new StatBuilder().reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
      : new TimeSeriesBuilder().tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi));
  const { width, height } = sizes[shows];
  builder.title(title).description(what).datasource(datasource).unit(units[unit]).span(width).height(height);
  for (const [index, query] of queries.entries()) builder.withTarget(queryBuilder(query, index, shows));
  return builder;
}

/** @param index of the query in its panel, where it is named A, B, ... */
function queryBuilder({ promQl, legend }: Query, index: number, shows: Panel['shows']): DataqueryBuilder {
  const builder = new DataqueryBuilder()
    .refId(String.fromCharCode('A'.charCodeAt(0) + index))
    .datasource(datasource)
    .expr(promQl)
    .legendFormat(legend);
  return shows === 'now' ? builder.instant() : builder.range();
}
