import type { AudioSnapshot } from './audio/stream.ts';
import { receives, sends } from './sip/offer-answer.ts';
import type { Side } from './steps.ts';

/** One thing that was wrong with a call. `what` has no numbers of its own, so that calls can be counted by it. */
export interface Failure {
  readonly what: string;
  readonly detail: string;
}

/** The audio of one direction, over the whole call. */
export interface AudioResult {
  /** Null when somebody else sent. */
  readonly sent: number | null;
  readonly received: number;
  /** Missing between the first that came and the last that was sent. */
  readonly lost: number;
  readonly reordered: number;
  readonly duplicates: number;
  readonly jitterMs: number;
  /** Longest time between two packets while audio had to come. */
  readonly longestGapMs: number;
  /** Share of the heard audio, 0 to 1, that was the expected tone. */
  readonly tone: number;
  /** Hz of other calls' tones that were heard. */
  readonly otherTones: readonly number[];
  /** Packets by the address they came from. */
  readonly sources: Readonly<Record<string, number>>;
}

/** All that is known about one call when it is over. */
export interface CallResult {
  readonly index: number;
  readonly kind: string;
  readonly callId: string;
  /** The Call-ID on the callee's side; null when the call did not get there or somebody else answered. */
  readonly calleeCallId: string | null;
  readonly from: string;
  readonly to: string;
  readonly answered: boolean;
  /** The INVITE's final status; 408 and 503 also when no answer came at all. */
  readonly status: number;
  readonly reason: string;
  readonly retryAfterSeconds: number | null;
  /** Where a 3xx points to. */
  readonly redirects: readonly string[];
  /** INVITE sent to first 18x, milliseconds. */
  readonly postDialDelayMs: number | null;
  /** INVITE sent to 200 received, milliseconds; the ringing is in it. */
  readonly setupMs: number | null;
  /** Whether the callee got the ACK of its 200. */
  readonly acknowledged: boolean | null;
  readonly toCallee: AudioResult | null;
  readonly toCaller: AudioResult | null;
  /** Addresses, without port, to which each side has to send its audio: the media host's, if there is one. */
  readonly mediaAddress: { readonly caller: string | null; readonly callee: string | null };
  /** The caller's route set: proxies that stay in the call, nearest first. */
  readonly route: readonly string[];
  /** Which end of ours hung up, and the status that answered its BYE; null when somebody else did, or nobody. */
  readonly end: { readonly by: Side; readonly status: number } | null;
  /** Empty: the call was good. */
  readonly failures: readonly Failure[];
}

/** @param sender the other end's snapshot, if it is ours: then what was lost at the very end is seen too */
export function audioResult(sender: AudioSnapshot | undefined, receiver: AudioSnapshot): AudioResult {
  const { received } = receiver;
  return {
    sent: sender?.sent ?? null,
    received: received.received,
    lost: received.lost + lostAtEnd(sender, receiver),
    reordered: received.reordered,
    duplicates: received.duplicates,
    jitterMs: received.jitterMs,
    longestGapMs: received.longestGapMs,
    tone: received.tone.blocks === 0 ? 0 : received.tone.matching / received.tone.blocks,
    otherTones: received.tone.others,
    sources: received.sources,
  };
}

/** Sequence numbers can be compared only if nobody in between creates packets of its own. */
function lostAtEnd(sender: AudioSnapshot | undefined, receiver: AudioSnapshot): number {
  const { ssrc, highestSequence } = receiver.received;
  if (sender === undefined || ssrc !== sender.ssrc || highestSequence === undefined) return 0;
  return Math.max(0, ((sender.lastSequence - highestSequence) << 16) >> 16);
}

/** Blocks of 100 ms a second. */
const BLOCKS = 10;

/** Shorter talk is not judged: the first packets may still be finding their way. Seconds. */
const SHORTEST_JUDGED = 0.3;

/**
 * Judges what one side heard between two moments.
 *
 * @param sender the other side's direction, undefined when somebody else sends
 * @param hears `tone`: the expected tone, in half of the time at least; `packets`: any audio; `nothing`: no audio
 */
export function judgeHearing(
  who: Side,
  before: AudioSnapshot,
  after: AudioSnapshot,
  sender: AudioSnapshot | undefined,
  hears: 'tone' | 'packets' | 'nothing',
): Failure | undefined {
  const seconds = (after.at - before.at) / 1000;
  const packets = after.received.received - before.received.received;
  const tone = after.received.tone.matching - before.received.tone.matching;
  const detail = `${packets} packets, ${tone} of about ${Math.floor(seconds * BLOCKS)} blocks are the tone`;
  const open = receives(after.direction) && (sender === undefined || sends(sender.direction));
  if (!open || hears === 'nothing') {
    return tone > 0 ? { what: `the ${who} hears audio that it should not`, detail } : undefined;
  }
  if (seconds < SHORTEST_JUDGED) return undefined;
  const needed = Math.max(1, Math.floor((seconds * BLOCKS) / 2) - 1);
  if (hears === 'packets' ? packets > 0 : tone >= needed) return undefined;
  const others = after.received.tone.others;
  const instead = others.length === 0 ? '' : `, instead tones of ${others.join(', ')} Hz`;
  return { what: `the ${who} does not hear what it should`, detail: detail + instead };
}

/** @param maximumLoss share, 0 to 1, of the packets of a direction that may be lost */
export function judgeLoss(to: Side, audio: AudioResult, maximumLoss: number): Failure | undefined {
  const expected = audio.received + audio.lost;
  if (audio.lost <= expected * maximumLoss) return undefined;
  return { what: `packets to the ${to} were lost`, detail: `${audio.lost} of ${expected}` };
}
