/** What meets in a cell at the same moment, and descriptions that only the relay can judge: no call is left half, no audio behind. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { killHost, up } from '../../../lib/targets/local/index.ts';
import { internalPorts } from '../../../lib/fleet/schema/fixed.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { describeWith } from '../../requirements.ts';
import { leave } from '../lab/companion.ts';
import { Lab, labCell, until } from '../lab/lab.ts';
import {
  bodyOf,
  invite,
  noContent,
  RawParties,
  respond,
  sdp,
  sdpContent,
  statusOf,
  requestInDialog,
  type Content,
} from '../lab/raw-parties.ts';

/** Timers that watch calls run so many times faster. */
const speedup = 15;

const input = {
  name: 'lab-races',
  region: 'eu-west-1',
  size: 'test',
  network: '10.85.0.0/20',
  media: { hosts: 3, kernelForwarding: 'preferred' },
  calls: { timerSpeedup: speedup },
  trunks: [{ name: 'carrier-a', address: '192.0.2.10' }],
  tenants: [
    {
      name: 'acme',
      domain: 'acme.example.com',
      dids: { '+4930123456': 'desk', '+4930123457': 'desks' },
      sources: ['203.0.113.60/32'],
      limits: { callsPerSecond: 100, burst: 200, calls: 500 },
    },
  ],
} satisfies CellInput;

const exchange = '203.0.113.60:5060';
const desk = '203.0.113.61:5060';
const otherDesk = '203.0.113.62:5060';
const carrier = '192.0.2.10:5060';
const offered = sdp('203.0.113.60', 4000);
const answer = sdp('203.0.113.61', 4000);

/** Valid as SIP goes, and good enough for the SBC; the relay can make nothing of it. */
const unreadable: readonly (readonly [string, (good: string) => string])[] = [
  ['a port above 65535', (good) => good.replace('m=audio 4000', 'm=audio 70000')],
  ['a media line without a format', (good) => good.replace('RTP/AVP 8', 'RTP/AVP x')],
  ['no address', (good) => good.replace(/c=.*\r\n/, '')],
  [
    'no address for the second of two streams',
    (good) => `${good.replace(/c=.*\r\n/, '')}c=IN IP4 203.0.113.60\r\nm=video 4002 RTP/AVP 99\r\n`,
  ],
  ['more ports than a stream has', (good) => good.replace('m=audio 4000', 'm=audio 4000/99')],
];

