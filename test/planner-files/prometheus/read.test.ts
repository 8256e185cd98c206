import { describe, expect, it, vi } from 'vitest';
import { CELL, HOUR, iso, MINIMAL, NOW, readFrom, refusalOf } from '../folder.ts';
import { answeringServer, everyPoint, matrix, vector, type Asked } from './answering-server.ts';
import { expectedAuthorization } from './signature.ts';

const planning = (url: string, more = '') => ({
  'planning.yaml': `${MINIMAL}history:\n  weeks: 1\n  prometheus:\n    url: ${url}\n${more}`,
});

/** Prometheus knows nothing of tenants. */
const CONTRACTS = '2 of 2 tenants without a history: expected to use what their limits were sized for';

const answering = (values: Readonly<Record<string, number>>) =>
  answeringServer((one, response) => response.end(everyPoint(one, values)));

describe('Prometheus', () => {
  it('gives cells their history and how they are now', async () => {
    const { url } = await answering({ 'euw1-a': 42, elsewhere: 7 });
    const { input, notes } = await readFrom(planning(url));
    const [cell] = input.cells;
    expect(Object.keys(cell!.history)).toEqual(['setups', 'registrations', 'relayedCalls', 'recordEvents']);
    expect([...cell!.history.relayedCalls!.values]).toEqual(Array(168).fill(42));
    expect(cell!.history.relayedCalls!.start).toBe(NOW - 168 * HOUR);
    expect(cell!.signals).toEqual({
      measuredAt: NOW,
      relayedCalls: 42,
      setups: 42,
      callsByRecords: 42,
      mos: 42,
      jitterMs: 42,
      loss: 42,
      setupSeconds: 42,
      answerSeizureRatio: 42,
      sbcs: 42,
      mediaHosts: 42,
    });
    expect(notes).toEqual([CONTRACTS]);
  });

  it('that knows half of the cells leaves the others unknown, and a note says so', async () => {
    const { url } = await answering({ 'euw1-a': 42 });
    const other = CELL.replace('euw1-a', 'euw1-b').replaceAll(/acme|globex/g, 'b-$&');
    const files = { ...planning(url), 'cells/euw1-b.yaml': `${other}network: 10.17.0.0/20\n` };
    const { input, notes } = await readFrom(files);
    expect(input.cells[1]!.history).toEqual({});
    expect(input.cells[1]!.signals).toEqual({ measuredAt: undefined });
    expect(notes).toEqual([
      ...['setups', 'registrations', 'relayedCalls', 'recordEvents'].map(
        (name) => `Prometheus knows no ${name} of euw1-b`,
      ),
      CONTRACTS.replaceAll('2', '4'),
    ]);
  });

  it('with holes, and values that nobody can have measured, leaves those hours unknown', async () => {
    const end = NOW / 1000;
    const values = [3, 2, 1, 0].map((hour, i) => [end - hour * 3600, ['5', 'NaN', '-1', '8'][i]]);
    const { url } = await answeringServer((one, response) =>
      response.end(one.path.endsWith('range') ? matrix([{ metric: { cell: 'euw1-a' }, values }]) : vector([])),
    );
    const { input, notes } = await readFrom(planning(url));
    expect([...input.cells[0]!.history.setups!.values]).toEqual([5, NaN, NaN, 8]);
    expect(notes).toContain('Prometheus: setups of euw1-a is unknown in 166 of 168 intervals');
    // Nothing is measured now: the newest hour is the newest there is.
    expect(input.cells[0]!.signals).toMatchObject({ measuredAt: NOW, setups: 8 });
  });

  it('with metrics of some hosts only has a gap there, and not half the load', async () => {
    const end = NOW / 1000;
    // A media host was not asked for three hours; long before there were two hosts only.
    const hosts = (hoursAgo: number) => (hoursAgo > 160 ? 2 : hoursAgo >= 3 && hoursAgo <= 5 ? 3 : 4);
    const { url } = await answeringServer((one, response) => {
      const query = one.form.get('query')!;
      const range = one.path.endsWith('range');
      const value = (hoursAgo: number) =>
        query.includes('count by (cell) (rtpengine')
          ? hosts(hoursAgo)
          : query.includes('count by')
            ? 2
            : 100 * hosts(hoursAgo);
      const values = Array.from({ length: 168 }, (_, i) => [end - (167 - i) * 3600, String(value(167 - i))]);
      const metric = { cell: 'euw1-a' };
      response.end(range ? matrix([{ metric, values }]) : vector([{ metric, value: [end, String(value(4))] }]));
    });
    const { input, notes } = await readFrom(planning(url));
    const [cell] = input.cells;
    const calls = [...cell!.history.relayedCalls!.values];
    expect(calls.slice(-7)).toEqual([400, NaN, NaN, NaN, 400, 400, 400]);
    expect(calls.slice(0, 8)).toEqual([200, 200, 200, 200, 200, 200, 200, 400]);
    expect([...cell!.history.setups!.values].slice(-5, -1)).toEqual([300, 300, 400, 400]);
    expect(notes).toContain(
      'Prometheus: relayedCalls of euw1-a is unknown in 3 of 168 intervals, in 3 of them as metrics of some of its hosts are missing',
    );
    expect(cell!.signals).toMatchObject({ relayedCalls: 300, sbcs: 2, mediaHosts: 3 });
  });

  it('knows which media hosts of a cell are drained, or does not say which are in service', async () => {
    const elastic = 'cells: { euw1-a: { elastic: { least: 1 } } }\n';
    const inService = async (media: Readonly<Record<string, number>>) => {
      const { url } = await answeringServer((one, response) => {
        if (!one.form.get('query')!.includes('drained')) response.end(everyPoint(one, {}));
        else {
          const series = Object.entries(media).map(([name, value]) => ({
            metric: { cell: 'euw1-a', media: name },
            value: [NOW / 1000, String(value)],
          }));
          response.end(vector(series));
        }
      });
      const { input } = await readFrom(planning(url, elastic));
      return input.cells[0]!.elastic;
    };
    const all = { 'media-1': 0, 'media-2': 0, 'media-3': 1, 'media-4': 0 };
    expect(await inService(all)).toEqual({ least: 1, inService: [1, 2, 4] });
    const { 'media-4': last, ...rest } = all;
    expect(last).toBe(0);
    expect(await inService(rest)).toEqual({ least: 1, inService: [1, 2, 3, 4] });
  });

  it('that answers in part only is no ground for a plan', async () => {
    const { url } = await answeringServer((_, response) =>
      response.end(
        JSON.stringify({
          status: 'success',
          warnings: ['store 2 is away'],
          data: { resultType: 'matrix', result: [] },
        }),
      ),
    );
    expect(await refusalOf(planning(url))).toEqual([
      expect.stringMatching(/in part only \(store 2 is away\), 4 times; allowed: /),
    ]);
  });

  it('fills in what files do not say', async () => {
    const { url } = await answering({ 'euw1-a': 42 });
    const files = {
      ...planning(url, '  files: [a.csv]\n'),
      'a.csv': `time,cell,resource,value\n${iso(NOW - 2 * HOUR)},euw1-a,relayedCalls,17\n`,
    };
    const { input } = await readFrom(files);
    expect([...input.cells[0]!.history.relayedCalls!.values].slice(-3)).toEqual([42, 17, 42]);
  });

  it('is asked what planning.yaml says instead of the usual', async () => {
    const { url, asked } = await answeringServer((one, response) =>
      response.end(everyPoint(one, { 'euw1-a': 1 }).replaceAll('"cell"', '"site"')),
    );
    const own = `    cellLabel: site
    queries: { mediaSessions: 'sum by ($cell) (rate(sessions[$step]))', setups: off, callsByRecords: off }
`;
    const { input } = await readFrom(planning(url, own));
    expect(Object.keys(input.cells[0]!.history)).toEqual([
      'registrations',
      'relayedCalls',
      'mediaSessions',
      'recordEvents',
    ]);
    const queries = asked.map(({ form }) => form.get('query')!);
    expect(queries).toContain(
      'avg_over_time((sum by (site) (rate(sessions[5m])))[59m:5m]) and count_over_time((sum by (site) (rate(sessions[5m])))[59m:5m]) >= 6',
    );
    expect(queries.filter((query) => query.includes('setups_total'))).toEqual([
      expect.stringContaining('answered_total'),
    ]);
  });

  it('that refuses queries is refused, with the place of each', async () => {
    const { url } = await answeringServer((one, response) => {
      if (one.form.get('query')!.includes('rate')) response.statusCode = 422;
      response.end(
        response.statusCode === 422
          ? JSON.stringify({ status: 'error', errorType: 'execution', error: 'too many samples' })
          : matrix([{ metric: { job: 'sbc' }, values: [] }]),
      );
    });
    const refusal = await refusalOf(planning(url, '    queries: { recordEvents: off, registrations: off }\n'));
    expect(refusal).toEqual([
      expect.stringContaining('queries.sbcs: a series has no label cell'),
      expect.stringContaining('queries.mediaHosts: a series has no label cell'),
      expect.stringMatching(
        /^planning.yaml:8:5 error history.prometheus.queries.setups: .* answered 422 \(execution: too many samples\) to /,
      ),
      'planning.yaml:8:5 error history.prometheus.queries.relayedCalls: a series has no label cell, only job; allowed: series with cell, see cellLabel',
    ]);
  });
});

