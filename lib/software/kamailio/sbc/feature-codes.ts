/** What a user of a tenant dials for a feature; the same in every cell. */
export const featureCodes = {
  /** `*43`: hears itself. */
  echo: '43',
  /** `*44`: a steady tone. */
  tone: '44',
  /** `*70NAME`: the tenant's menu NAME. */
  ivr: '70',
  /** `*88NAME`: the tenant's conference room NAME. */
  conference: '88',
  /** `*97`: the caller's own mailbox. */
  mailbox: '97',
  /** `*98USER`: leaves a message for USER. */
  voicemail: '98',
} as const;
