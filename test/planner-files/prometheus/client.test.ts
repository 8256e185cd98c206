import { describe, expect, it } from 'vitest';
import { Prometheus, PrometheusFailure, type PrometheusOptions } from '../../../lib/planner-files/prometheus/client.ts';
import { answeringServer, everyPoint, matrix, vector } from './answering-server.ts';

const client = (url: string, more: Partial<PrometheusOptions> = {}) =>
  new Prometheus({ url, authenticate: async () => ({}), timeoutMs: 5000, backoffMs: 1, ...more });

const failureOf = async (asking: Promise<unknown>): Promise<string> => {
  const error = await asking.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(PrometheusFailure);
  return (error as Error).message;
};

describe('a range', () => {
  it('of more points than the server gives is asked for in parts, and is whole', async () => {
    const { url, asked } = await answeringServer((one, response) => response.end(everyPoint(one, { a: 1, b: 2 })));
    const series = await client(url).range('q', 300, 300 * 25_000, 300);
    expect(asked).toHaveLength(3);
    for (const { form } of asked) {
      expect((Number(form.get('end')) - Number(form.get('start'))) / 300).toBeLessThan(11_000);
    }
    expect(series.map(({ metric }) => metric['cell'])).toEqual(['a', 'b']);
    for (const { values } of series) {
      expect(values.map(([time]) => time)).toEqual(Array.from({ length: 25_000 }, (_, i) => 300 * (i + 1)));
    }
  });

  it('keeps a series that only some parts know', async () => {
    const { url } = await answeringServer((one, response) =>
      response.end(everyPoint(one, one.form.get('start') === '1' ? { a: 1 } : { a: 1, b: 2 })),
    );
    const series = await client(url).range('q', 1, 12_000, 1);
    expect(series.map(({ values }) => values.length)).toEqual([12_000, 1000]);
  });
});

describe('a server in trouble', () => {
  it('that answers 500 and 429 for a while is asked again', async () => {
    const statuses = [500, 429, 503];
    const { url, asked } = await answeringServer((one, response) => {
      response.statusCode = statuses.shift() ?? 200;
      response.end(everyPoint(one, { a: 1 }));
    });
    expect(await client(url).at('q', 1)).toEqual([{ metric: { cell: 'a' }, values: [[1, '1']] }]);
    expect(asked).toHaveLength(4);
  });

  it('that stays in it is a failure that says what it said', async () => {
    const { url, asked } = await answeringServer((_, response) => {
      response.statusCode = 503;
      response.end(JSON.stringify({ status: 'error', errorType: 'timeout', error: 'query timed out' }));
    });
    expect(await failureOf(client(url).at('q', 1))).toBe(
      `${url}/api/v1/query answered 503 (timeout: query timed out), 4 times`,
    );
    expect(asked).toHaveLength(4);
  });

  it('that does not answer in time is given up', async () => {
    const { url } = await answeringServer(() => {});
    expect(await failureOf(client(url, { timeoutMs: 50 }).at('q', 1))).toMatch(
      /did not answer within 0.05 s, 4 times$/,
    );
  });

  it('that stops in the middle of an answer is given up', async () => {
    const { url } = await answeringServer((_, response) => response.write('{"status":"success","data":'));
    expect(await failureOf(client(url, { timeoutMs: 100 }).at('q', 1))).toMatch(
      /did not answer within 0.1 s, 4 times$/,
    );
  });

  it('that is not there is given up', async () => {
    expect(await failureOf(client('http://127.0.0.1:1').at('q', 1))).toMatch(/can't be asked \(.+\), 4 times$/);
  });

  it('that sends what is no JSON, or half of it, is given up', async () => {
    const { url } = await answeringServer((_, response) => response.end('<html>\n  <body>Sign in</body>'));
    expect(await failureOf(client(url).at('q', 1))).toMatch(
      /answered 200 with something other than JSON: <html> <body>Sign in<\/body>, 4 times$/,
    );
    const half = await answeringServer((one, response) => response.end(everyPoint(one, { a: 1 }).slice(0, 40)));
    expect(await failureOf(client(half.url).range('q', 1, 2, 1))).toMatch(
      /answered 200 with something other than JSON/,
    );
  });

  it('is not waited for once the plan is given up', async () => {
    const controller = new AbortController();
    const { url } = await answeringServer(() => controller.abort(new Error('given up')));
    await expect(client(url, { signal: controller.signal }).at('q', 1)).rejects.toThrow('given up');
  });
});

describe('an answer that no plan can be made from', () => {
  it('is a refused query, at once and with its reason', async () => {
    const { url, asked } = await answeringServer((_, response) => {
      response.statusCode = 400;
      response.end(JSON.stringify({ status: 'error', errorType: 'bad_data', error: 'parse error: unexpected end' }));
    });
    expect(await failureOf(client(url).at('sum(', 1))).toBe(
      `${url}/api/v1/query answered 400 (bad_data: parse error: unexpected end) to sum(`,
    );
    expect(asked).toHaveLength(1);
  });

  it('is a refused user, at once', async () => {
    const { url, asked } = await answeringServer((_, response) => {
      response.statusCode = 401;
      response.end('Unauthorized');
    });
    expect(await failureOf(client(url).at('q', 1))).toBe(`${url}/api/v1/query answered 401 (Unauthorized)`);
    expect(asked).toHaveLength(1);
  });

  it('is of another form', async () => {
    const answers = [vector([]), '{"status":"success"}', matrix([{ metric: {}, values: [['now', 'much']] }])];
    for (const text of answers) {
      const { url } = await answeringServer((_, response) => response.end(text));
      expect(await failureOf(client(url).range('q', 1, 2, 1))).toMatch(/^the answer to q is /);
    }
  });

  it('is a way to another server, which would be given the secret', async () => {
    const { url } = await answeringServer((_, response) => {
      response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
    });
    expect(await failureOf(client(url).at('q', 1))).toMatch(/can't be asked/);
  });
});
