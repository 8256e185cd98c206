import { dirname } from 'node:path';
import { errorAt } from '../../config-file/checked-file.ts';
import { InvalidFiles } from '../../config-file/invalid-files.ts';
import { readPlanning } from '../read-planning.ts';
import { authenticator } from './authenticate.ts';
import { Prometheus } from './client.ts';
import { prometheusSchema, type PrometheusSettings } from './schema.ts';

export interface Reached {
  readonly server: Prometheus;
  readonly settings: PrometheusSettings;
  /** Weeks back that are of interest. */
  readonly weeks: number;
}

/** Of a server that only its address is known of. */
const USUAL_WEEKS = 8;

/**
 * The Prometheus at an address, or the one of a planning file with its authentication. Nothing is asked yet.
 *
 * @param source an http or https address, or the path of `planning.yaml`
 * @throws InvalidFiles for a file that is wrong, or names none
 * @throws SecretMissing where a secret is not where it should be
 */
export async function reachPrometheus(source: string, signal?: AbortSignal): Promise<Reached> {
  const { settings, folder, weeks } = /^[a-z]+:\/\//i.test(source)
    ? { settings: settingsAt(source), folder: '.', weeks: USUAL_WEEKS }
    : settingsIn(source);
  const authenticate = await authenticator(settings, folder);
  const timeoutMs = settings.timeoutSeconds * 1000;
  return {
    server: new Prometheus({ url: settings.url, authenticate, timeoutMs, ...(signal && { signal }) }),
    settings,
    weeks,
  };
}

function settingsAt(url: string): PrometheusSettings {
  const { data } = prometheusSchema.safeParse({ url });
  if (data !== undefined) return data;
  const place = { severity: 'error', file: url, line: 1, column: 1, path: '' } as const;
  const allowed = 'an http or https address of a server, or the path of planning.yaml';
  throw new InvalidFiles([{ ...place, message: 'this is not the address of a server', given: url, allowed }]);
}

function settingsIn(path: string): { settings: PrometheusSettings; folder: string; weeks: number } {
  const { value, source } = readPlanning(path).planning;
  const { prometheus: settings, weeks } = value.history;
  if (settings === undefined) {
    throw new InvalidFiles([errorAt(source, ['history'], 'no Prometheus is named', 'history.prometheus.url')]);
  }
  return { settings, folder: dirname(path), weeks };
}
