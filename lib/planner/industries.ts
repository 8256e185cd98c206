/** How the people of an industry use the telephone. Illustrative figures for generated tenants, not measurements. */
export interface Industry {
  name: string;
  /** How many of all tenants are of it; only the ratios count. */
  share: number;
  /** Relative use of 24 local hours of a working day, the busiest about 1. */
  hours: readonly number[];
  /** Monday to Sunday, relative to an ordinary working day. */
  days: readonly number[];
  /** A public holiday, relative to an ordinary working day. */
  holiday: number;
  /** Calls a user makes or takes in the busiest hour. */
  callsPerHour: number;
  /** Mean length of a call, minutes. */
  minutes: number;
  /** Share of the calls that FreeSWITCH handles: menus, queues, voicemail, conferences, transcoding. */
  processed: number;
  /** Campaigns (everybody calls or is called within an hour) a month. */
  campaigns: number;
}

// prettier-ignore
const OFFICE_HOURS = [0, 0, 0, 0, 0, 0.02, 0.1, 0.35, 0.75, 0.97, 1, 0.92, 0.6, 0.72, 0.95, 0.9, 0.7, 0.4, 0.15, 0.06, 0.03, 0.01, 0, 0];

// prettier-ignore
export const INDUSTRIES: readonly Industry[] = [
  {
    name: 'office', share: 50, hours: OFFICE_HOURS,
    days: [1.06, 1.03, 1, 1, 0.88, 0.04, 0.02], holiday: 0.04,
    callsPerHour: 2.5, minutes: 3, processed: 0.08, campaigns: 0.02,
  },
  {
    name: 'contact centre', share: 8,
    hours: [0.02, 0.01, 0.01, 0.01, 0.02, 0.05, 0.15, 0.45, 0.8, 0.97, 1, 0.98, 0.9, 0.88, 0.92, 0.93, 0.9, 0.8, 0.6, 0.45, 0.3, 0.15, 0.06, 0.03],
    days: [1.18, 1.04, 0.98, 0.96, 1, 0.45, 0.2], holiday: 0.25,
    callsPerHour: 11, minutes: 4.5, processed: 0.4, campaigns: 0.6,
  },
  {
    name: 'retail', share: 14,
    hours: [0, 0, 0, 0, 0, 0, 0.05, 0.15, 0.4, 0.75, 0.95, 1, 0.9, 0.85, 0.88, 0.92, 0.97, 0.95, 0.75, 0.45, 0.2, 0.05, 0, 0],
    days: [0.95, 0.92, 0.95, 1, 1.1, 1.15, 0.25], holiday: 0.12,
    callsPerHour: 1.8, minutes: 2.2, processed: 0.12, campaigns: 0.08,
  },
  {
    name: 'healthcare', share: 9,
    hours: [0.15, 0.12, 0.1, 0.1, 0.12, 0.2, 0.4, 0.8, 1, 0.98, 0.9, 0.8, 0.6, 0.62, 0.65, 0.62, 0.55, 0.45, 0.38, 0.32, 0.28, 0.24, 0.2, 0.17],
    days: [1.15, 1.02, 0.97, 1, 0.95, 0.45, 0.4], holiday: 0.42,
    callsPerHour: 3.5, minutes: 2.8, processed: 0.2, campaigns: 0.01,
  },
  {
    name: 'hospitality', share: 7,
    hours: [0.15, 0.08, 0.04, 0.03, 0.03, 0.06, 0.15, 0.3, 0.45, 0.55, 0.7, 0.85, 0.9, 0.7, 0.6, 0.65, 0.8, 1, 0.98, 0.9, 0.7, 0.5, 0.35, 0.22],
    days: [0.8, 0.82, 0.88, 0.98, 1.18, 1.25, 0.95], holiday: 1.15,
    callsPerHour: 2.2, minutes: 2.4, processed: 0.1, campaigns: 0.02,
  },
  {
    name: 'education', share: 6,
    hours: [0, 0, 0, 0, 0, 0.02, 0.2, 0.8, 1, 0.85, 0.75, 0.7, 0.55, 0.5, 0.5, 0.4, 0.2, 0.1, 0.06, 0.04, 0.02, 0, 0, 0],
    days: [1.12, 1.02, 1, 0.98, 0.86, 0.02, 0.02], holiday: 0.02,
    callsPerHour: 1.2, minutes: 2.6, processed: 0.1, campaigns: 0.05,
  },
  {
    name: 'logistics', share: 6,
    hours: [0.12, 0.1, 0.1, 0.15, 0.35, 0.65, 0.85, 0.97, 1, 0.95, 0.9, 0.88, 0.8, 0.82, 0.85, 0.8, 0.7, 0.5, 0.35, 0.28, 0.22, 0.18, 0.15, 0.13],
    days: [1.08, 1, 1, 1.02, 1.05, 0.4, 0.15], holiday: 0.15,
    callsPerHour: 4, minutes: 2.1, processed: 0.06, campaigns: 0.01,
  },
];
