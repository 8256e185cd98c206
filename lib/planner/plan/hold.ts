import { counted } from '../../config-file/counted.ts';
import { contractOfAll, mostPossible, physicalLimit } from './implausible.ts';
import { admittedCalls, SBCS, type FleetCell, type FleetTenant, type Implausible } from './input.ts';
import type { PlanRules } from './rules.ts';
import type { ActionOf, HoldCode } from './schema.ts';
import type { UnmeasuredTenant } from './unmeasured.ts';
import { amount, percent } from '../wording.ts';
import { DAY_MS, MINUTE_MS, when } from '../time.ts';

/** Clocks may differ by this much before a measurement is from the future. */
const CLOCK_MS = 5 * MINUTE_MS;

/** Two counts of the same calls may differ by this share, and by this many calls that began in between. */
const COUNT_SHARE = 0.25;
const COUNT_CALLS = 20;

/** A cell measured what cannot be: what it measures is doubted for a week. */
const DOUBTED_MS = 7 * DAY_MS;

/** The most tenants that are named because their measurements are missing. */
const NAMED = 5;

/** What is known of a cell besides what it says itself. */
export interface CellFacts {
  /** Those in the cell. Without any it needs nothing measured, or none would ever get there. */
  readonly tenants: readonly FleetTenant[];
  /** Of these, those whose measurements ended before those of the others. */
  readonly unmeasured: readonly UnmeasuredTenant[];
  readonly implausible: readonly Implausible[];
  /** How the cell's forecast contradicts its tenants, where it does. */
  readonly unaccounted: string | undefined;
}

/**
 * Why nothing may be changed in a cell that could wait: its calls are bad, nobody knows how they are, what was measured
 * cannot be, two measurements contradict each other, or the last change is not finished. Undefined where all is well.
 */
export function holdOf(
  cell: FleetCell,
  now: number,
  rules: PlanRules,
  { tenants, unmeasured, implausible, unaccounted }: CellFacts,
): ActionOf<'hold'> | undefined {
  const { state, name } = cell.spec;
  const found: [HoldCode, string][] = [];
  if (cell.unfinished) {
    found.push(['unfinished', `${cell.unfinished.step}, begun ${when(cell.unfinished.since)}, is not finished`]);
  }
  // A cell that is not built, or no longer, measures nothing.
  if (state !== 'planned' && state !== 'retired') {
    if (tenants.length > 0 || cell.signals.measuredAt !== undefined) {
      found.push(...staleness(cell, now, rules, unmeasured));
    }
    found.push(...contradictions(cell, now, contractOfAll(tenants, 'relayedCalls')), ...badQuality(cell, rules));
    found.push(...setupsBeyondLimits(cell, tenants));
    for (const { until, text } of implausible) if (until > now - DOUBTED_MS) found.push(['implausible', text]);
    if (unaccounted !== undefined) found.push(['contradictory', unaccounted]);
  }
  if (found.length === 0) return undefined;
  return {
    kind: 'hold',
    cell: name,
    codes: [...new Set(found.map(([code]) => code))].sort(),
    reason: found.map(([, text]) => text).join('; '),
  };
}

function staleness(
  { signals, spec }: FleetCell,
  now: number,
  { staleMinutes }: PlanRules,
  unmeasured: readonly UnmeasuredTenant[],
): [HoldCode, string][] {
  if (signals.measuredAt === undefined) return [['missing', 'nothing was ever measured']];
  const minutes = (now - signals.measuredAt) / MINUTE_MS;
  const { everyMinutes = 0 } = signals;
  if (minutes > staleMinutes + everyMinutes) {
    const allowed =
      everyMinutes === 0
        ? counted(staleMinutes, 'minute')
        : `${counted(staleMinutes, 'minute')} besides the ${everyMinutes} of the next`;
    const named = unmeasured.slice(0, NAMED).map(({ text }) => `; ${text}`);
    return [
      ['stale', `last measured ${when(signals.measuredAt)}, ${ago(minutes)}, allowed ${allowed}${named.join('')}`],
    ];
  }
  const unknown = (['relayedCalls', 'setups'] as const).filter((name) => signals[name] === undefined);
  const found: [HoldCode, string][] = unknown.length > 0 ? [['missing', `not measured: ${unknown.join(', ')}`]] : [];
  const { sbcs = SBCS, mediaHosts = spec.media.hosts } = signals;
  if (sbcs < SBCS) found.push(['missing', `metrics of ${sbcs} of its ${SBCS} SBCs`]);
  if (mediaHosts < spec.media.hosts) {
    found.push(['missing', `metrics of ${mediaHosts} of its ${counted(spec.media.hosts, 'media host')}`]);
  }
  return found;
}

