/** Carriers that are not as usual: over TCP, and one that takes a call and says nothing more; with RTCP on the port of RTP. */
import type { ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentsProcess } from '../../../lib/user-agent/agents-process.ts';
import type { CallScenario } from '../../../lib/user-agent/scenario.ts';
import { spawnInNetwork } from '../../../lib/targets/local/namespace.ts';
import { requireState } from '../../../lib/targets/local/state.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { firstOutput } from '../../first-output.ts';
import { describeWith } from '../../requirements.ts';
import { domainOf, failuresOf, Lab, until, type LabUser } from '../lab/lab.ts';

const input = {
  name: 'lab-trunks',
  region: 'eu-west-1',
  local: {},
  size: 'test',
  network: '10.88.0.0/20',
  media: { hosts: 2, kernelForwarding: 'preferred', rtcpMux: true },
  trunks: [
    { name: 'stream', address: '192.0.2.20', transport: 'tcp' },
    { name: 'mute', address: '192.0.2.21' },
    { name: 'plain', address: '192.0.2.22' },
    { name: 'named', address: 'sip.carrier.example' },
  ],
  tenants: [
    { name: 'streaming', domain: domainOf('streaming'), dids: { '+4930555010': 'user-streaming' }, trunks: ['stream'] },
    { name: 'patient', domain: domainOf('patient'), trunks: ['mute', 'plain'] },
    { name: 'finding', domain: domainOf('finding'), dids: { '+4930555011': 'user-finding' }, trunks: ['named'] },
  ],
} satisfies CellInput;

const users = input.tenants.map(({ name }, index): LabUser => ({
  ...{ name: `user-${name}`, tenant: name, address: `198.51.100.${60 + index}` },
}));

/** Says 100 to every INVITE, and nothing else to anything. */
const mute = `
const socket = require('node:dgram').createSocket('udp4');
socket.on('message', (message, { address, port }) => {
  const [line, ...headers] = message.toString().split('\\r\\n');
  if (!line.startsWith('INVITE ')) return;
  const kept = headers.filter((header) => /^(Via|From|To|Call-ID|CSeq):/i.test(header));
  socket.send(['SIP/2.0 100 Trying', ...kept, 'Content-Length: 0', '', ''].join('\\r\\n'), port, address);
});
socket.bind(5060, '192.0.2.21', () => console.log('listening'));`;

/** A name server that gives every name two addresses; nobody listens at the first one. */
const nameServer = `
const socket = require('node:dgram').createSocket('udp4');
socket.on('message', (query, { address, port }) => {
  let end = 12;
  while (query[end] !== 0) end += query[end] + 1;
  const question = query.subarray(12, end + 5);
  const isA = query.readUInt16BE(end + 1) === 1;
  const record = (last) => Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 192, 0, 2, last]);
  const head = Buffer.from([query[0], query[1], 0x81, 0x80, 0, 1, 0, isA ? 2 : 0, 0, 0, 0, 0]);
  socket.send(Buffer.concat([head, question, ...(isA ? [record(23), record(24)] : [])]), port, address);
});
socket.bind(53, '127.0.0.1', () => console.log('listening'));`;

const toCarrier = (tenant: string, callee: string): CallScenario => ({
  name: tenant,
  caller: `user-${tenant}`,
  callee,
  dial: `sip:+4989700700@${domainOf(tenant)}`,
});

