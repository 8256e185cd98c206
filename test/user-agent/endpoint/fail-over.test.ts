import { afterEach, describe, expect, it } from 'vitest';
import type { UserAgent } from '../../../lib/user-agent/endpoint/user-agent.ts';
import { Peer, QUICK, openAgent } from '../peer.ts';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

/** An agent with servers of its own; each is a peer that answers when it is told to. */
async function withServers(count: number): Promise<{ agent: UserAgent; servers: Peer[] }> {
  const servers = await Promise.all(Array.from({ length: count }, () => Peer.open()));
  const [server, ...alternatives] = servers.map(({ port }) => ({ address: '127.0.0.1', port }));
  const agent = await openAgent({ timers: QUICK, server, alternatives });
  open.push(agent, ...servers);
  return { agent, servers };
}

describe('an agent with several servers (RFC 3263 section 4.3)', () => {
  it('goes on to the next when one says nothing, with a new transaction, and stays there', async () => {
    const { agent, servers } = await withServers(2);
    const [silent, other] = servers as [Peer, Peer];
    const first = agent.options('sip:somebody@b.example');
    const asked = await silent.nextRequest();
    const again = await other.nextRequest();
    expect(again.headers.get('Call-ID')).toBe(asked.headers.get('Call-ID'));
    expect(again.headers.get('Via')).not.toBe(asked.headers.get('Via'));
    other.answer(again, 200);
    expect((await first).status).toBe(200);

    const second = agent.options('sip:somebody@b.example');
    other.answer(await other.nextRequest(), 200);
    expect((await second).status).toBe(200);
  });

  it('goes on to the next when one answers 503', async () => {
    const { agent, servers } = await withServers(2);
    const [full, other] = servers as [Peer, Peer];
    const answer = agent.options('sip:somebody@b.example');
    full.answer(await full.nextRequest(), 503);
    other.answer(await other.nextRequest(), 200);
    expect((await answer).status).toBe(200);
  });

  it('tells that all failed, and begins with the first one the next time', async () => {
    const { agent, servers } = await withServers(2);
    const [one, other] = servers as [Peer, Peer];
    for (let round = 0; round < 2; round++) {
      const answer = agent.options('sip:somebody@b.example');
      one.answer(await one.nextRequest(), 503);
      other.answer(await other.nextRequest(), 503);
      expect((await answer).status).toBe(503);
    }
  });

  it('does not go on after another refusal', async () => {
    const { agent, servers } = await withServers(2);
    const [one, other] = servers as [Peer, Peer];
    const answer = agent.options('sip:somebody@b.example');
    one.answer(await one.nextRequest(), 404);
    expect((await answer).status).toBe(404);
    expect(other.unread).toEqual([]);
  });
});
