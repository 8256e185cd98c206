/**
 * `npx tsx bench/forecast/tune.ts [FILE:NAME=VALUE[+FILE:NAME=VALUE...] ...]`: what constants of the forecast do to its error, on
 * the tuning set alone: the tuning shapes and the first half of the bank's days. Every argument is a variant; its loss is
 * compared with that of the constants as they are, series by series. A variant lives in a copy of the planner.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LEVELS, Score } from './score.ts';
import { makeSeries, TUNING } from './shapes.ts';
import { AHEADS, bankCalls, bankTrials, type Forecaster, madeTrial, withinDay } from './trials.ts';

/** Seeds of the series that constants are chosen on. */
const TUNING_SEED = 1000;
const EACH = 5;
/** The bank's first half; a forecast needs some weeks before its first day. */
const BANK_ROWS = [20, 62] as const;

const lib = fileURLToPath(new URL('../../lib', import.meta.url));

/** Losses as parts of the demand, by series, distance and level. */
type Losses = Map<string, number>;

function lossesOf(forecast: Forecaster): Losses {
  const losses: Losses = new Map();
  const put = (name: string, score: Score): void => {
    const { losses: byLevel, total } = score.all;
    for (const [k, loss] of byLevel.entries()) losses.set(`${name}/${LEVELS[k]}`, loss / total);
  };
  for (const series of makeSeries(TUNING, EACH, TUNING_SEED)) {
    const trial = madeTrial(forecast, series);
    for (const ahead of AHEADS)
      put(
        `${series.name}/${ahead} days`,
        scored((score) => score.add(trial, ahead, () => '')),
      );
    const within = withinDay(forecast, series, trial);
    put(
      `${series.name}/6 hours`,
      scored((score) => score.add(within, 1, () => '')),
    );
  }
  const calls = bankCalls();
  if (calls) {
    const { byRow } = bankTrials(forecast, calls, BANK_ROWS);
    for (const ahead of [1, 5])
      put(
        `bank/${ahead} days`,
        scored((score) => score.add(byRow, ahead, () => '')),
      );
  }
  return losses;
}

function scored(add: (score: Score) => void): Score {
  const score = new Score();
  add(score);
  return score;
}

async function variantOf(changes: string): Promise<Forecaster> {
  const root = mkdtempSync(join(lib, '..', 'node_modules', '.tune-'));
  try {
    cpSync(lib, root, { recursive: true, filter: (path) => !/targets|software|cli/.test(path.slice(lib.length)) });
    for (const change of changes.split('+').filter(Boolean)) {
      const [, file, name, value] = /^([^:]+):(\w+)=(.+)$/.exec(change) ?? [];
      const path = join(root, 'planner', `${file}.ts`);
      const text = readFileSync(path, 'utf8');
      const changed = text.replace(new RegExp(`(\\bconst ${name} = )[^;]+`), `$1${value}`);
      if (changed === text) throw new Error(`${change}: nothing to change`);
      writeFileSync(path, changed);
    }
    return ((await import(join(root, 'planner', 'forecast.ts'))) as { forecast: Forecaster }).forecast;
  } finally {
    rmSync(root, { recursive: true });
  }
}

const KINDS = [...TUNING.map(({ name }) => name), 'bank'];

/** Mean change of the loss, percent, over the keys that contain a word; every kind of series counts the same. */
function change(base: Losses, other: Losses, word: string): string {
  const means = KINDS.flatMap((kind) => {
    const keys = [...base.keys()].filter((key) => key.startsWith(kind) && key.includes(word));
    const logs = keys.map((key) => Math.log(other.get(key)! / base.get(key)!));
    return keys.length === 0 ? [] : [logs.reduce((sum, one) => sum + one, 0) / logs.length];
  });
  const mean = means.reduce((sum, one) => sum + one, 0) / means.length;
  return ((Math.exp(mean) - 1) * 100).toFixed(2).padStart(7);
}

const base = lossesOf(await variantOf(''));
const words = ['', '/0.5', '/0.9', '/0.95', '/0.99', '/6 hours', '/1 days', '/7 days', '/28 days', ...KINDS];
console.log(`change of the loss, percent: ${words.map((word) => word || 'all').join(' | ')}`);
for (const variant of process.argv.slice(2)) {
  const other = lossesOf(await variantOf(variant));
  console.log(`${variant.padEnd(50)} ${words.map((word) => change(base, other, word)).join(' ')}`);
}
