/** What the SBCs keep of a call: its entry in the table `calls`, and its two sides in the table `sides`. */

/**
 * Order of the fields of a call in the table `calls`; at its end follow the fields of its end. `longest` and `oneSided` are the
 * seconds after which it ends by itself, `oneSided` 0 if it does not for that. `leg` is empty, or, where a call
 * rings at several phones, a hyphen and, once it is answered, the number of the branch.
 */
export const callFields = [
  'tenant',
  'trunk',
  'media',
  'kind',
  'from',
  'to',
  'invited',
  'callId',
  'cseq',
  'longest',
  'oneSided',
  'leg',
  'answeredBy',
  'answered',
] as const;
export const endFields = ['ended', 'cause', 'reason', 'mos', 'jitter', 'loss', 'roundTrip', 'partial'] as const;

/**
 * Order of the fields of a side of a call in the table `sides`. `ahead` is there only where it is not 0: by how much the CSeq of requests to
 * this side is ahead of the other side's own, because the SBC has answered challenges in between.
 */
export const sideFields = ['tag', 'peer', 'hop', 'leg', 'target', 'routes', 'ahead'] as const;

/** How long a side is known, seconds: in a call, longer than any may last; a phone that rings; one of a call that is over (RFC 3261, timer F). */
export const calledSeconds = 90_000;
export const ringingSeconds = 300;
export const endedSeconds = 40;

/** Why a cell ended a call by itself, and the status that its record has. */
export const endings = {
  /** The relay has given it up, or is away. */
  media_lost: 408,
  /** An answer whose description must not pass, or that the relay can't read. */
  media_refused: 488,
  /** One side went silent. */
  one_sided: 408,
  /** Longer than the tenant's calls may be. */
  too_long: 480,
  /** `npx cellstamp calls end`. */
  operator: 480,
  /** Rang for longer than any INVITE lives. */
  no_answer: 408,
} as const;

/** A field of the call in `$vn(call)`. */
export const ofCall = (name: (typeof callFields)[number]) => `$(vn(call){s.select,${callFields.indexOf(name)},|})`;
/** A field of the call in `$vn(told)`. */
export const ofTold = (name: (typeof callFields)[number]) => ofCall(name).replace('vn(call)', 'vn(told)');
/** A field of the side in a variable: `ofSide('hop', 'vn(callee)')`. */
export const ofSide = (name: (typeof sideFields)[number], variable: string) =>
  `$(${variable}{s.select,${sideFields.indexOf(name)},|})`;

/** The address of the process that ends calls: nothing but this host reaches it, and nobody can forge it. */
export const selfAddress = '127.0.0.1';

/** Bytes of lines after which a message from one SBC to the other is full. */
export const fullMessage = 8000;
