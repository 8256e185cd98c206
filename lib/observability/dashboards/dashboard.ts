/** Dashboards as data: what each panel asks Prometheus, and how its values are to be read. A target or a command makes its own format of them. */
import { sbcPage, edgePage } from '../kamailio-pages.ts';
import { histogramSeries, series } from '../metric-page.ts';
import { relayPage } from '../relay-page.ts';

export interface Query {
  /** May name the variables of its dashboard, and the time over which rates are taken (`rateTime`). */
  readonly promQl: string;
  /** Name of each series, with labels in double braces: `{{cell}}`. */
  readonly legend: string;
}

export type PanelUnit = 'calls' | 'calls/s' | 'messages/s' | 'hosts' | 'seconds' | 'share' | 'MOS' | 'count';

export interface Panel {
  readonly title: string;
  /** What is good, and what to look at next when it is not. */
  readonly what: string;
  /** `now`: the newest value of each series; `lines`: their values over time. */
  readonly shows: 'now' | 'lines';
  readonly unit: PanelUnit;
  readonly queries: readonly Query[];
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** Chosen by who looks: one value of a label, several, or all. */
export interface Variable {
  /** Its name, and that of the label. */
  readonly name: 'cell' | 'trunk' | 'region';
  readonly title: string;
  /** The series whose values of the label there are to choose from. */
  readonly of: string;
}

export interface Dashboard {
  /** Stable: links name it. */
  readonly uid: string;
  readonly title: string;
  readonly what: string;
  readonly variables: readonly Variable[];
  readonly rows: readonly Row[];
}

/** Grafana's variable for a time that has at least four scrapes. */
export const rateTime = '$__rate_interval';

const matched = (name: string, matchers: readonly string[]): string =>
  matchers.length === 0 ? name : `${name}{${matchers.join(', ')}}`;

/** A series of the SBCs of all cells. @param matchers in PromQL: `kind="out"` */
export const sbc = (name: keyof typeof sbcPage.metrics, ...matchers: readonly string[]): string =>
  matched(series(sbcPage, name), matchers);

/** A series of the edges. */
export const edge = (name: keyof typeof edgePage.metrics, ...matchers: readonly string[]): string =>
  matched(series(edgePage, name), matchers);

/** A series of the relays of all cells. */
export const relay = (name: keyof typeof relayPage.metrics, ...matchers: readonly string[]): string =>
  matched(series(relayPage, name), matchers);

/** Buckets of the post-dial delay. */
export const delayBuckets = (...matchers: readonly string[]): string =>
  matched(histogramSeries(sbcPage, 'post_dial_delay_milliseconds', 'bucket'), matchers);

export const perSecond = (counter: string): string => `rate(${counter}[${rateTime}])`;

/** Of the cells that are chosen. */
export const inCell = 'cell=~"$cell"';

export const cellVariable: Variable = { name: 'cell', title: 'Cell', of: sbc('calls') };
