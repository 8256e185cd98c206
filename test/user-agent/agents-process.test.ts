import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AgentsEvent } from '../../lib/user-agent/agents-event.ts';
import { AgentsProcess } from '../../lib/user-agent/agents-process.ts';
import type { AgentSpec } from '../../lib/user-agent/scenario.ts';
import { bindUdp } from '../../lib/user-agent/sip/udp-transport.ts';
import { LOOPBACK } from './peer.ts';
import { openRegistrar } from './registrar.ts';

const local = { address: '127.0.0.1' };
const mediaPorts = { from: 50_000, to: 59_999 };

const carrier = (name: string, more: Partial<AgentSpec> = {}): AgentSpec =>
  ({
    role: 'carrier',
    name,
    identity: `sip:${name}@127.0.0.1`,
    local,
    server: { address: '127.0.0.1' },
    ...more,
  }) as AgentSpec;

let agents: AgentsProcess;
let events: AgentsEvent[];
beforeEach(() => {
  events = [];
  agents = AgentsProcess.start({ onEvent: (event) => void events.push(event) });
});
afterEach(() => agents.close());

/** Two carriers that call one another directly. */
async function openPair() {
  const probe = await bindUdp(LOOPBACK);
  const { port } = probe.address();
  probe.close();
  await agents.open({
    agents: [carrier('bob', { local: { ...local, port } }), carrier('alice', { server: { ...local, port } })],
    mediaPorts,
  });
  return { name: 'call', caller: 'alice', callee: 'bob', dial: 'sip:+49{index}@127.0.0.1' };
}

describe('a process with agents', { timeout: 60_000 }, () => {
  test('places 50 calls at once with audio and loses none', async () => {
    const kind = await openPair();
    const { summary, results } = await agents.run({ kinds: [kind], calls: 50, ratePerSecond: 50, talkSeconds: 3 });
    expect(summary.failures).toEqual([]);
    expect(summary).toMatchObject({ calls: 50, answered: 50, failed: 0, statuses: { 200: 50 } });
    expect(summary.packets.received).toBe(summary.packets.sent);
    expect(new Set(results.map(({ to }) => to)).size).toBe(50);
    expect(results.filter(({ end }) => end?.by === 'callee')).toHaveLength(25);
    expect(await agents.pending()).toMatchObject({ alice: { sessions: 0 }, bob: { sessions: 0 } });
  });

  test('stops its calls where the script says, until it is told to go on', async () => {
    const kind = await openPair();
    const paused: number[] = [];
    const run = agents.startRun(
      {
        kinds: [
          { ...kind, steps: [{ step: 'answer' }, { step: 'pause', name: 'up' }, { step: 'talk', seconds: 0.5 }] },
          { ...kind, name: 'cancelled', steps: [{ step: 'ring' }, { step: 'pause', name: 'up' }, { step: 'cancel' }] },
        ],
        calls: 4,
      },
      { onPaused: (pause, call) => void (pause === 'up' && paused.push(call)) },
    );
    await expect.poll(() => paused, { timeout: 10_000 }).toEqual([0, 1, 2, 3]);
    expect(events.some(({ event }) => event === 'call')).toBe(false);
    expect((await agents.pending())['alice']).toMatchObject({ sessions: 2 });
    run.resume('up');
    const { summary } = await run.finished;
    expect(summary).toMatchObject({ failed: 0, kinds: { call: { calls: 2 }, cancelled: { calls: 2 } } });
  });

  test('registers its users, refreshes and takes back', async () => {
    const registrar = await openRegistrar({ passwords: { alice: 'right', bob: 'right' } });
    const user = (name: string, password: string): AgentSpec => ({
      role: 'user',
      name,
      identity: `sip:${name}@a.example`,
      password,
      local,
      server: registrar.address,
    });
    const opened = await agents.open({ agents: [user('alice', 'right'), user('bob', 'wrong'), carrier('carrier')] });
    expect(opened.map(({ name, registration }) => [name, registration?.status])).toEqual([
      ['alice', 200],
      ['bob', 401],
      ['carrier', undefined],
    ]);
    expect(await agents.register('alice')).toBe(200);
    expect(await agents.unregister('alice')).toBe(200);
    expect(registrar.bindings.size).toBe(0);
    registrar.close();
  });

  test('says what is wrong with a command, and goes on', async () => {
    const kind = { name: 'call', caller: 'alice', dial: 'sip:x@127.0.0.1' };
    await expect(agents.run({ kinds: [kind] })).rejects.toThrow('no agent is called "alice"; there are none');
    await expect(agents.open({ agents: [carrier('a', { identity: 'nobody' })] })).rejects.toThrow('agents[0].identity');
    await expect(agents.run({ kinds: [kind], calls: 0 })).rejects.toThrow('calls');
    await agents.open({ agents: [carrier('alice')] });
    await expect(agents.open({ agents: [carrier('alice')] })).rejects.toThrow('the agents are open already');
    await expect(agents.register('bob')).rejects.toThrow('no agent is called "bob"; there are alice');
  });

  test('tells every message when asked to', async () => {
    const registrar = await openRegistrar({ passwords: {} });
    await agents.open({ agents: [carrier('alice', { server: registrar.address })], trace: true });
    await agents.run({ kinds: [{ name: 'call', caller: 'alice', dial: 'sip:x@127.0.0.1', expectStatus: 401 }] });
    const lines = events.map((event) => (event.event === 'sip' ? `${event.direction} ${event.text.slice(0, 11)}` : ''));
    expect(lines).toContain('sent INVITE sip:');
    expect(lines).toContain('received SIP/2.0 401');
    registrar.close();
  });

  test('hangs up and ends when it is closed', async () => {
    const kind = await openPair();
    let up = 0;
    const handlers = { onProgress: (progress: { up: number }) => void (up = progress.up) };
    const { finished } = agents.startRun({ kinds: [kind], calls: 2, talkSeconds: 3600 }, handlers);
    await expect.poll(() => up, { timeout: 10_000 }).toBe(2);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await agents.close();
    const { results } = await finished;
    expect(results.map(({ end, failures }) => [end?.status, failures])).toEqual([
      [200, []],
      [200, []],
    ]);
    await expect(agents.pending()).rejects.toThrow('the process with the agents ended with 0');
  });

  test('that can not be started says why', async () => {
    const nowhere = AgentsProcess.start({ prefix: ['/nonexistent/nsenter'] });
    await expect(nowhere.open({ agents: [carrier('alice', { local: LOOPBACK })] })).rejects.toThrow('ENOENT');
  });
});
