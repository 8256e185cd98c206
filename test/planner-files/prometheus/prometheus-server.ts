import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { freePort } from '../../free-port.ts';

/** What was scraped: OpenMetrics text of one metric after the other, without the end mark. */
export type Scraped = Iterable<string>;

export const user = { name: 'planner', password: 'open sesame' };
/** Of that password; only this test's server takes it. */
const bcrypt = '$2b$10$abcdefghijklmnopqrstuu4SuEsu2LsUrAYUpWQHLMMc4GV5pZTxK';

export interface RunningPrometheus {
  readonly url: string;
  /** Takes another configuration, without losing anything. */
  reload(config: string): void;
  stop(): Promise<void>;
}

/**
 * The real Prometheus with a past, behind basic authentication, until the test has ended.
 * @returns its address
 */
export async function prometheusWith(scraped: Scraped, folder: string): Promise<string> {
  const { url, stop } = await startPrometheus(scraped, folder);
  onTestFinished(stop);
  return url;
}

/** The same until it is stopped, with what it scrapes from now on. */
export async function startPrometheus(
  scraped: Scraped,
  folder: string,
  config = 'scrape_configs: []\n',
): Promise<RunningPrometheus> {
  const data = join(folder, 'data');
  mkdirSync(data);
  const past = join(folder, 'past.om');
  const text = createWriteStream(past);
  for (const part of scraped) if (!text.write(part)) await once(text, 'drain');
  text.end('# EOF\n');
  await once(text, 'finish');
  // Blocks of two hours, the usual, would be written one by one for minutes.
  execFileSync('promtool', ['tsdb', 'create-blocks-from', '--max-block-duration=2048h', 'openmetrics', past, data]);

  const web = join(folder, 'web.yml');
  writeFileSync(web, `basic_auth_users:\n  ${user.name}: ${bcrypt}\n`);
  const file = join(folder, 'prometheus.yml');
  writeFileSync(file, config);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const server = spawn(
    'prometheus',
    [
      `--config.file=${file}`,
      `--web.config.file=${web}`,
      `--web.listen-address=127.0.0.1:${port}`,
      `--storage.tsdb.path=${data}`,
      '--storage.tsdb.retention.time=20y',
    ],
    { stdio: 'ignore' },
  );
  const running: RunningPrometheus = {
    url,
    reload(changed) {
      writeFileSync(file, changed);
      server.kill('SIGHUP');
    },
    async stop() {
      server.kill();
      if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
    },
  };
  const authorization = `Basic ${Buffer.from(`${user.name}:${user.password}`).toString('base64')}`;
  for (let tries = 0; ; tries++) {
    const response = await fetch(`${url}/-/ready`, { headers: { authorization } }).catch(() => undefined);
    if (response?.ok) return running;
    if (tries < 300 && server.exitCode === null) {
      await sleep(100);
      continue;
    }
    await running.stop();
    throw new Error(`prometheus is not ready (${response?.status})`);
  }
}