describeWith(['root', 'debian-packages'], 'calls that meet something at the same moment', () => {
  let lab: Lab;
  let raw: RawParties;
  let floating: string;

  const isSynced = async (sbc: string) => /value: 1/.test(await lab.kamcmd(sbc, 'pv.shvGet', 'synced').catch(() => ''));
  const bothUp = async () => {
    await up(labCell(input));
    await until(async () => (await isSynced('sbc-1')) && (await isSynced('sbc-2')), 30);
  };

  beforeAll(async () => {
    lab = await Lab.up(input);
    floating = `${lab.floating}:5060`;
    raw = await RawParties.open(input.name, [exchange, desk, otherDesk, carrier]);
    for (const [user, at] of [
      ['desk', desk],
      ['desks', desk],
      ['desks', otherDesk],
    ] as const) {
      await lab.kamcmd(
        lab.active!,
        ...['ul.add', 'location', `${user}@acme.example.com`, `sip:desk@${at}`, '7200', '1.0', '.', '0', '0', '0'],
      );
    }
    await bothUp();
  });
  afterAll(() => leave(lab, raw));

  const nothingIsLeft = async (patience = 10) => {
    for (const { name } of lab.cell.sbcs) {
      await until(async () => Object.keys(await lab.load(name).catch(() => ({}))).length === 0, patience);
    }
    for (const { name } of lab.cell.media) await until(async () => (await lab.relayed(name)) === 0, patience);
  };

  /** Sends an INVITE, from the exchange to a desk. */
  function offer(content: Content, to = 'desk'): string {
    const callId = raw.newCallId();
    raw.send(
      exchange,
      floating,
      invite(exchange, `sip:${to}@acme.example.com`, 'sip:100@acme.example.com', callId, content),
    );
    return callId;
  }

  /** The final answer to a request of the exchange. */
  async function final(callId: string, cseq: string, at = exchange): Promise<string> {
    const find = () => raw.of(at, callId).find((text) => statusOf(text) >= 200 && text.includes(`CSeq: ${cseq}\r\n`));
    await until(() => find() !== undefined, 5).catch(() => {
      throw new Error(`no answer to ${cseq} of ${callId}`);
    });
    return find()!;
  }

  /** A call that the desk answers. */
  async function call(content = sdpContent(offered), answered = sdpContent(answer)) {
    const callId = offer(content);
    const request = await raw.message(desk, callId, 'INVITE ');
    raw.send(desk, floating, respond(request, desk, '200 OK', answered));
    const ok = await raw.message(exchange, callId, 'SIP/2.0 200');
    return { callId, ok };
  }

  const acknowledge = ({ ok }: { ok: string }, content: Content = noContent) =>
    raw.send(exchange, floating, requestInDialog(exchange, ok, 'ACK', 1, content));

  /** Both sides are told that the call is over, and say so. */
  async function endedByTheCell(callId: string): Promise<void> {
    for (const party of [exchange, desk]) {
      const bye = await raw.message(party, callId, 'BYE ');
      raw.send(party, floating, respond(bye, party, '200 OK'));
    }
    await nothingIsLeft();
  }

  describe('a description that only the relay can judge', () => {
    const failures = () => lab.metric('media_failures_total');

    it.each(unreadable)('with %s is refused at once, by one relay', async (_, spoil) => {
      const before = await failures();
      const refused = await lab.metric('rejected_total', 'media_description');
      for (const to of ['desk', 'desks']) {
        const answered = await final(offer(sdpContent(spoil(offered)), to), '1 INVITE');
        expect(answered.split('\r\n')[0]).toBe('SIP/2.0 488 Not Acceptable Here');
        expect(answered).toMatch(/^Warning: 399 \S+ "[^"]+"\r$/m);
        expect(answered).not.toMatch(/^Retry-After/m);
      }
      expect(await lab.metric('rejected_total', 'media_description')).toBe(refused + 2);
      expect(await failures()).toBe(before);
      await nothingIsLeft();
      // Every relay takes calls, and at once.
      for (const { number } of lab.cell.media) {
        expect(await lab.kamcmd(lab.active!, 'htable.get', 'alive', `s:${number}`)).toContain('value: 1');
      }
      expect(await lab.kamcmd(lab.active!, 'rtpengine.show', 'all')).not.toMatch(/disabled: 1/);
    });

    it.each(unreadable)('with %s in a later offer is refused to its sender, and the call goes on', async (_, spoil) => {
      const { callId, ok } = await call();
      acknowledge({ ok });
      await raw.message(desk, callId, 'ACK ');
      const before = await failures();
      for (const [index, method] of ['INVITE', 'UPDATE'].entries()) {
        const sequence = 10 + index;
        raw.send(exchange, floating, requestInDialog(exchange, ok, method, sequence, sdpContent(spoil(offered))));
        const answered = await final(callId, `${sequence} ${method}`);
        expect(answered.split('\r\n')[0]).toBe('SIP/2.0 488 Not Acceptable Here');
        expect(answered).toMatch(/^Warning: 399 /m);
        expect(raw.of(desk, callId).filter((text) => text.includes(`CSeq: ${sequence} ${method}`))).toEqual([]);
      }
      expect(await failures()).toBe(before);
      // A good one is taken after it.
      raw.send(exchange, floating, requestInDialog(exchange, ok, 'INVITE', 20, sdpContent(offered)));
      await until(() => raw.of(desk, callId).some((text) => text.includes('CSeq: 20 INVITE')));
      const again = raw.of(desk, callId).find((text) => text.includes('CSeq: 20 INVITE'))!;
      raw.send(desk, floating, respond(again, desk, '200 OK', sdpContent(answer)));
      expect(bodyOf(await final(callId, '20 INVITE'))).toContain('m=audio');
      raw.send(exchange, floating, requestInDialog(exchange, ok, 'BYE', 30));
      const bye = await raw.message(desk, callId, 'BYE ');
      raw.send(desk, floating, respond(bye, desk, '200 OK'));
      await final(callId, '30 BYE');
      await nothingIsLeft();
    });

    it.each(unreadable)('with %s in an answer ends the call on both sides', async (_, spoil) => {
      const { callId, ok } = await call(undefined, sdpContent(spoil(answer)));
      expect(bodyOf(ok)).toBe('');
      acknowledge({ ok });
      await endedByTheCell(callId);
      const ends = async () =>
        (await lab.records()).filter((record) => record.call === callId && record.event === 'end');
      await until(async () => (await ends()).length > 0);
      expect((await ends()).map(({ cause, reason }) => [cause, reason])).toEqual([[488, 'media_refused']]);
    });

    it.each(unreadable)('with %s in the answer to a late offer ends the call on both sides', async (_, spoil) => {
      const { callId, ok } = await call(noContent);
      acknowledge({ ok }, sdpContent(spoil(offered)));
      expect(bodyOf(await raw.message(desk, callId, 'ACK '))).toBe('');
      await endedByTheCell(callId);
    });

    it('in a late offer ends the call on both sides', async () => {
      const { callId, ok } = await call(noContent, sdpContent(unreadable[0]![1](answer)));
      expect(bodyOf(ok)).toBe('');
      acknowledge({ ok });
      await endedByTheCell(callId);
    });

    it('is not what a relay refuses that is full: the next one takes the call', async () => {
      const limit = (host: string, sessions: number) =>
        lab.run(
          host,
          ...['bash', '-c', 'exec 3<>/dev/tcp/127.0.0.1/2224; echo "$1" >&3; timeout 2 cat <&3', 'set'],
          `set maxsessions ${sessions}`,
        );
      const hosts = lab.cell.media.map(({ name }) => name);
      try {
        for (const full of hosts.slice(0, 2)) await limit(full, 0);
        for (let i = 0; i < 3; i++) {
          const { callId, ok } = await call();
          // With the flags of every offer, whichever relay takes it.
          expect(raw.of(desk, callId)[0]).not.toContain('IN IP4 203.0.113.1\r\n');
          acknowledge({ ok });
          raw.send(exchange, floating, requestInDialog(exchange, ok, 'BYE', 2));
          raw.send(desk, floating, respond(await raw.message(desk, callId, 'BYE '), desk, '200 OK'));
          await final(callId, '2 BYE');
          expect(statusOf(await final(offer(sdpContent(unreadable[0]![1](offered))), '1 INVITE'))).toBe(488);
        }
        await limit(hosts[2]!, 0);
        const refused = await final(offer(sdpContent(offered)), '1 INVITE');
        expect(statusOf(refused)).toBe(503);
        expect(refused).toMatch(/^Retry-After: /m);
      } finally {
        for (const host of hosts) await limit(host, 1000);
      }
      await nothingIsLeft();
    });
  });

  it('a later offer that comes while the BYE is at work leaves no session on hold behind', async () => {
    const { callId, ok } = await call();
    acknowledge({ ok });
    await raw.message(desk, callId, 'ACK ');
    const hosts = lab.cell.media.map(({ name }) => name);
    const signal = (what: string) => Promise.all(hosts.map((host) => lab.run(host, 'pkill', `-${what}`, 'rtpengine')));
    const hold = sdpContent(sdp('203.0.113.60', 4000, 'a=inactive'));
    await signal('STOP');
    // Both wait for the relay, the BYE first.
    raw.send(exchange, floating, requestInDialog(exchange, ok, 'BYE', 2));
    await sleep(40);
    raw.send(exchange, floating, requestInDialog(exchange, ok, 'INVITE', 3, hold));
    await sleep(60);
    await signal('CONT');
    await raw.message(desk, callId, 'BYE ');
    await sleep(500);
    const held = raw.of(desk, callId).find((text) => text.includes('CSeq: 3 INVITE'));
    if (held !== undefined) {
      raw.send(desk, floating, respond(held, desk, '200 OK', sdpContent(sdp('203.0.113.61', 4000, 'a=inactive'))));
    }
    raw.send(desk, floating, respond(await raw.message(desk, callId, 'BYE '), desk, '200 OK'));
    await nothingIsLeft(3);
  });

  it('a new offer waits for a relay that gives no answer, as one that moves to its neighbour', async () => {
    const { callId, ok } = await call();
    acknowledge({ ok });
    await raw.message(desk, callId, 'ACK ');
    const onEach = (...argv: string[]) => Promise.all(lab.cell.media.map(({ name }) => lab.run(name, ...argv)));
    const deaf = 'table inet deaf { chain input { type filter hook input priority -10; udp dport 2223 drop; }; }';
    const isSilent = async (silent: boolean) => {
      await (silent
        ? onEach('nft', deaf.replace('2223', String(internalPorts.rtpengineControl)))
        : onEach('nft', 'delete table inet deaf'));
    };
    const find = (cseq: string) => raw.of(desk, callId).find((text) => text.includes(`CSeq: ${cseq}\r\n`));
    for (const [sequence, method] of [
      [2, 'INVITE'],
      [3, 'UPDATE'],
    ] as const) {
      const cseq = `${sequence} ${method}`;
      await isSilent(true);
      try {
        const request = requestInDialog(exchange, ok, method, sequence, sdpContent(sdp('203.0.113.60', 4002)));
        raw.send(exchange, floating, request);
        await sleep(800);
        // Nobody waits for long without being told, and repetitions go nowhere.
        raw.send(exchange, floating, request);
        if (method === 'INVITE') await raw.message(exchange, callId, 'SIP/2.0 100');
        expect(find(cseq)).toBeUndefined();
      } finally {
        await isSilent(false);
      }
      await until(() => find(cseq) !== undefined, 5);
      expect(bodyOf(find(cseq)!)).not.toContain('203.0.113.60');
      raw.send(desk, floating, respond(find(cseq)!, desk, '200 OK', sdpContent(sdp('203.0.113.61', 4002))));
      const answered = await final(callId, cseq);
      expect(statusOf(answered)).toBe(200);
      expect(bodyOf(answered)).not.toContain('203.0.113.61');
      if (method === 'INVITE') raw.send(exchange, floating, requestInDialog(exchange, ok, 'ACK', sequence));
    }
    await isSilent(true);
    try {
      // In vain: the offer is refused, and the call goes on as it was.
      raw.send(exchange, floating, requestInDialog(exchange, ok, 'INVITE', 4, sdpContent(offered)));
      await until(
        () => raw.of(exchange, callId).some((text) => text.includes('CSeq: 4 INVITE\r\n') && statusOf(text) > 200),
        15,
      );
      expect(statusOf(await final(callId, '4 INVITE'))).toBe(503);
      expect(find('4 INVITE')).toBeUndefined();
    } finally {
      await isSilent(false);
    }
    raw.send(exchange, floating, requestInDialog(exchange, ok, 'BYE', 5));
    raw.send(desk, floating, respond(await raw.message(desk, callId, 'BYE '), desk, '200 OK'));
    await final(callId, '5 BYE');
    await nothingIsLeft(5);
  });

  it('a host that is drained gets none of the very next calls', async () => {
    for (const [at, { name }] of lab.cell.media.entries()) {
      await lab.kamcmd(lab.active!, 'htable.seti', 'drains', `s:${at + 1}`, '1');
      const calls: string[] = [];
      for (let nth = 0; nth < 3; nth++) {
        const { callId, ok } = await call();
        acknowledge({ ok });
        await raw.message(desk, callId, 'ACK ');
        calls.push(ok);
      }
      expect(await lab.relayed(name), name).toBe(0);
      for (const ok of calls) raw.send(exchange, floating, requestInDialog(exchange, ok, 'BYE', 2));
      await Promise.all(
        calls.map(async (ok) => {
          const callId = /^Call-ID: (.*)\r$/im.exec(ok)![1]!;
          raw.send(desk, floating, respond(await raw.message(desk, callId, 'BYE '), desk, '200 OK'));
          await final(callId, '2 BYE');
        }),
      );
      await nothingIsLeft(3);
      await lab.kamcmd(lab.active!, 'htable.delete', 'drains', `s:${at + 1}`);
    }
  });

  it('a request that is repeated while the first still waits for the relay goes on once', async () => {
    const { callId, ok } = await call();
    acknowledge({ ok });
    await raw.message(desk, callId, 'ACK ');
    /** The transactions by which a request came to the desk: the SBC may repeat it in each. */
    const transactions = (cseq: string) =>
      new Set(
        raw
          .of(desk, callId)
          .filter((text) => !text.startsWith('SIP/2.0') && text.includes(`CSeq: ${cseq}\r\n`))
          .map((text) => /;branch=([^;\s]+)/.exec(text)![1]),
      );
    const hosts = lab.cell.media.map(({ name }) => name);
    const signal = (what: string) => Promise.all(hosts.map((host) => lab.run(host, 'pkill', `-${what}`, 'rtpengine')));
    const steps: readonly (readonly [number, string, Content, Content])[] = [
      [2, 'INVITE', sdpContent(sdp('203.0.113.60', 4002)), sdpContent(sdp('203.0.113.61', 4002))],
      [3, 'UPDATE', sdpContent(sdp('203.0.113.60', 4004)), sdpContent(sdp('203.0.113.61', 4004))],
      [4, 'BYE', noContent, noContent],
    ];
    for (const [sequence, method, offered, answered] of steps) {
      const request = requestInDialog(exchange, ok, method, sequence, offered);
      await signal('STOP');
      for (let copy = 0; copy < 3; copy++) raw.send(exchange, floating, request);
      await sleep(60);
      await signal('CONT');
      const cseq = `${sequence} ${method}`;
      const find = () => raw.of(desk, callId).find((text) => text.includes(`CSeq: ${cseq}\r\n`));
      await until(() => find() !== undefined, 5);
      raw.send(desk, floating, respond(find()!, desk, '200 OK', answered));
      await final(callId, cseq);
      if (method === 'INVITE') raw.send(exchange, floating, requestInDialog(exchange, ok, 'ACK', sequence));
      expect(transactions(cseq).size, cseq).toBe(1);
    }
    await nothingIsLeft(3);
  });

  it('a BYE of which the relay hears nothing frees the audio when the relay is there again', async () => {
    // On hold the relay would keep it for a day.
    const { callId, ok } = await call(sdpContent(`${offered}a=inactive\r\n`), sdpContent(`${answer}a=inactive\r\n`));
    acknowledge({ ok });
    await raw.message(desk, callId, 'ACK ');
    const onEach = (...argv: string[]) => Promise.all(lab.cell.media.map(({ name }) => lab.run(name, ...argv)));
    const deaf = 'table inet deaf { chain input { type filter hook input priority -10; udp dport 2223 drop; }; }';
    await onEach('nft', deaf.replace('2223', String(internalPorts.rtpengineControl)));
    try {
      raw.send(exchange, floating, requestInDialog(exchange, ok, 'BYE', 2));
      raw.send(desk, floating, respond(await raw.message(desk, callId, 'BYE '), desk, '200 OK'));
      await final(callId, '2 BYE');
    } finally {
      await onEach('nft', 'delete table inet deaf');
    }
    await nothingIsLeft(5);
  });

  it('an offer of which no SBC knows is deleted at its relay, and a call on hold is not', async () => {
    const relayed = async () => {
      const each = await Promise.all(lab.cell.media.map(({ name }) => lab.relayed(name)));
      return each.reduce((sum, sessions) => sum + sessions, 0);
    };
    const known = await call(sdpContent(`${offered}a=inactive\r\n`), sdpContent(`${answer}a=inactive\r\n`));
    acknowledge(known);
    const standby = lab.cell.sbcs.find(({ name }) => name !== lab.active)!.name;
    const offerToRelay = `
      const socket = require('node:dgram').createSocket('udp4');
      socket.on('message', (message) => { console.log(message.toString()); socket.close(); });
      const [relay, sdp, callId] = process.argv.slice(1);
      const question = JSON.stringify({ command: 'offer', 'call-id': callId, 'from-tag': 'a', sdp });
      socket.send(process.pid + '-' + Date.now() + ' ' + question, ${internalPorts.rtpengineControl}, relay);`;
    for (const [index, { relayAddress }] of lab.cell.media.entries()) {
      const argv = ['timeout', '3', process.execPath, '-e', offerToRelay, relayAddress, offered, `orphan-${index}`];
      expect(await lab.run(standby, ...argv)).toContain('"result":"ok"');
    }
    expect(await relayed()).toBe(1 + lab.cell.media.length);
    await until(async () => (await relayed()) === 1, 30);
    await sleep(5000);
    expect(await relayed()).toBe(1);
    raw.send(exchange, floating, requestInDialog(exchange, known.ok, 'BYE', 2));
    raw.send(desk, floating, respond(await raw.message(desk, known.callId, 'BYE '), desk, '200 OK'));
    await nothingIsLeft();
  });

  it('a CANCEL reaches a phone that had not yet said that it rings when the active SBC died', async () => {
    const active = lab.active!;
    const callId = raw.newCallId();
    const text = invite(
      carrier,
      `sip:+4930123456@${lab.floating}`,
      `sip:+49301@${carrier}`,
      callId,
      sdpContent(sdp('192.0.2.10', 4000)),
    );
    raw.send(carrier, floating, text);
    await raw.message(desk, callId, 'INVITE ');
    killHost(input.name, active);
    await until(() => lab.active !== undefined && lab.active !== active, 20);
    await sleep(500);
    const head = text.slice(0, text.indexOf('Contact:'));
    raw.send(
      carrier,
      floating,
      `${head.replace(/^INVITE/, 'CANCEL').replace('1 INVITE', '1 CANCEL')}Content-Length: 0\r\n\r\n`,
    );
    expect(statusOf(await final(callId, '1 CANCEL', carrier))).toBe(200);
    expect(statusOf(await final(callId, '1 INVITE', carrier))).toBe(487);
    const cancel = await raw.message(desk, callId, 'CANCEL ');
    const request = await raw.message(desk, callId, 'INVITE ');
    const via = (message: string) => /^Via: .*$/m.exec(message)![0];
    expect(via(cancel)).toBe(via(request));
    raw.send(desk, floating, respond(cancel, desk, '200 OK'));
    raw.send(desk, floating, respond(request, desk, '487 Request Terminated'));
    await raw.message(desk, callId, 'ACK ');
    await bothUp();
    await nothingIsLeft();
  });

  it('records of a call come with its start first, although the SBC that had the start has died', async () => {
    const active = lab.active!;
    // It can't deliver.
    await lab.run(active, 'pkill', '-STOP', 'stunnel');
    const calls: { callId: string; ok: string }[] = [];
    for (let i = 0; i < 30; i++) calls.push(await call());
    for (const each of calls) acknowledge(each);
    killHost(input.name, active);
    await until(() => lab.active !== undefined && lab.active !== active, 20);
    for (const { callId, ok } of calls) {
      raw.send(exchange, floating, requestInDialog(exchange, ok, 'BYE', 2));
      await sleep(50);
      const bye = raw.of(desk, callId).find((text) => text.startsWith('BYE '));
      if (bye !== undefined) raw.send(desk, floating, respond(bye, desk, '200 OK'));
    }
    const eventsOf = async () => {
      const records = await lab.records();
      return calls.map(({ callId }) => records.filter(({ call }) => call === callId).map(({ event }) => event));
    };
    await until(
      async () => (await eventsOf()).every((events) => events.includes('end') && events.includes('start')),
      20,
    );
    for (const events of await eventsOf()) expect(events).toEqual(['start', 'end']);
    await bothUp();
    await nothingIsLeft();
  });
});
