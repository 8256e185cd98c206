/** Carriers that know the cell by an account: they challenge every request, and take registrations. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentsProcess } from '../../../lib/user-agent/agents-process.ts';
import type { CallScenario } from '../../../lib/user-agent/scenario.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { killHost, logs } from '../../../lib/targets/local/index.ts';
import { describeWith } from '../../requirements.ts';
import { invite, RawParties, requestInDialog, respond, sdp, sdpContent } from '../lab/raw-parties.ts';
import { domainOf, failuresOf, Lab, until, type LabUser, type SipTrace } from '../lab/lab.ts';

const account = { user: 'acme-4711', passwordVariable: 'LAB_CARRIER_PASSWORD' };
const input = {
  name: 'lab-accounts',
  region: 'eu-west-1',
  local: {},
  size: 'test',
  network: '10.91.0.0/20',
  media: { hosts: 1, kernelForwarding: 'preferred' },
  trunks: [
    { name: 'asking', address: '192.0.2.40', credentials: account, register: { domain: 'carrier.example' } },
    { name: 'foreign', address: '192.0.2.41', credentials: { ...account, realm: 'elsewhere.example' } },
    { name: 'wrong', address: '192.0.2.43', credentials: account, register: {} },
    { name: 'plain', address: '192.0.2.42' },
    { name: 'raw', address: '192.0.2.44', credentials: account },
  ],
  tenants: [
    {
      name: 'acme',
      domain: domainOf('acme'),
      dids: { '+4930555020': 'user-acme', '+4930555021': 'mallory' },
      trunks: ['asking'],
    },
    { name: 'other', domain: domainOf('other'), trunks: ['foreign', 'plain'] },
  ],
} satisfies CellInput;

const users = input.tenants.map(({ name }, index): LabUser => ({
  ...{ name: `user-${name}`, tenant: name, address: `198.51.100.${60 + index}` },
}));
const password = 'it is "secret", 100 %: $(rm)|';
const demands = {
  username: account.user,
  password,
  realm: 'carrier.example',
  status: 407 as const,
  grantedSeconds: 60,
};

describeWith(['root', 'debian-packages'], 'carriers with accounts', () => {
  let lab: Lab;
  let agents: AgentsProcess;
  const traced: SipTrace[] = [];

  beforeAll(async () => {
    process.env[account.passwordVariable] = password;
    lab = await Lab.up(input);
    await lab.addUsers(users);
    agents = await lab.agents(
      [
        ...users.map((user) => lab.user(user)),
        { ...lab.carrier('asking', '192.0.2.40'), role: 'carrier', demands },
        { ...lab.carrier('foreign', '192.0.2.41'), role: 'carrier', demands: { ...demands, status: 401 } },
        { ...lab.carrier('wrong', '192.0.2.43'), role: 'carrier', demands: { ...demands, password: 'another' } },
        lab.carrier('plain', '192.0.2.42'),
      ],
      (message) => traced.push(message),
    );
  });
  afterAll(async () => {
    await lab?.down();
    delete process.env[account.passwordVariable];
  });

  const out = (tenant: string, callee: string, more: Partial<CallScenario> = {}): CallScenario => ({
    ...{ name: tenant, caller: `user-${tenant}`, callee, dial: `sip:+4989700700@${domainOf(tenant)}` },
    ...more,
  });
  const sentTo = (agent: string, what: RegExp) =>
    traced.filter((each) => each.agent === agent && each.direction === 'received' && what.test(each.text));

  it('get the credentials, and a CSeq of its own for each request that has them', async () => {
    const { results } = await agents.run({ kinds: [out('acme', 'asking')], calls: 2, talkSeconds: 1 });
    expect(failuresOf(results)).toEqual([]);
    expect(sentTo('user-acme', /^SIP\/2\.0 40[17] (?![^]*realm="acme)/)).toEqual([]);
    expect(await lab.load()).toEqual({});
  });

  it('are asked with a CSeq that goes on, whoever changes the call and whoever hangs up', async () => {
    const talk = { step: 'talk', seconds: 0.5 } as const;
    const change = { step: 'reinvite', change: 'nothing' } as const;
    const kinds = (['caller', 'callee'] as const).map((by) =>
      out('acme', 'asking', {
        name: by,
        steps: [
          ...[{ step: 'ring', seconds: 0 } as const, { step: 'answer' } as const, talk],
          ...[{ ...change, by: 'caller' } as const, talk, { ...change, by: 'callee' } as const, talk],
          { step: 'bye', by },
        ],
      }),
    );
    const { results } = await agents.run({ kinds, calls: 2 });
    expect(failuresOf(results)).toEqual([]);
    expect(await lab.load()).toEqual({});
  });

  it('pass a refusal on as the answer to what the caller has sent', async () => {
    const { results } = await agents.run({
      kinds: [out('acme', 'asking', { steps: [{ step: 'reject', status: 486 }], expectStatus: 486 })],
      calls: 1,
    });
    expect(failuresOf(results)).toEqual([]);
  });

  it('of another realm get nothing, and the next trunk gets the call', async () => {
    const { results } = await agents.run({ kinds: [out('other', 'plain')], calls: 1, talkSeconds: 0.5 });
    expect(failuresOf(results)).toEqual([]);
    expect(sentTo('foreign', /^INVITE /)).toHaveLength(1);
    expect(sentTo('foreign', /Authorization:/)).toEqual([]);
  });

  it('have a registration whose Contact is the floating address, and call there', async () => {
    await until(async () => (await lab.metric('trunk_registered', 'asking')) === 1, 20);
    const registers = sentTo('asking', /^REGISTER sip:carrier\.example /);
    expect(registers.length).toBeGreaterThanOrEqual(2);
    for (const { text } of registers) expect(text).toContain(`Contact: <sip:acme-4711@${lab.floating}:5060>`);
    const inbound: CallScenario = {
      name: 'in',
      caller: 'asking',
      callee: 'user-acme',
      dial: `sip:+4930555020@${lab.floating}`,
    };
    expect(failuresOf((await agents.run({ kinds: [inbound], calls: 1, talkSeconds: 0.5 })).results)).toEqual([]);
  });

  it('give a phone that challenges their requests nothing of the account', async () => {
    const [carrier, phone] = ['192.0.2.44:5060', '198.51.100.77:5070'];
    const parties = await RawParties.open(input.name, [carrier, phone]);
    await lab.kamcmd(
      lab.active!,
      ...[
        'ul.add',
        'location',
        `mallory@${domainOf('acme')}`,
        `sip:mallory@${phone}`,
        '600',
        '1.0',
        '.',
        '0',
        '0',
        '0',
      ],
    );
    const sbc = `${lab.floating}:5060`;
    const callId = parties.newCallId();
    const description = (at: string) => sdpContent(sdp(at.split(':')[0]!, 4000));
    parties.send(
      carrier,
      sbc,
      invite(carrier, `sip:+4930555021@${sbc}`, `sip:+49891@${carrier}`, callId, description(carrier)),
    );
    const invited = await parties.message(phone, callId, 'INVITE ');
    parties.send(phone, sbc, respond(invited, phone, '200 OK', description(phone)));
    const ok = await parties.message(carrier, callId, 'SIP/2.0 200');
    parties.send(carrier, sbc, requestInDialog(carrier, ok, 'ACK', 1));
    parties.send(carrier, sbc, requestInDialog(carrier, ok, 'BYE', 2));
    const ended = await parties.message(phone, callId, 'BYE ');
    const challenge = 'Proxy-Authenticate: Digest realm="carrier.example", nonce="mine", algorithm=MD5';
    parties.send(phone, sbc, respond(ended, phone, '407 Who', { headers: [challenge], body: '' }));
    await parties.message(carrier, callId, 'SIP/2.0 407');
    expect(parties.of(phone, callId).filter((text) => /Authorization:/i.test(text))).toEqual([]);
    await parties.close();
  });

  it('that refuse the password are asked no more than once a minute, and the log says so', async () => {
    expect(sentTo('wrong', /^REGISTER /)).toHaveLength(2);
    expect(await lab.metric('trunk_registered', 'wrong')).toBe(0);
    expect(logs(input.name, lab.active!)['kamailio']).toContain(
      'trunk wrong: its carrier does not register this cell: 407',
    );
  });

  it('are registered with by the other SBC as soon as that is the active one', async () => {
    const registers = () => sentTo('asking', /^REGISTER [^]*Authorization:/).length;
    const before = registers();
    const active = lab.active!;
    killHost(input.name, active);
    await until(() => lab.active !== undefined && lab.active !== active, 20);
    await until(() => registers() > before, 20);
    await until(async () => (await lab.metric('trunk_registered', 'asking')) === 1, 10);
    const { results } = await agents.run({ kinds: [out('acme', 'asking')], calls: 1, talkSeconds: 0.5 });
    expect(failuresOf(results)).toEqual([]);
  });
});
