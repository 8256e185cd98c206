import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** A request of the Prometheus HTTP API as it came in. */
export interface Asked {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Of the form: query, start, end, step, time. */
  readonly form: URLSearchParams;
}

export interface AnsweringServer {
  readonly url: string;
  readonly asked: readonly Asked[];
}

/** An HTTP server on loopback that answers as the test wants, until the test has ended. */
export async function answeringServer(
  answer: (asked: Asked, response: ServerResponse) => void,
): Promise<AnsweringServer> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts).toString();
      const one = { path: request.url!, headers: request.headers, body, form: new URLSearchParams(body) };
      asked.push(one);
      answer(one, response);
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

export const matrix = (result: readonly unknown[]): string =>
  JSON.stringify({ status: 'success', data: { resultType: 'matrix', result } });

export const vector = (result: readonly unknown[]): string =>
  JSON.stringify({ status: 'success', data: { resultType: 'vector', result } });

/** Every point that is asked for, with one value for each of these cells. */
export function everyPoint({ path, form }: Asked, values: Readonly<Record<string, number>>): string {
  const number = (name: string): number => Number(form.get(name));
  if (path === '/api/v1/query') {
    return vector(
      Object.entries(values).map(([cell, value]) => ({ metric: { cell }, value: [number('time'), `${value}`] })),
    );
  }
  const times: number[] = [];
  for (let at = number('start'); at <= number('end'); at += number('step')) times.push(at);
  return matrix(
    Object.entries(values).map(([cell, value]) => ({ metric: { cell }, values: times.map((at) => [at, `${value}`]) })),
  );
}
