/** What is good enough, how long to wait, and how much may be done in a day. */
export interface PlanRules {
  /** Days ahead that are looked at. */
  readonly horizonDays: number;
  /** Hours from the decision to stamp until the cell takes calls, as long as too few stamps were measured. */
  readonly assumedLeadHours: number;
  /** Quantile of the lead time that is counted on. */
  readonly leadQuantile: number;
  /** A stamp is decided this many hours before the latest moment, so that a plan may be missed. */
  readonly reviewHours: number;
  /** Media hosts of every pool that may be lost. */
  readonly lostMediaHosts: number;
  /** Measurements older than this are stale. */
  readonly staleMinutes: number;
  /** The cell is on hold beyond these. */
  readonly quality: {
    readonly leastMos: number;
    readonly mostJitterMs: number;
    readonly mostLoss: number;
    readonly mostSetupSeconds: number;
    readonly leastAnswerSeizureRatio: number;
    readonly mostAnswerSeizureRatio: number;
  };
  /** Tenants are moved only from a cell that was too full in every plan for this many hours. */
  readonly moveAfterHours: number;
  /** A cell is cordoned only when it was dispensable in every plan for this many hours. */
  readonly retireAfterHours: number;
  /** Hours between cordon and drain, and from there on until a person is asked to look. */
  readonly drainAfterHours: number;
  readonly drainHours: number;
  /** A cordoned cell takes tenants again when its own fitted nowhere else in every plan for this many hours. */
  readonly uncordonAfterHours: number;
  /** Media hosts are taken away only when fewer were enough in every plan for this many hours, and one at a time. */
  readonly fewerHostsAfterHours: number;
  /** Fewer hosts must be enough for the load times this. */
  readonly fewerHostsSpare: number;
  /** Cells that get tenants from others are filled to this share of what they may carry, so that none comes back. */
  readonly fillTarget: number;
  readonly caps: {
    readonly cellsPerDay: number;
    /** Emergency stamps a day, besides the others. */
    readonly emergencyCellsPerDay: number;
    readonly movesPerDay: number;
    /** Cost of the whole fleet, in the currency of the cells' costs. */
    readonly costPerHour: number;
  };
}

export const DEFAULT_RULES: PlanRules = {
  horizonDays: 28,
  assumedLeadHours: 24,
  leadQuantile: 0.95,
  reviewHours: 24,
  lostMediaHosts: 1,
  staleMinutes: 30,
  // R < 70 is to be avoided (ITU-T G.107, G.109): MOS 3.6. One percent lost is where G.711 without concealment is heard.
  quality: {
    leastMos: 3.6,
    mostJitterMs: 30,
    mostLoss: 0.01,
    mostSetupSeconds: 3,
    leastAnswerSeizureRatio: 0.3,
    mostAnswerSeizureRatio: 0.99,
  },
  moveAfterHours: 2,
  retireAfterHours: 14 * 24,
  drainAfterHours: 24,
  drainHours: 72,
  uncordonAfterHours: 24,
  fewerHostsAfterHours: 4,
  fewerHostsSpare: 1.15,
  fillTarget: 0.85,
  caps: { cellsPerDay: 2, emergencyCellsPerDay: 1, movesPerDay: 500, costPerHour: Infinity },
};
