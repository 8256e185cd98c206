/** The two requests of the Prometheus HTTP API that a plan needs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Authenticate } from './authenticate.ts';
import { UserError } from '../../config-file/user-error.ts';

/** The server could not be asked, or did not answer as Prometheus does. */
export class PrometheusFailure extends UserError {
  override readonly name = 'PrometheusFailure';
  readonly allowed: string;
  /** Whether another query may have more luck: the server refused this one only. */
  readonly queryOnly: boolean;

  constructor(message: string, allowed: string, queryOnly: boolean) {
    super(message, 1);
    this.allowed = allowed;
    this.queryOnly = queryOnly;
  }
}

export interface PrometheusOptions {
  /** With the path before `/api/v1`. */
  readonly url: string;
  readonly authenticate: Authenticate;
  /** Milliseconds that an answer may take, its body included. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /**
   * Milliseconds before the second attempt; before each further one twice as many.
   * @default 500
   */
  readonly backoffMs?: number;
}

/** A series: its labels, and times in seconds with values as texts. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [time: number, value: string])[];
}

const ATTEMPTS = 4;
/** A server may ask to wait longer; nobody waits for a plan so long. */
const LONGEST_WAIT_MS = 30_000;
/** Prometheus refuses a series with more points (web/api/v1/api.go). */
const MOST_POINTS = 11_000;

const metric = z.record(z.string(), z.string());
const sample = z.tuple([z.number(), z.string().min(1)]);
const answer = z.object({
  status: z.literal('success'),
  warnings: z.array(z.string()).default([]),
  data: z.discriminatedUnion('resultType', [
    z.object({ resultType: z.literal('matrix'), result: z.array(z.object({ metric, values: z.array(sample) })) }),
    z.object({ resultType: z.literal('vector'), result: z.array(z.object({ metric, value: sample })) }),
  ]),
});
const refusal = z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() });

export class Prometheus {
  readonly #options: PrometheusOptions;

  constructor(options: PrometheusOptions) {
    this.#options = options;
  }

  /**
   * One point a step from `start` through `end`, all in whole seconds. Longer ranges are asked for in parts.
   * @throws PrometheusFailure when the server does not answer, or not as Prometheus does
   */
  async range(query: string, start: number, end: number, step: number): Promise<readonly Series[]> {
    const series = new Map<string, { metric: Series['metric']; values: (readonly [number, string])[] }>();
    for (let from = start; from <= end; from += MOST_POINTS * step) {
      const to = Math.min(end, from + (MOST_POINTS - 1) * step);
      const part = await this.#ask('query_range', { query, start: `${from}`, end: `${to}`, step: `${step}` });
      if (part.resultType !== 'matrix') throw malformed(query, `a ${part.resultType} where a matrix was asked for`);
      for (const { metric, values } of part.result) {
        const key = JSON.stringify(Object.entries(metric).sort());
        const known = series.get(key);
        if (known === undefined) series.set(key, { metric, values });
        else for (const value of values) known.values.push(value);
      }
    }
    return [...series.values()];
  }

  /**
   * The newest point of every series at a time in seconds.
   * @throws PrometheusFailure when the server does not answer, or not as Prometheus does
   */
  async at(query: string, time: number): Promise<readonly Series[]> {
    const data = await this.#ask('query', { query, time: `${time}` });
    if (data.resultType !== 'vector') throw malformed(query, `a ${data.resultType} where a vector was asked for`);
    return data.result.map(({ metric, value }) => ({ metric, values: [value] }));
  }

  async #ask(request: string, parameters: Readonly<Record<string, string>>) {
    const { url, backoffMs = 500, signal } = this.#options;
    const address = new URL(`${url.replace(/\/+$/, '')}/api/v1/${request}`);
    const body = new URLSearchParams(parameters).toString();
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#attempt(address, body, parameters['query']!);
      if (!(outcome instanceof Trouble)) return outcome;
      if (attempt === ATTEMPTS) {
        throw new PrometheusFailure(
          `${address} ${outcome.what}, ${ATTEMPTS} times`,
          'a server of the Prometheus HTTP API that answers',
          false,
        );
      }
      await sleep(Math.min(LONGEST_WAIT_MS, Math.max(outcome.waitMs, backoffMs * 2 ** (attempt - 1))), undefined, {
        ...(signal && { signal }),
      });
    }
  }

  /** The answer, or trouble that may pass. */
  async #attempt(address: URL, body: string, query: string): Promise<z.output<typeof answer>['data'] | Trouble> {
    const { authenticate, timeoutMs, signal } = this.#options;
    const timeout = AbortSignal.timeout(timeoutMs);
    let status: number;
    let text: string;
    let retryAfter: string | null;
    try {
      const response = await fetch(address, {
        method: 'POST',
        headers: await authenticate(address, body),
        body,
        redirect: 'error',
        signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
      });
      status = response.status;
      retryAfter = response.headers.get('retry-after');
      text = await response.text();
    } catch (error) {
      signal?.throwIfAborted();
      if (timeout.aborted) return new Trouble(`did not answer within ${timeoutMs / 1000} s`);
      return new Trouble(`can't be asked (${causeOf(error)})`);
    }
    if (status === 429 || status >= 500) {
      return new Trouble(`answered ${status}${said(text)}`, Number(retryAfter ?? 0) * 1000 || 0);
    }
    if (status === 401 || status === 403) {
      throw new PrometheusFailure(`${address} answered ${status}${said(text)}`, 'auth that the server takes', false);
    }
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      return new Trouble(`answered ${status} with something other than JSON: ${excerpt(text)}`);
    }
    if (status !== 200) {
      throw new PrometheusFailure(`${address} answered ${status}${said(text)} to ${query}`, 'PromQL', true);
    }
    const parsed = answer.safeParse(json);
    if (!parsed.success) throw malformed(query, `what Prometheus does not say: ${excerpt(text)}`);
    const { data, warnings } = parsed.data;
    // It answers with what it has: a part, which would read as a low load.
    if (warnings.length > 0) return new Trouble(`answered ${query} in part only (${excerpt(warnings.join('; '))})`);
    return data;
  }
}

class Trouble {
  readonly what: string;
  readonly waitMs: number;

  constructor(what: string, waitMs = 0) {
    this.what = what;
    this.waitMs = waitMs;
  }
}

const malformed = (query: string, what: string): PrometheusFailure =>
  new PrometheusFailure(`the answer to ${query} is ${what}`, 'an answer of the Prometheus HTTP API', true);

/** What the server says in the body of an error. */
function said(text: string): string {
  try {
    const { errorType, error } = refusal.parse(JSON.parse(text));
    return ` (${errorType}: ${error})`;
  } catch {
    return text.trim() === '' ? '' : ` (${excerpt(text)})`;
  }
}

const excerpt = (text: string): string => {
  const line = text.trim().replaceAll(/\s+/g, ' ');
  return line.length > 100 ? `${line.slice(0, 100)}…` : line;
};

function causeOf(error: unknown): string {
  const { cause, message } = error as Error & { cause?: NodeJS.ErrnoException };
  return cause?.code ?? cause?.message ?? message;
}
