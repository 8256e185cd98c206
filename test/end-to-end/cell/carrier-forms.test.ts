/** Carriers that write numbers in their own ways, and want to hear in their own ways who calls and who has forwarded. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { AgentsProcess } from '../../../lib/user-agent/agents-process.ts';
import type { CallScenario } from '../../../lib/user-agent/scenario.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { describeWith } from '../../requirements.ts';
import { domainOf, failuresOf, Lab, type LabUser, type SipTrace } from '../lab/lab.ts';

const national = { form: 'national', country: '49', prefix: '1010', strip: '99' } as const;
const input = {
  name: 'lab-forms',
  region: 'eu-west-1',
  local: {},
  size: 'test',
  network: '10.92.0.0/20',
  media: { hosts: 1, kernelForwarding: 'preferred' },
  trunks: [
    {
      ...{ name: 'national', address: '192.0.2.50', numbers: national },
      ...{ identity: 'remote-party-id', diversion: 'diversion' },
    },
    { name: 'digits', address: '192.0.2.51', numbers: { form: 'digits' } },
    { name: 'usual', address: '192.0.2.52' },
  ],
  tenants: [
    {
      name: 'acme',
      domain: domainOf('acme'),
      dids: { '+4930555030': 'user-acme', '+4930555031': 'desk' },
      forwards: { desk: { always: '+4989700701' } },
    },
    {
      name: 'away',
      domain: domainOf('away'),
      dids: { '+4930555032': 'user-away' },
      forwards: { 'user-away': { busy: '+4989700702' } },
    },
  ],
} satisfies CellInput;

const users = ['acme', 'away'].map((tenant, index): LabUser => ({
  ...{ name: `user-${tenant}`, tenant, address: `198.51.100.${60 + index}` },
}));

describeWith(['root', 'debian-packages'], 'carriers with forms of their own', () => {
  let lab: Lab;
  let agents: AgentsProcess;
  const traced: SipTrace[] = [];

  beforeAll(async () => {
    lab = await Lab.up(input);
    await lab.addUsers(users);
    const busy = { do: 'reject', status: 503 } as const;
    agents = await lab.agents(
      [
        ...users.map((user) => ({ ...lab.user(user), unexpected: { do: 'reject' as const, status: 486 } })),
        lab.carrier('national', '192.0.2.50', busy),
        lab.carrier('digits', '192.0.2.51', busy),
        lab.carrier('usual', '192.0.2.52'),
      ],
      (message) => traced.push(message),
    );
  });
  beforeEach(() => void traced.splice(0));
  afterAll(() => lab?.down());

  const call = async (kind: Omit<CallScenario, 'name'>) => {
    const { results } = await agents.run({ kinds: [{ name: 'call', ...kind }], calls: 1, talkSeconds: 0.5 });
    expect(failuresOf(results)).toEqual([]);
  };
  /** The first line and some headers of what a carrier was asked. */
  const asked = (agent: string, method = 'INVITE') => {
    const { text } = traced.find(
      (each) => each.agent === agent && each.direction === 'received' && each.text.startsWith(method),
    )!;
    const lines = text.split('\r\n');
    const told = /^(From|To|P-Asserted-Identity|Remote-Party-ID|Diversion|History-Info):/;
    return [lines[0]!, ...lines.filter((line) => told.test(line)).map((line) => line.replace(/;tag=.*/, ''))].map(
      (line) => line.replaceAll(lab.floating, 'CELL'),
    );
  };
  const out = (number: string) => `sip:${number}@${domainOf('acme')}`;

  it('are asked as each of them writes it, the next one too', async () => {
    await call({ caller: 'user-acme', callee: 'usual', dial: out('+4989700700') });
    expect(asked('national')).toEqual([
      'INVITE sip:1010089700700@192.0.2.50:5060;transport=udp SIP/2.0',
      'From: <sip:030555030@CELL>',
      'To: <sip:1010089700700@CELL>',
      'Remote-Party-ID: <sip:030555030@CELL>;party=calling;screen=yes;privacy=off',
    ]);
    expect(asked('digits')).toEqual([
      'INVITE sip:4989700700@192.0.2.51:5060;transport=udp SIP/2.0',
      'From: <sip:4930555030@CELL>',
      'To: <sip:4989700700@CELL>',
      'P-Asserted-Identity: <sip:4930555030@CELL>',
    ]);
    expect(asked('usual')).toEqual([
      'INVITE sip:+4989700700@192.0.2.52:5060;transport=udp SIP/2.0',
      'From: <sip:+4930555030@CELL>',
      'To: <sip:+4989700700@CELL>',
      'P-Asserted-Identity: <sip:+4930555030@CELL>',
    ]);
    expect(await lab.load()).toEqual({});
  });

  it('are told the same names for as long as the call lasts', async () => {
    const talk = { step: 'talk', seconds: 0.3 } as const;
    const change = { step: 'reinvite', change: 'nothing' } as const;
    await call({
      ...{ caller: 'user-acme', callee: 'national', dial: out('+4989700700') },
      steps: [
        ...[{ step: 'ring', seconds: 0 } as const, { step: 'answer' } as const, talk],
        ...[{ ...change, by: 'callee' } as const, talk, { step: 'bye', by: 'caller' } as const],
      ],
    });
    expect(asked('national', 'BYE').slice(1, 3)).toEqual([
      'From: <sip:030555030@CELL>',
      'To: <sip:1010089700700@CELL>',
    ]);
    expect(asked('user-acme', 'INVITE')[1]).toBe(`From: <${out('+4989700700')}>`);
  });

  it('of a country get numbers of other countries in the international form', async () => {
    await call({ caller: 'user-acme', callee: 'national', dial: out('+33170123456') });
    expect(asked('national')[0]).toBe('INVITE sip:10100033170123456@192.0.2.50:5060;transport=udp SIP/2.0');
  });

  it('of a country never get a number that the trunk prefix turns into one of another country', async () => {
    await call({ caller: 'user-acme', callee: 'national', dial: out('+49019005551234') });
    expect(asked('national')[0]).toBe('INVITE sip:10100049019005551234@192.0.2.50:5060;transport=udp SIP/2.0');
  });

  it.each(['99030555030', '99004930555030', '+4930555030', '030555030'])('may call %s', async (number) => {
    await call({ caller: 'national', callee: 'user-acme', dial: `sip:${number}@${lab.floating}` });
  });

  it('hear who has forwarded, in the header that they read', async () => {
    await call({ caller: 'usual', callee: 'national', dial: `sip:+4930555031@${lab.floating}` });
    expect(asked('national')).toContain('Diversion: <sip:030555031@CELL>;reason=unconditional;counter=1');
    expect(asked('national').join('\n')).not.toContain('History-Info');
  });

  it('hear of a call that a phone has refused in their own form, but for the identity that the phone saw', async () => {
    await call({ caller: 'usual', callee: 'digits', dial: `sip:+4930555032@${lab.floating}` });
    expect(asked('national')).toEqual([
      'INVITE sip:1010089700702@192.0.2.50:5060;transport=udp SIP/2.0',
      'From: <sip:089700700@CELL>',
      'To: <sip:1010089700702@CELL>',
      // What the phone heard of the carrier's call.
      'P-Asserted-Identity: <sip:+4989700700@CELL>',
      'Diversion: <sip:030555032@CELL>;reason=user-busy;counter=1',
    ]);
    expect(asked('digits').slice(0, 2)).toEqual([
      'INVITE sip:4989700702@192.0.2.51:5060;transport=udp SIP/2.0',
      'From: <sip:4989700700@CELL>',
    ]);
    expect(await lab.load()).toEqual({});
  });
});