describeWith(['root', 'debian-packages'], 'carriers that are not as usual', () => {
  let lab: Lab;
  let agents: AgentsProcess;
  let carrier: ChildProcess;

  beforeAll(async () => {
    lab = await Lab.up(input);
    await lab.addUsers(users);
    agents = await lab.agents([
      ...users.map((user) => lab.user(user)),
      { ...lab.carrier('stream', '192.0.2.20'), protocol: 'tcp' },
      lab.carrier('plain', '192.0.2.22'),
      lab.carrier('named', '192.0.2.24'),
    ]);
    const { init } = requireState(input.name).namespaces['outside']!;
    carrier = spawnInNetwork(init, [process.execPath, '--eval', mute], { stdio: ['ignore', 'pipe', 'inherit'] });
    await firstOutput(carrier);
  });
  afterAll(async () => {
    carrier?.kill();
    await lab?.down();
  });

  it('get and place calls over TCP, with their media on one port each', async () => {
    const dial = `sip:+4930555010@${lab.floating};transport=tcp`;
    const inbound: CallScenario = { name: 'in', caller: 'stream', callee: 'user-streaming', dial };
    const { results } = await agents.run({ kinds: [toCarrier('streaming', 'stream'), inbound], calls: 4 });
    expect(failuresOf(results)).toEqual([]);
    const records = await lab.recordsOf(results);
    for (const call of results) {
      expect(records.get(call.callId)!.at(-1)).toMatchObject({
        event: 'end',
        trunk: 'stream',
        reason: 'hung_up',
        loss: 0,
      });
    }
  });

  it('that say 100 and nothing more are given up after 20 s, and the next one gets the call', async () => {
    const started = Date.now();
    const { results } = await agents.run({ kinds: [toCarrier('patient', 'plain')], calls: 1, patienceSeconds: 60 });
    expect(failuresOf(results)).toEqual([]);
    const seconds = (Date.now() - started) / 1000;
    expect(seconds).toBeGreaterThan(18);
    expect(seconds).toBeLessThan(40);
    const [events] = [...(await lab.recordsOf(results)).values()];
    expect(events!.at(-1)).toMatchObject({ event: 'end', trunk: 'plain', reason: 'hung_up' });
    expect(await lab.load()).toEqual({});
    const seizures = (outcome: string, trunk: string) =>
      lab.metric('seizures_total', `{outcome="${outcome}", trunk="${trunk}"}`);
    expect([await seizures('network', 'mute'), await seizures('answered', 'mute')]).toEqual([1, 0]);
    expect([await seizures('network', 'plain'), await seizures('answered', 'plain')]).toEqual([0, 1]);
    // The delay is the caller's, from its INVITE on, and that of the trunk by which the call left in the end.
    expect(await lab.metric('post_dial_delay_milliseconds_count', 'mute')).toBe(0);
    expect(await lab.metric('post_dial_delay_milliseconds_count', 'plain')).toBe(1);
    expect(await lab.metric('post_dial_delay_milliseconds_sum', 'plain')).toBeGreaterThan(18_000);
  });

  it('that have a name are reached at each of its addresses, and when the name server is gone', async () => {
    const servers = lab.cell.sbcs.map(({ name }) => {
      const { init } = requireState(input.name).namespaces[name]!;
      return spawnInNetwork(init, [process.execPath, '--eval', nameServer], { stdio: ['ignore', 'pipe', 'inherit'] });
    });
    const resolved = () => lab.kamcmd(lab.active!, 'htable.dump', 'resolved');
    try {
      await until(async () => /name: named\s+value: 192\.0\.2\.2[34]:192\.0\.2\.2[34]/.test(await resolved()), 20);
    } finally {
      for (const server of servers) server.kill();
    }
    // The first call waits for 3 s at the address where nobody is, if it is the first; the next one does not.
    const out = toCarrier('finding', 'named');
    const first = await agents.run({ kinds: [out], calls: 1, talkSeconds: 1 });
    expect(failuresOf(first.results)).toEqual([]);
    const second = await agents.run({ kinds: [out], calls: 2, talkSeconds: 1 });
    expect(failuresOf(second.results)).toEqual([]);
    for (const { setupMs } of second.results) expect(setupMs).toBeLessThan(2500);
    const dial = `sip:+4930555011@${lab.floating}`;
    const inbound: CallScenario = { name: 'in', caller: 'named', callee: 'user-finding', dial };
    expect(failuresOf((await agents.run({ kinds: [inbound], calls: 1, talkSeconds: 1 })).results)).toEqual([]);
    expect(await lab.load()).toEqual({});
  });
});
