/**
 * Whether a release has made the calls of a cell worse, beyond chance and beyond what is allowed.
 *
 * Shares are compared: of the cell and of the other cells, before the release and since. A release makes a share worse by
 * `(cell since - cell before) - (others since - others before)`: what a cell always has (its tenants) and what the hour brings to all drop out.
 * Of the others each is compared with itself, too, and the differences are weighted: added up first, their calls would say something has changed
 * when one cell has become quiet, and the next one, whose tenants are others, busy. The weights are those of the smallest variance where all
 * shares are alike (W. G. Cochran, Some methods for strengthening the common chi-squared tests, Biometrics 10, 1954), n m / (n + m) of n and m calls.
 *
 * Each share is the mean of calls whose values lie between 0 and 1: a mean p of n calls is as far off from the true q, with a probability of at
 * most exp(-n KL(p, q)), for any number of calls, few ones too (W. Hoeffding, Probability inequalities for sums of bounded random variables, JASA
 * 58, 1963, theorem 1). The limits of the sum are where it is furthest while the shares together, the sum of their n KL(p, q), are not further off
 * than that allows (a profile likelihood: the nuisance of the other shares is set as unfavourably as it can be).
 *
 * A cell is bad once the lower limit of one measure is over what is allowed, good once the upper limits of all are under it, and else undecided:
 * more calls decide. A share without calls has the limits 0 and 1, which decide nothing. It is looked at several times, and each look has a
 * chance to err: the k-th look at m measures is given 1 / (k (k + 1) m) of the risk, which adds up to all of it however often one looks.
 */
import { counted } from '../config-file/counted.ts';

/** Probability that a cell is called bad although its calls are worse by no more than allowed, or good although they are worse by more. */
const risk = 0.01;

/** What a mean opinion score is at most by ITU-T G.107, at which the relay's own scale ends, too. */
const bestMos = 4.5;
/** Post-dial delay that counts as the worst, in seconds: whoever waited for so long has hung up. */
const longestDelay = 30;

/** Counts of the calls of one cell, or of several, over a period. */
export interface CallCounts {
  /** Admitted. */
  readonly setups: number;
  readonly answered: number;
  /** Not admitted although nothing was wrong with the caller or its limits. NaN: not known. */
  readonly turnedAway: number;
  /** Admitted, and ended by the cell because of their media. NaN: not known. */
  readonly broken: number;
  /** Seconds from INVITE to ringing or answer, summed over the calls counted in `delays`. */
  readonly delaySeconds: number;
  readonly delays: number;
  /** Mean opinion scores, 1 to 5, summed over those counted in `scores`. */
  readonly mos: number;
  readonly scores: number;
}

export const noCalls: CallCounts = {
  ...{ setups: 0, answered: 0, turnedAway: 0, broken: 0, delaySeconds: 0, delays: 0, mos: 0, scores: 0 },
};

/** Calls that were tried, as far as they are known. */
export const tried = ({ setups, turnedAway }: CallCounts): number => setups + (turnedAway || 0);

