import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { deriveCell } from '../../lib/fleet/derive/cell.ts';
import { deriveFront } from '../../lib/fleet/derive/front.ts';
import { parseFront } from '../../lib/fleet/schema/front.ts';
import { frontScrapeConfig, scrapeConfig } from '../../lib/software/prometheus.ts';
import { parseCell } from '../../lib/fleet/schema/cell.ts';
import { cellstamp } from '../cli/run-command.ts';

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

it('scrapes the edges of a region, each by the names of front, region and edge', () => {
  const front = deriveFront(
    parseFront({
      domain: 'voice.example.com',
      regions: [
        { region: 'eu-west-1', network: '10.15.0.0/24' },
        { region: 'us-east-1', network: '10.15.1.0/24' },
      ],
      aws: {},
    }),
  );
  const [, second] = front.regions;
  const config = parse(frontScrapeConfig(front, second!)) as object;
  expect(config).toMatchObject({
    scrape_configs: [
      {
        job_name: 'edge',
        static_configs: second!.edges.map(({ address, name }) => ({
          targets: [`${address}:9494`],
          labels: { front: 'front', region: 'us-east-1', host: name },
        })),
      },
    ],
  });
});

describe('npx cellstamp prometheus-config', () => {
  it.each([
    [['front', '--region', 'mars'], '--region mars is not a region of the front; allowed: '],
    [['example', '--region', 'eu-west-1'], '--region eu-west-1 is for the edges of the front'],
  ] as const)('%j is refused', async (words, said) => {
    const { status, stderr } = await cellstamp('prometheus-config', ...words);
    expect(status).toBe(2);
    expect(stderr.replaceAll(/\s+/g, ' ')).toContain(said);
  });
});
