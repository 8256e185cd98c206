import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { deriveCell } from '../../lib/fleet/derive/cell.ts';
import { scrapeConfig } from '../../lib/software/prometheus.ts';
import { parseCell } from '../../lib/fleet/schema/cell.ts';

const cell = deriveCell(parseCell({ name: 'euw1-a', region: 'eu-west-1', aws: {}, network: '10.16.0.0/20' }));

it('scrapes Kamailio on both SBCs and rtpengine on every media host, each by the name of its cell and host', () => {
  const { scrape_configs: jobs } = parse(scrapeConfig(cell)) as {
    scrape_configs: { job_name: string; static_configs: object[] }[];
  };
  const target = (at: string, host: string) => ({ targets: [at], labels: { cell: 'euw1-a', host } });
  expect(Object.fromEntries(jobs.map((job) => [job.job_name, job.static_configs]))).toEqual({
    sbc: cell.sbcs.map(({ address, name }) => target(`${address}:9494`, name)),
    rtpengine: cell.media.map(({ address, name }) => target(`${address}:9900`, name)),
  });
});