/** Minutes, or days where it is two and more. */
const ago = (minutes: number): string =>
  minutes < 2880 ? `${counted(amount(minutes), 'minute')} ago` : `${counted(amount(minutes / 1440), 'day')} ago`;

/** Set-ups that the cell cannot have: the plan does not count with them. */
function setupsBeyondLimits({ signals, spec }: FleetCell, tenants: readonly FleetTenant[]): [HoldCode, string][] {
  const { setups = 0 } = signals;
  const most = mostPossible(physicalLimit(spec, 'setups'), contractOfAll(tenants, 'setups'));
  return setups > most ? [['implausible', `${amount(setups)} set-ups/s measured, at most ${amount(most)} can be`]] : [];
}

function contradictions({ signals, spec }: FleetCell, now: number, contract = 0): [HoldCode, string][] {
  const { relayedCalls, callsByRecords, setups, measuredAt } = signals;
  const found: [HoldCode, string][] = [];
  if (measuredAt !== undefined && measuredAt > now + CLOCK_MS) {
    found.push(['contradictory', `measured ${when(measuredAt)}, which is after this plan's ${when(now)}`]);
  }
  const admitted = admittedCalls(spec);
  if (relayedCalls !== undefined && relayedCalls > Math.max(admitted, contract)) {
    const sold = contract > 0 ? `, its tenants may have ${amount(contract)}` : '';
    found.push([
      'contradictory',
      `${counted(amount(relayedCalls), 'relayed call')} measured, its ${counted(spec.media.hosts, 'media host')} admit ${admitted}${sold}`,
    ]);
  }
  if (relayedCalls !== undefined && callsByRecords !== undefined) {
    const apart = Math.abs(relayedCalls - callsByRecords);
    if (apart > Math.max(COUNT_CALLS, COUNT_SHARE * Math.max(relayedCalls, callsByRecords))) {
      found.push([
        'contradictory',
        `media hosts count ${counted(amount(relayedCalls), 'call')}, the call records ${amount(callsByRecords)}`,
      ]);
    }
  }
  if (relayedCalls === 0 && setups !== undefined && setups >= 1) {
    found.push(['contradictory', `${amount(setups)} set-ups/s and no relayed call`]);
  }
  if (setups === 0 && relayedCalls !== undefined && relayedCalls >= COUNT_CALLS) {
    found.push(['contradictory', `${counted(amount(relayedCalls), 'relayed call')} and not one set-up`]);
  }
  return found;
}

function badQuality({ signals }: FleetCell, { quality }: PlanRules): [HoldCode, string][] {
  const { mos, jitterMs, loss, setupSeconds, answerSeizureRatio: answered } = signals;
  const found: string[] = [];
  if (mos !== undefined && mos < quality.leastMos) found.push(`MOS ${amount(mos)} is below ${quality.leastMos}`);
  if (jitterMs !== undefined && jitterMs > quality.mostJitterMs) {
    found.push(`jitter ${amount(jitterMs)} ms is above ${quality.mostJitterMs} ms`);
  }
  if (loss !== undefined && loss > quality.mostLoss) {
    found.push(`${percent(loss)} of the packets are lost, allowed ${percent(quality.mostLoss)}`);
  }
  if (setupSeconds !== undefined && setupSeconds > quality.mostSetupSeconds) {
    found.push(`set-up takes ${amount(setupSeconds)} s, allowed ${quality.mostSetupSeconds} s`);
  }
  const { leastAnswerSeizureRatio: least, mostAnswerSeizureRatio: most } = quality;
  if (answered !== undefined && (answered < least || answered > most)) {
    found.push(`${percent(answered)} of the set-ups are answered, usual are ${percent(least)} to ${percent(most)}`);
  }
  return found.map((text) => ['quality', text]);
}