describe('a planner says who it is', () => {
  const authorizationOf = async (auth: string, files: Readonly<Record<string, string>> = {}): Promise<Asked> => {
    const { url, asked } = await answering({ 'euw1-a': 1 });
    await readFrom({ ...planning(url, `    auth: ${auth}\n`), ...files });
    return asked[0]!;
  };

  it('with a password from a file', async () => {
    const auth = '{ basic: { username: planner, password: { file: password } } }';
    const { headers } = await authorizationOf(auth, { password: 'open sesame\n' });
    expect(headers.authorization).toBe(`Basic ${Buffer.from('planner:open sesame').toString('base64')}`);
  });

  it('with a token from the environment', async () => {
    vi.stubEnv('PLANNER_TOKEN', 'abc');
    const { headers } = await authorizationOf('{ bearer: { env: PLANNER_TOKEN } }');
    expect(headers.authorization).toBe('Bearer abc');
  });

  it('with a signature that AWS computes alike', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY');
    const asked = await authorizationOf('{ sigv4: { region: eu-west-1 } }');
    expect(asked.headers.authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\/aps\//);
    expect(asked.headers.authorization).toBe(
      expectedAuthorization(asked, 'AKIDEXAMPLE', 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'),
    );
  });

  it('or learns that its secret is not there', async () => {
    const url = 'http://127.0.0.1:1';
    expect(await refusalOf(planning(url, '    auth: { bearer: { env: NO_SUCH_TOKEN } }\n'))).toEqual([
      'planning.yaml:8:5 error history.prometheus.auth: the environment variable NO_SUCH_TOKEN is not set; allowed: NO_SUCH_TOKEN with the secret in it',
    ]);
    expect(await refusalOf(planning(url, '    auth: { bearer: { file: token } }\n'))).toEqual([
      'planning.yaml:8:5 error history.prometheus.auth: token: there is no such file; allowed: a text file in UTF-8',
    ]);
  });
});
