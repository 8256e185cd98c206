import { isIP } from 'node:net';
import { z } from 'zod';
import { stepSchema } from './steps.ts';

/**
 * Input of a process with agents: one JSON object a line. It answers with {@link AgentsEvent}s, a line each.
 */

const ip = z.string().refine((text) => isIP(text) !== 0, 'an IP address, not a name');
const port = z.int().min(1).max(65_535);
const sipUri = z.string().regex(/^sips?:\S+$/i, 'a sip URI');

const agentBase = z.object({
  name: z.string().min(1).describe('By which calls refer to it.'),
  identity: sipUri.describe('Address of record of a user; any sip URI of a carrier, its host an address.'),
  protocol: z.enum(['udp', 'tcp', 'tls']).default('udp'),
  local: z
    .object({ address: ip, port: z.int().min(0).max(65_535).default(0) })
    .describe('Where it listens, for signalling; its audio uses the same address. Port 0 takes a free one.'),
  behindNat: ip
    .optional()
    .describe('Its address behind NAT: the one that its session descriptions name, although it sends from the other.'),
  server: z
    .union([
      z.object({ address: ip, port: port.default(5060) }),
      z
        .object({ nameServer: z.object({ address: ip, port: port.default(53) }) })
        .describe('It asks the DNS for the servers of its identity’s domain, and tries them in turn (RFC 3263).'),
    ])
    .describe('Registrar or SBC: where its requests go.'),
  codecs: z
    .array(z.enum(['PCMA', 'PCMU']))
    .min(1)
    .default(['PCMA', 'PCMU'])
    .describe('Most wanted first.'),
  idleFormats: z
    .array(
      z.object({
        type: z.int().min(0).max(127),
        encoding: z.string().regex(/^[\w.-]+\/\d+(\/\d+)?$/, 'an encoding such as CN/8000'),
        parameters: z.string().optional(),
      }),
    )
    .default([])
    .describe('Formats that it describes too, and never sends: comfort noise for example.'),
  unexpected: z
    .discriminatedUnion('do', [
      z.object({ do: z.literal('reject'), status: z.int().min(300).max(699) }),
      z.object({ do: z.literal('answer'), ringSeconds: z.number().min(0).max(300).default(0) }),
    ])
    .default({ do: 'reject', status: 480 })
    .describe('What becomes of a call that is none of a run: refused, or answered until the caller hangs up.'),
});

export const agentSchema = z.discriminatedUnion('role', [
  agentBase.extend({
    role: z.literal('user'),
    username: z.string().min(1).optional().describe('Default: the user part of the identity.'),
    password: z.string(),
    expiresSeconds: z.int().min(10).max(86_400).default(300),
  }),
  agentBase
    .extend({
      role: z.literal('carrier'),
      demands: z
        .object({
          username: z.string().min(1),
          password: z.string(),
          realm: z.string().min(1),
          status: z.union([z.literal(401), z.literal(407)]).default(407),
          grantedSeconds: z.int().min(1).max(86_400).default(300).describe('For what it lets a registration stand.'),
        })
        .optional()
        .describe(
          'Digest that it asks for with every request but ACK and CANCEL; it takes REGISTER, too. Default: none.',
        ),
    })
    .describe('Known by its address: no registration, no password.'),
]);

export const kindSchema = z.object({
  name: z.string().min(1),
  caller: z.string().describe('Name of an agent.'),
  callee: z.string().nullable().default(null).describe('Name of an agent; null: somebody else answers, or nobody.'),
  dial: sipUri.describe('`{index}` stands for the number of the call.'),
  from: sipUri.optional().describe('Who calls, when it is not the identity of the agent.'),
  steps: z.array(stepSchema).min(1).optional().describe('Default: ring, answer, talk, hang up.'),
  expectStatus: z.int().min(200).max(699).optional().describe('Default: what the steps lead to.'),
  callerHears: z
    .enum(['callee', 'own', 'packets', 'nothing'])
    .optional()
    .describe('Default: the tone of the callee if it is ours, else any audio. `own`: an echo.'),
});

export const runSchema = z.object({
  do: z.literal('run'),
  run: z.string().min(1).describe('Names the run in events. Several may go on at once.'),
  kinds: z.array(kindSchema).min(1).describe('Taken in turn, call by call.'),
  calls: z.int().min(1).max(1_000_000).default(1),
  ratePerSecond: z.number().positive().max(1000).default(10),
  ringSeconds: z.number().min(0).max(300).default(0),
  talkSeconds: z.number().min(0).max(86_400).default(2),
  hangUp: z.enum(['caller', 'callee', 'either']).default('either').describe('`either`: in turn, where both are ours.'),
  audio: z.boolean().default(true).describe('False: signalling only, no packet is sent.'),
  maximumLoss: z.number().min(0).max(1).default(0.01).describe('Share of the packets of a direction that may be lost.'),
  patienceSeconds: z.number().positive().max(300).default(20).describe('For ringing, and for an answer once given.'),
});

export const commandSchema = z.discriminatedUnion('do', [
  z.object({
    do: z.literal('open').describe('Opens the agents and registers the users. Once, first.'),
    agents: z.array(agentSchema).min(1),
    mediaPorts: z.object({ from: port, to: port }).default({ from: 20_000, to: 59_999 }),
    tls: z
      .object({ ca: z.string(), cert: z.string(), key: z.string(), serverName: z.string(), verify: z.boolean() })
      .partial()
      .default({})
      .describe('PEM text: whom agents over TLS trust, and who they are.'),
    trace: z.boolean().default(false).describe('Tells every SIP message as an event.'),
  }),
  runSchema,
  z
    .object({ do: z.literal('resume'), run: z.string(), pause: z.string() })
    .describe('All calls go on from that pause, and pass it later.'),
  z.object({ do: z.literal('register'), agent: z.string() }).describe('Refreshes a registration now.'),
  z.object({ do: z.literal('unregister'), agent: z.string() }),
  z.object({ do: z.literal('pending') }).describe('Asks what every agent still holds.'),
  z
    .object({ do: z.literal('close') })
    .describe('Hangs up, takes registrations back and ends. The end of the input does the same.'),
]);

export type AgentSpec = z.input<typeof agentSchema>;
export type OpenCommand = Omit<z.input<(typeof commandSchema.options)[0]>, 'do'>;
/** One kind of call of a run: who calls whom, and the steps of both. */
export type CallScenario = z.input<typeof kindSchema>;
export type CallSteps = NonNullable<CallScenario['steps']>;
export type RunCommand = Omit<z.input<typeof runSchema>, 'do' | 'run'>;
export type Command = z.infer<typeof commandSchema>;
