/** Rules between the values of `planning.yaml`. */
import { dayOfDate, timeZone } from '../planner/forecast/time-zone.ts';
import { POLICIES } from '../planner/policy.ts';
import type { Path } from '../config-file/finding.ts';
import type { Violation } from '../config-file/rule.ts';
import type { StampedKind, Planning } from './planning-schema.ts';
import { isWholeWeek } from './rollout-windows.ts';
import type { SecretReference } from './values.ts';

/** The name of a kind of cell, as plans tell it. */
export const kindName = ({ name, region, size }: StampedKind): string => name ?? `${region} ${size}`;

export function* planningRules(planning: Planning): Iterable<Violation> {
  yield* policyNumbers(planning);
  yield* zones(planning);
  yield* prometheus(planning);
  yield* rollout(planning);
  yield* repeated(planning.kinds.map(kindName), 'kind', (at) => ['kinds', at]);
  yield* repeated(
    planning.quotas.map(({ region, quota }) => `${quota} of ${region}`),
    'quota',
    (at) => ['quotas', at],
  );
  yield* repeated(
    planning.waiting.map(({ name }) => name),
    'tenant',
    (at) => ['waiting', at, 'name'],
  );
  for (const [at, { started, ready }] of planning.stamps.entries()) {
    if (Date.parse(ready) < Date.parse(started)) {
      yield {
        path: ['stamps', at, 'ready'],
        message: `${ready} is before it was started, ${started}`,
        allowed: `${started} or later`,
      };
    }
  }
}

function* policyNumbers({ policy }: Planning): Iterable<Violation> {
  const own = Object.keys(POLICIES[policy.name]);
  for (const [key, value] of Object.entries(policy)) {
    if (value === undefined || own.includes(key)) continue;
    yield {
      path: ['policy', key],
      message: `the policy ${policy.name} has no ${key}`,
      allowed: own.filter((name) => name !== 'name').join(', '),
    };
  }
}

function* zones({ zone, cells }: Planning): Iterable<Violation> {
  yield* unknownZone(zone, ['zone']);
  for (const [name, { zone: own }] of Object.entries(cells)) {
    if (own !== undefined) yield* unknownZone(own, ['cells', name, 'zone']);
  }
}

export function* unknownZone(name: string, path: Path): Iterable<Violation> {
  try {
    timeZone(name);
  } catch {
    yield { path, message: `there is no time zone ${name}`, allowed: 'an IANA time zone, for example Europe/Berlin' };
  }
}

function* prometheus({ history }: Planning): Iterable<Violation> {
  const at: Path = ['history', 'prometheus'];
  if (history.prometheus === undefined) return;
  const { url, auth } = history.prometheus;
  const { username, password } = new URL(url);
  if (username !== '' || password !== '') {
    yield {
      path: [...at, 'url'],
      message: 'the address holds a user name or a password',
      allowed: 'an address without them, and auth.basic with the password by reference',
    };
  }
  const ways = Object.entries(auth).flatMap(([way, given]) => (given === undefined ? [] : [way]));
  if (ways.length > 1) {
    yield { path: [...at, 'auth'], message: `${ways.join(' and ')} are given`, allowed: 'one way' };
  }
  if (auth.basic) yield* oneOf(auth.basic.password, [...at, 'auth', 'basic', 'password']);
  if (auth.bearer) yield* oneOf(auth.bearer, [...at, 'auth', 'bearer']);
}

function* rollout({ history, rollout: { zone, freezes, blackouts, bake } }: Planning): Iterable<Violation> {
  if (zone !== undefined) yield* unknownZone(zone, ['rollout', 'zone']);
  for (const [at, { from, until }] of freezes.entries()) {
    const path: Path = ['rollout', 'freezes', at];
    const missing = (['from', 'until'] as const).filter((key) => !isDay({ from, until }[key]));
    for (const key of missing) {
      yield { path: [...path, key], message: `there is no day ${{ from, until }[key]}`, allowed: 'a day that exists' };
    }
    if (missing.length === 0 && until < from) {
      yield {
        path: [...path, 'until'],
        message: `${until} is before its first day, ${from}`,
        allowed: `${from} or later`,
      };
    }
  }
  if (isWholeWeek(blackouts)) {
    yield {
      path: ['rollout', 'blackouts'],
      message: 'they leave no minute of the week in which a cell may be begun',
      allowed: 'black-outs with time between them',
    };
  }
  if (bake === undefined) return;
  if (bake.longestMinutes < bake.minutes) {
    yield {
      path: ['rollout', 'bake', 'longestMinutes'],
      message: `${bake.longestMinutes} is less than the minutes that a cell bakes at least, ${bake.minutes}`,
      allowed: `${bake.minutes} or more`,
    };
  }
  if (history.prometheus === undefined) {
    yield {
      path: ['rollout', 'bake'],
      message: 'no Prometheus is named, which knows the calls of the cells',
      allowed: 'a bake with history.prometheus.url, or none',
    };
  }
}

function isDay(date: string): boolean {
  try {
    return dayOfDate(date) !== undefined;
  } catch {
    return false;
  }
}

function* oneOf({ env, file }: SecretReference, path: Path): Iterable<Violation> {
  if ((env === undefined) === (file === undefined)) {
    yield {
      path,
      message: `a secret is in ${env === undefined ? 'neither' : 'both'} of env and file`,
      allowed: 'one of env (environment variable) and file',
    };
  }
}

function* repeated(names: readonly string[], what: string, path: (at: number) => Path): Iterable<Violation> {
  const seen = new Set<string>();
  for (const [at, name] of names.entries()) {
    if (seen.has(name)) {
      yield { path: path(at), message: `the ${what} ${name} is given twice`, allowed: `each ${what} once` };
    }
    seen.add(name);
  }
}
