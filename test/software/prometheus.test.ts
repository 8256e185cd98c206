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
  const { scrape_configs: jobs } = parse(scrapeConfig(cell, { by: 'server' })) as {
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
  const config = parse(frontScrapeConfig(front, second!, { by: 'server' })) as object;
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
  const printed = async (...words: readonly string[]) =>
    parse((await cellstamp('prometheus-config', 'example', ...words)).stdout) as Record<string, unknown>;

  it('loads the rules, and tells the Alertmanagers that are named', async () => {
    const at = ['am-1.example.com:9093', '[2001:db8::1]:9093'];
    expect(await printed('--alertmanager', at[0]!, '--alertmanager', at[1]!)).toMatchObject({
      rule_files: ['rules.yml'],
      alerting: { alertmanagers: [{ static_configs: [{ targets: at }] }] },
    });
    expect(await printed()).toMatchObject({ rule_files: ['rules.yml'], alerting: { alertmanagers: [] } });
  });

  it('leaves rules to the server of an agent, which would not start with them', async () => {
    expect(Object.keys(await printed('--agent'))).toEqual(['global', 'scrape_configs']);
  });

  it.each([
    [['front', '--region', 'mars'], '--region mars is not a region of the front; allowed: '],
    [['example', '--region', 'eu-west-1'], '--region eu-west-1 is for the edges of the front'],
    [['example', '--alertmanager', 'am:9093', 'am'], "'am' is invalid. It must be HOST:PORT"],
    [['example', '--alertmanager', 'am:65536'], "'am:65536' is invalid. It must be HOST:PORT"],
    [['example', '--alertmanager', "a'b:9093"], 'is invalid. It must be HOST:PORT'],
    [['example', '--alertmanager', 'am:9093', '--rules'], "cannot be used with option '--rules'"],
    [['example', '--agent', '--alertmanager', 'am:9093'], 'cannot be used with option'],
  ] as const)('%j is refused', async (words, said) => {
    const { status, stderr } = await cellstamp('prometheus-config', ...words);
    expect(status).toBe(2);
    expect(stderr.replaceAll(/\s+/g, ' ')).toContain(said);
  });
});