interface Measure {
  readonly called: string;
  /** What 1 stands for, in the unit in which it is said and allowed. */
  readonly unit: string;
  readonly scale: number;
  /** Sum of the values of the calls, 0 good and 1 bad, and their number. NaN: not known. */
  readonly bad: (counts: CallCounts) => readonly [sum: number, calls: number];
  /** As people say it, of a mean between 0 and 1. */
  readonly said: (mean: number) => string;
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

const measures = {
  answerSeizureRatio: {
    ...{ called: 'answer-seizure ratio', unit: '', scale: 1 },
    bad: ({ setups, answered }) => [setups - answered, setups],
    said: (mean) => percent(1 - mean),
  },
  postDialDelaySeconds: {
    ...{ called: 'post-dial delay', unit: ' s', scale: longestDelay },
    bad: ({ delaySeconds, delays }) => [delaySeconds / longestDelay, delays],
    said: (mean) => `${(mean * longestDelay).toFixed(2)} s`,
  },
  mos: {
    ...{ called: 'MOS', unit: '', scale: bestMos - 1 },
    // The relay scores a call again and again: as many of its scores count as there were calls.
    bad: ({ mos, scores, answered }) => {
      const calls = Math.min(scores, answered);
      return [calls > 0 ? (calls * (bestMos - mos / scores)) / (bestMos - 1) : 0, calls];
    },
    said: (mean) => (bestMos - mean * (bestMos - 1)).toFixed(2),
  },
  failures: {
    ...{ called: 'failures', unit: '', scale: 1 },
    bad: (counts) => [counts.turnedAway + counts.broken, tried(counts)],
    said: percent,
  },
} as const satisfies Record<string, Measure>;

export type GateName = keyof typeof measures;

/** By how much a measure may become worse, in its own unit; one that is left out is not looked at. */
export type Gates = Readonly<Partial<Record<GateName, number>>>;

/** Calls of a cell before the release and since. */
export interface Spans {
  readonly before: CallCounts;
  readonly since: CallCounts;
}

export interface Compared {
  readonly cell: Spans;
  readonly others: readonly Spans[];
}

export interface Verdict {
  readonly result: 'good' | 'bad' | 'undecided';
  /** A sentence for each measure that made it so. */
  readonly why: string;
}

/** @param look how often the cell has been looked at since the release, with this time: 1 or more */
export function judge(gates: Gates, { cell, others }: Compared, look: number): Verdict {
  const names = Object.keys(measures).filter((name): name is GateName => gates[name as GateName] !== undefined);
  const chance = risk / (look * (look + 1) * names.length);
  const judged = names.map((name) => {
    const measure: Measure = measures[name];
    const share = (counts: CallCounts, factor: number) => shareOf(measure, counts, factor);
    const own = [share(cell.since, 1), share(cell.before, -1)] as const;
    const rest = weighted(measure, others);
    const [since, before] = [
      rest.map((of) => share(of.spans.since, -of.weight)),
      rest.map((of) => share(of.spans.before, of.weight)),
    ];
    const unknown = rest.length > 0 ? [] : [share(noCalls, -1), share(noCalls, 1)];
    const [low, high] = limitsOf([...own, ...since, ...before, ...unknown], chance).map((of) => of * measure.scale);
    const result = low! > gates[name]! ? 'bad' : high! < gates[name]! ? 'good' : 'undecided';
    const [ofCell, ofOthers] = [own.map((of) => said(measure, [of])), [since, before].map((of) => said(measure, of))];
    const means = `${ofCell.join(' after ')}, other cells ${ofOthers.join(' after ')}`;
    const by = `worse by ${low!.toFixed(3)} to ${high!.toFixed(3)}${measure.unit}, allowed ${gates[name]}${measure.unit}`;
    return { result, text: `${measure.called} ${means}: ${by}` } as const;
  });
  const result = (['bad', 'undecided'] as const).find((one) => judged.some((of) => of.result === one)) ?? 'good';
  return { result, why: judged.flatMap((of) => (of.result === result ? [of.text] : [])).join('; ') };
}

/** A part of a sum of shares. */
interface Share {
  /** Over the calls, each of them 0 to 1. */
  readonly mean: number;
  /** 0 or more, not necessarily whole: Prometheus estimates. */
  readonly calls: number;
  /** By which it is multiplied in the sum. */
  readonly factor: number;
}

function shareOf({ bad }: Measure, counts: CallCounts, factor: number): Share {
  const [sum, calls] = bad(counts);
  return calls > 0 && sum >= 0 ? { mean: Math.min(1, sum / calls), calls, factor } : { mean: 0, calls: 0, factor };
}

/** Cells with calls in both spans; their weights add up to 1. */
function weighted(measure: Measure, cells: readonly Spans[]) {
  const weights = cells.map(({ before, since }) => {
    const [n, m] = [shareOf(measure, before, 1).calls, shareOf(measure, since, 1).calls];
    return n > 0 && m > 0 ? (n * m) / (n + m) : 0;
  });
  const whole = sum(weights);
  return cells.flatMap((spans, at) => (weights[at]! > 0 ? [{ spans, weight: weights[at]! / whole }] : []));
}

function said({ said }: Measure, shares: readonly Share[]): string {
  const calls = sum(shares.map((of) => of.calls));
  const mean = sum(shares.map((of) => Math.abs(of.factor) * of.mean));
  return calls > 0 ? `${said(mean)} (${counted(Math.round(calls), 'call')})` : 'unknown (no calls)';
}

const sum = (of: readonly number[]): number => of.reduce((a, b) => a + b, 0);

/** Between which values the true sum of some shares lies, each limit but for a chance. */
export function limitsOf(shares: readonly Share[], chance: number): readonly [low: number, high: number] {
  const furthest = (direction: 1 | -1): number => {
    const moved = (by: number) => shares.map((share) => movedShare(share, direction * by));
    const isNear = (by: number) => {
      const to = moved(by);
      const off = shares.map(({ mean, calls }, at) => (calls === 0 ? 0 : calls * divergence(mean, to[at]!)));
      return sum(off) <= -Math.log(chance);
    };
    let [inside, outside] = [0, 1];
    // Means that are at their ends move no further, however far they are moved.
    while (outside < 1e15 && isNear(outside)) [inside, outside] = [outside, 2 * outside];
    for (let halving = 0; halving < 50; halving++) {
      const middle = (inside + outside) / 2;
      if (isNear(middle)) inside = middle;
      else outside = middle;
    }
    return sum(moved(inside).map((share, at) => shares[at]!.factor * share));
  };
  return [furthest(-1), furthest(1)];
}

/** The true share at which the sum changes by so much for what it adds to the divergence: q with n (q - p) / (q (1 - q)) = by * factor. */
function movedShare({ mean, calls, factor }: Share, by: number): number {
  // Of no calls it may be any.
  if (calls === 0) return by * factor > 0 ? 1 : 0;
  const s = (by * factor) / calls;
  const root = Math.sqrt((1 - s) ** 2 + 4 * s * mean);
  // Two forms of one root: each is exact where the other one takes the difference of two numbers that are nearly equal.
  if (s > 1) return Math.min(1, (s - 1 + root) / (2 * s));
  return mean === 0 ? 0 : Math.min(1, (2 * mean) / (1 - s + root));
}

/** Of Kullback and Leibler, from a share p to a share q. */
function divergence(p: number, q: number): number {
  const part = (a: number, b: number) => (a === 0 ? 0 : a * Math.log(a / b));
  return part(p, q) + part(1 - p, 1 - q);
}
