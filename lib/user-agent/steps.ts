import { z } from 'zod';
import type { OfferChange } from './audio/stream.ts';
import type { CodecName } from './sip/sdp.ts';

const seconds = z.number().min(0).max(86_400);

/** One thing that happens in a call. */
export const stepSchema = z.discriminatedUnion('step', [
  z
    .object({ step: z.literal('ring'), seconds: seconds.default(0) })
    .describe('Until the caller hears that it rings, and this number of seconds more.'),
  z.object({ step: z.literal('answer') }).describe('The callee answers; goes on when the caller has the 200.'),
  z.object({ step: z.literal('reject'), status: z.int().min(300).max(699) }).describe('The callee refuses.'),
  z.object({ step: z.literal('cancel') }).describe('The caller gives up before the answer.'),
  z
    .object({ step: z.literal('ack') })
    .describe('Sends the ACK of the 200. A script that has this step holds the ACK back until here.'),
  z
    .object({ step: z.literal('talk'), seconds })
    .describe('So long each side has to hear the other, as far as hold allows.'),
  z
    .object({
      step: z.literal('reinvite'),
      by: z.enum(['caller', 'callee']),
      change: z.enum(['nothing', 'hold', 'resume', 'codec', 'port']),
    })
    .describe(
      'A re-INVITE, which must be accepted. `codec` offers the last of the codecs alone, `port` a new media port.',
    ),
  z
    .object({
      step: z.literal('refer'),
      by: z.enum(['caller', 'callee']),
      to: z.string().regex(/^sips?:\S+$/i, 'a sip URI'),
    })
    .describe('Asks the other side to call somebody else (REFER). It agrees, and tells how that goes (NOTIFY).'),
  z
    .object({
      step: z.literal('silence'),
      of: z.enum(['caller', 'callee']),
      rtcp: z.boolean().default(false).describe('Whether it still sends RTCP, as a phone whose user has muted it.'),
    })
    .describe('From here on this side sends no audio, as a phone that has lost its power.'),
  z
    .object({ step: z.literal('ended'), seconds })
    .describe('Seconds within which each side must receive a BYE that the other did not send.'),
  z
    .object({ step: z.literal('pause'), name: z.string().min(1) })
    .describe('Reports that the call has reached this step, and waits for the word to continue.'),
  z.object({ step: z.literal('bye'), by: z.enum(['caller', 'callee']) }).describe('Hangs up. The last step.'),
]);

export type Step = z.infer<typeof stepSchema>;
export type ReinviteStep = Extract<Step, { step: 'reinvite' }>;
export type Side = 'caller' | 'callee';

/** A plain call: rings, is answered, talks, is hung up. */
export function plainCall(ringSeconds: number, talkSeconds: number, hangUp: Side): Step[] {
  return [
    { step: 'ring', seconds: ringSeconds },
    { step: 'answer' },
    { step: 'talk', seconds: talkSeconds },
    { step: 'bye', by: hangUp },
  ];
}

/** The final status of the INVITE that a script leads to when all goes well. */
export function expectedStatus(steps: readonly Step[]): number {
  for (const step of steps) {
    if (step.step === 'answer') return 200;
    if (step.step === 'reject') return step.status;
    if (step.step === 'cancel') return 487;
  }
  return 200;
}

/** @param codec what a change of codec changes to */
export function offerChange(change: ReinviteStep['change'], codec: CodecName | undefined): OfferChange {
  switch (change) {
    case 'nothing':
      return {};
    case 'hold':
      return { direction: 'sendonly' };
    case 'resume':
      return { direction: 'sendrecv' };
    case 'codec':
      return codec === undefined ? {} : { codecs: [codec] };
    case 'port':
      return { newPort: true };
  }
}
