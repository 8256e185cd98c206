/** Nobody is believed for a source address: datagrams with an edge's, a cell's and an SBC's, and what has been heard, sent again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentsProcess } from '../../../lib/user-agent/agents-process.ts';
import type { CallScenario } from '../../../lib/user-agent/scenario.ts';
import { deriveCell } from '../../../lib/fleet/derive/cell.ts';
import { callerAddress, changeEdgeKeys, edgeKeysOf, serviceAddress } from '../../../lib/targets/local/front/index.ts';
import { routerName } from '../../../lib/targets/local/front/internet.ts';
import { exec, status } from '../../../lib/targets/local/index.ts';
import { paths } from '../../../lib/software/kamailio/sbc/paths.ts';
import { internalPorts } from '../../../lib/fleet/schema/fixed.ts';
import { describeWith } from '../../requirements.ts';
import { leave } from '../lab/companion.ts';
import { carrier, domain, exchange, FrontBed } from './bed.ts';
import { credentialsFor, Ears, forge, Wire } from './wire.ts';
import { until } from '../lab/lab.ts';

describeWith(['root', 'debian-packages'], 'what is said between edges and cells', () => {
  let bed: FrontBed;
  let agents: AgentsProcess;
  let attacker: Wire;
  /** Requests that got to somebody behind a cell. */
  const got: string[] = [];
  const attackerAt = `${callerAddress(1, 50)}:5060`;
  const victimAt = `${callerAddress(2, 60)}:5060`;
  let edge: string;
  let cell: string;

  beforeAll(async () => {
    bed = await FrontBed.up('lab-proof', 86, ['alice', 'bob', 'mallory']);
    agents = await bed.agents(
      [bed.user('alice', callerAddress(1, 1)), bed.user('bob', callerAddress(2, 1)), bed.carrier(), bed.exchange()],
      (event) => {
        if (event.event === 'sip' && event.direction === 'received' && event.text.startsWith('INVITE'))
          got.push(event.text);
      },
    );
    attacker = await Wire.open(bed, [attackerAt, victimAt]);
    edge = bed.edges[0]!.publicAddress;
    cell = status(bed.cells[0]!.name).floatingAddress;
  });
  afterAll(() => leave(bed, attacker));

  const dropped = (reason: string) =>
    bed.cellMetric(bed.cells[0]!, `dropped_total{reason="${reason}"}`).then((n) => (Number.isNaN(n) ? 0 : n));
  const refused = (reason: string) => bed.metric(`edge_rejected{reason="${reason}"`);
  const onSbcs = async (...words: readonly string[]) => {
    for (const { name } of deriveCell(bed.cells[0]!).sbcs) {
      await exec(bed.cells[0]!.name, name, ['kamcmd', '-s', `unix:${paths.control}`, ...words]);
    }
  };
  const askCell = async (...words: readonly string[]) => {
    const { name } = bed.cells[0]!;
    const active = status(name).hosts.find((host) => host.active)!.name;
    return (await exec(name, active, ['kamcmd', '-s', `unix:${paths.control}`, ...words])).stdout;
  };
  /** What happens from now on: invitations that got through, and what reached the attacker and the victim. */
  const watch = () => {
    const before = { got: got.length, received: attacker.received.length };
    return { got: () => got.slice(before.got), received: () => attacker.received.slice(before.received) };
  };

  const body = [
    'v=0',
    `o=- 1 1 IN IP4 ${attackerAt.split(':')[0]!}`,
    's=-',
    `c=IN IP4 ${attackerAt.split(':')[0]!}`,
    't=0 0',
    'm=audio 40000 RTP/AVP 8',
    'a=rtpmap:8 PCMA/8000',
    '',
  ].join('\r\n');
  const message = (first: string, callId: string, headers: readonly string[], content = '') =>
    [
      first,
      'Max-Forwards: 70',
      `From: <sip:100@${domain}>;tag=${callId}`,
      `Call-ID: ${callId}`,
      ...headers,
      ...(content === '' ? [] : ['Content-Type: application/sdp']),
      `Content-Length: ${content.length}`,
      '',
      content,
    ].join('\r\n');
  /** An INVITE for the tenant's exchange, as if an edge handed it on; the answer's second Via names the attacker. */
  const forged = (callId: string, headers: readonly string[] = []) =>
    message(
      `INVITE sip:${carrier.number}@${cell} SIP/2.0`,
      callId,
      [
        `Via: SIP/2.0/UDP ${edge}:5060;branch=z9hG4bK${callId}-1`,
        `Via: SIP/2.0/UDP ${attackerAt};branch=z9hG4bK${callId}-2`,
        `To: <sip:${carrier.number}@${cell}>`,
        'CSeq: 1 INVITE',
        `Contact: <sip:100@${attackerAt}>`,
        `X-Cellstamp-Source: udp:${exchange.address}:5060`,
        ...headers,
      ],
      body,
    );

  /** Places a call of the exchange and gives its INVITE as the edge sent it to the cell. */
  const overheard = async () => {
    const ears = await Ears.listen(
      bed,
      bed.front.regions.map((_, index) => routerName(index + 1)),
      'X-Cellstamp-Proof',
    );
    const kind: CallScenario = {
      name: 'out',
      caller: 'exchange',
      callee: 'carrier',
      dial: `sip:${carrier.number}@${domain}`,
    };
    const { summary } = await agents.run({ kinds: [kind], calls: 1, talkSeconds: 0.3 });
    await ears.close();
    expect(summary.failures).toEqual([]);
    return ears.heard.find(({ text }) => text.startsWith('INVITE'))!;
  };
  const sendAgain = ({ from, to, text }: Awaited<ReturnType<typeof overheard>>) => forge(bed, 1, from, to, text);

  it.each([
    ['no proof', []],
    ['a proof that is none', ['X-Cellstamp-Proof: anything']],
    [
      'a proof under the name of the current key’s place',
      ['X-Cellstamp-Proof: 0000;1;1;00000000000000000000000000000000'],
    ],
  ])(
    'a request from an edge’s address with %s makes no call, gets no answer, and is counted',
    async (name, headers) => {
      const before = await dropped('unproved_edge');
      const seen = watch();
      await forge(bed, 1, `${edge}:5060`, `${cell}:5060`, forged(`forged-${name.length}`, headers));
      await until(async () => (await dropped('unproved_edge')) === before + 1);
      await sleep(500);
      expect(seen.got()).toEqual([]);
      expect(seen.received()).toEqual([]);
      expect(await bed.calls()).toEqual([]);
    },
  );

  /** The INVITE of a call that is over, and when it was sent: the tests that send it again share it. */
  let heard: { readonly invite: Awaited<ReturnType<typeof overheard>>; readonly at: number };

  it('what an edge has sent is not taken a second time soon after', async () => {
    heard = { invite: await overheard(), at: Date.now() };
    // Its transaction is gone.
    await bed.left(15);
    await sleep(6000);
    const before = await dropped('replayed_proof');
    const seen = watch();
    await sendAgain(heard.invite);
    await until(async () => (await dropped('replayed_proof')) === before + 1);
    await sleep(500);
    expect(seen.got()).toEqual([]);
    expect(seen.received()).toEqual([]);
    expect(await bed.calls()).toEqual([]);
  });

  it('a proof is good for its own request alone', async () => {
    const { invite } = heard;
    const seen = watch();
    const changes: readonly (readonly [string, (text: string) => string])[] = [
      ['whom it calls', (text) => text.replace(carrier.number, '+442079460199')],
      ['its call', (text) => text.replaceAll(/^(Call-ID: )/gim, '$1x')],
      ['its number', (text) => text.replaceAll(/^CSeq: \d+/gim, 'CSeq: 99')],
      ['who calls', (text) => text.replace(/^From: <sip:100@/im, 'From: <sip:101@')],
      ['its client', (text) => text.replace(/^(X-Cellstamp-Source: \w+:)[\d.]+/im, `$1${callerAddress(1, 78)}`)],
      ['where it is reached', (text) => text.replace(/^(Contact: .*@)[\d.]+/im, '$1192.0.2.66')],
      ['its path', (text) => text.replace('\r\nCSeq', '\r\nRoute: <sip:192.0.2.66;lr>\r\nCSeq')],
      ['its description', (text) => text.replace('a=rtpmap', 'a=xxxxxx')],
      [
        'its time',
        (text) =>
          text.replace(/(X-Cellstamp-Proof: \w+;\d+)(\d);/, (_, rest, digit) => `${rest}${(Number(digit) + 1) % 10};`),
      ],
    ];
    for (const [what, change] of changes) {
      const before = await dropped('unproved_edge');
      const text = change(invite.text);
      expect(text, what).not.toBe(invite.text);
      await sendAgain({ ...invite, text });
      await until(async () => (await dropped('unproved_edge')) === before + 1).catch(() => {
        throw new Error(`${what} can be changed`);
      });
    }
    expect(seen.got()).toEqual([]);
    expect(seen.received()).toEqual([]);
  });

  it('a request from a cell’s address goes to nobody whose address no edge has issued', async () => {
    const located = await askCell('ul.lookup', 'location', `alice@${domain}`);
    const [, path, at, client] = /Path: (<sip:([\d.]+):5060;lr;s=.;c=([^>]+)>)/.exec(located)!;
    const seen = watch();
    const victim = victimAt.replace(':', '~');
    const request = (callId: string, route: string, to = 'To: <sip:x@y>', uri = `sip:x@${victimAt}`) =>
      message(`INVITE ${uri} SIP/2.0`, callId, [
        `Via: SIP/2.0/UDP ${cell};branch=z9hG4bK${callId}`,
        to,
        'CSeq: 1 INVITE',
        `Route: ${route}`,
        `Contact: <sip:x@${cell}>`,
      ]);
    const inside = 'To: <sip:x@y>;tag=1';
    const ourRoute = `<sip:${at!};lr;s=u>`;
    const other = client!.replace(/^[\d.]+~\d+/, victim);
    const attempts = [
      request('cell-1', `<sip:${at!}:5060;lr;s=u;c=${victim}~udp>`),
      request('cell-2', `<sip:${at!}:5060;lr;s=u;c=${victim}~udp~0000~${'0'.repeat(32)}>`),
      request('cell-3', path!.replace(client!, other)),
      request('cell-4', ourRoute, inside),
      request('cell-5', ourRoute, inside, `sip:x@192.0.2.1;alias=${victim}~1`),
      request('cell-6', ourRoute, inside, `sip:x@192.0.2.1;cellstamp=${other}`),
      // Alice's own, which is for new requests, in a dialog.
      request('cell-7', ourRoute, inside, `sip:x@192.0.2.1;cellstamp=${client!}`),
    ];
    for (const text of attempts) {
      const before = await refused('unproved_cell');
      await forge(bed, 2, `${cell}:5060`, `${at!}:5060`, text);
      await until(async () => (await refused('unproved_cell')) === before + 1).catch(() => {
        throw new Error(`this is not refused:\n${text}`);
      });
    }
    await sleep(300);
    expect(seen.received()).toEqual([]);
    expect(seen.got()).toEqual([]);
  });

  it('a client’s address from one call is of no use in another', async () => {
    const { text } = await overheard();
    const client = /^Contact: .*;cellstamp=([^;>]+)/im.exec(text)![1]!;
    const callId = /^Call-ID: (.*)\r$/im.exec(text)![1]!;
    const to = /^Path|^Record-Route: <sip:([\d.]+)/im.exec(text)![1]!;
    const ears = await Ears.listen(bed, ['callers'], 'other-dialog');
    const bye = (id: string) =>
      message(`BYE sip:100@${exchange.address};cellstamp=${client} SIP/2.0`, id, [
        `Via: SIP/2.0/UDP ${cell};branch=z9hG4bKbye${id.length}`,
        'To: <sip:x@y>;tag=1',
        'CSeq: 7 BYE',
        `Route: <sip:${to};lr;s=u>`,
        'X-Mark: other-dialog',
      ]);
    const before = await refused('unproved_cell');
    await forge(bed, 2, `${cell}:5060`, `${to}:5060`, bye('another-call'));
    await until(async () => (await refused('unproved_cell')) === before + 1);
    expect(ears.heard).toEqual([]);
    // The test can fail: with its own call's name it goes there.
    await forge(bed, 2, `${cell}:5060`, `${to}:5060`, bye(callId));
    await until(() => ears.heard.length > 0);
    await ears.close();
  });

  it('an answer to nothing is handed to nobody, whoever sent it', async () => {
    const seen = watch();
    for (const from of [cell, bed.edges[1]!.publicAddress]) {
      const counted = async () => (await refused('stray_answer')) + (await refused('unproved_edge'));
      const before = await counted();
      const answer = message('SIP/2.0 200 OK', `stray-${from}`, [
        `Via: SIP/2.0/UDP ${edge}:5060;branch=z9hG4bKstray.1`,
        `Via: SIP/2.0/UDP ${victimAt};branch=z9hG4bKstray.2`,
        'To: <sip:x@y>;tag=1',
        'CSeq: 1 INVITE',
      ]);
      await forge(bed, 2, `${from}:5060`, `${edge}:5060`, answer);
      await until(async () => (await counted()) === before + 1);
    }
    await sleep(300);
    expect(seen.received()).toEqual([]);
  });

  it('what is said to be handed over by another edge, and is not, is believed nothing', async () => {
    const seen = watch();
    const from = bed.edges[1]!.publicAddress;
    const mac = '0'.repeat(32);
    const key = (await edgeKeysOf(bed.state)).current;
    for (const [index, header] of [
      [],
      [`X-Cellstamp-Handoff: udp:${attackerAt}`],
      [`X-Cellstamp-Handoff: udp:${attackerAt};${key};${mac}`],
    ].entries()) {
      const before = await refused('unproved_edge');
      const text = message(`INVITE sip:bob@${domain} SIP/2.0`, `handed-${index}`, [
        `Via: SIP/2.0/UDP ${attackerAt};branch=z9hG4bKhanded${index}`,
        `To: <sip:bob@${domain}>`,
        'CSeq: 1 INVITE',
        // Of a client it is taken out.
        `X-Cellstamp-Source: udp:${exchange.address}:5060`,
        ...header,
      ]);
      await forge(bed, 2, `${from}:5060`, `${edge}:5060`, text);
      await until(async () => (await refused('unproved_edge')) === before + 1);
    }
    expect(seen.received()).toEqual([]);
    expect(seen.got()).toEqual([]);
  });

  it('a Path that no edge has put in is not followed: whoever has it registers without', async () => {
    const at = callerAddress(1, 51);
    const wire = await Wire.open(bed, [`${at}:5060`]);
    const register = async (n: number, headers: readonly string[]) => {
      const text = message(`REGISTER sip:${domain} SIP/2.0`, 'own-path', [
        `Via: SIP/2.0/UDP ${at}:5060;branch=z9hG4bKown-path${n}`,
        `To: <sip:mallory@${domain}>`,
        `CSeq: ${n} REGISTER`,
        `Contact: <sip:mallory@${at}>`,
        `Path: <sip:${victimAt};lr>`,
        'Supported: path',
        ...headers,
      ]).replace('sip:100@', 'sip:mallory@');
      wire.send(`${at}:5060`, `${cell}:5060`, text);
      return wire.answer('own-path', `${n} REGISTER`);
    };
    const answer = credentialsFor(await register(1, []), 'mallory', 'REGISTER', `sip:${domain}`);
    expect(await register(2, [`Authorization: ${answer}`])).toMatch(/^SIP\/2.0 200 /);
    const located = await askCell('ul.lookup', 'location', `mallory@${domain}`);
    expect(located).toContain(`mallory@${at}`);
    expect(located).not.toContain(victimAt);
    await wire.close();
  });

  it('what an edge has sent is not taken a second time later either', async () => {
    await sleep(heard.at + 32_000 - Date.now());
    const before = await dropped('stale_proof');
    const seen = watch();
    await sendAgain(heard.invite);
    await until(async () => (await dropped('stale_proof')) === before + 1);
    await sleep(500);
    expect(seen.got()).toEqual([]);
    expect(seen.received()).toEqual([]);
    expect(await bed.calls()).toEqual([]);
  });

  const kinds: readonly CallScenario[] = [
    { name: 'registered', caller: 'alice', callee: 'bob', dial: `sip:bob@${domain}` },
    { name: 'carrier-out', caller: 'bob', callee: 'carrier', dial: `sip:${carrier.number}@${domain}` },
    { name: 'carrier-in', caller: 'carrier', callee: 'bob', dial: `sip:${carrier.calls}@${serviceAddress}` },
  ];

  it('a wrong clock costs calls until the next ping at most, and the edges say so', async () => {
    const offset = () => bed.metric('edge_clock_offset_seconds', [bed.front.edges[0]!]);
    expect(await offset()).toBeLessThanOrEqual(1);
    await onSbcs('htable.seti', 'clock', 'ahead', '600');
    const set = Date.now();
    await until(async () => (await offset()) >= 599, 5);
    const learnt = Date.now() - set;
    // The others ask on their own.
    await sleep(2000);
    const { summary } = await agents.run({ kinds: [...kinds], calls: 12, ratePerSecond: 4, talkSeconds: 0.3 });
    expect(summary.failures).toEqual([]);
    await onSbcs('htable.delete', 'clock', 'ahead');
    await until(async () => (await offset()) <= 1, 5);
    await sleep(2000);
    const after = await agents.run({ kinds: [...kinds], calls: 3, talkSeconds: 0.3 });
    expect(after.summary.failures).toEqual([]);
    console.log(`a clock that is 600 s ahead is known after ${learnt} ms`);
    expect(learnt).toBeLessThan(3000);
  });

  it('the key changes under calls, and none is lost', async () => {
    const [first] = Object.keys((await edgeKeysOf(bed.state)).keys);
    // Longer than all of the change: calls begin, talk and end in each of its states.
    const run = agents.startRun({ kinds: [...kinds], calls: 60, ratePerSecond: 4, talkSeconds: 3 });
    let over = false;
    const finished = run.finished.finally(() => (over = true));
    await until(async () => (await bed.calls()).length >= 6);
    const { keys } = await changeEdgeKeys(bed.state, { step: 'add' });
    const second = Object.keys(keys).find((id) => id !== first)!;
    await changeEdgeKeys(bed.state, { step: 'use', id: second });
    await sleep(3000);
    expect(over).toBe(false);
    const { summary } = await finished;
    expect(summary.failures).toEqual([]);
    expect(summary.answered).toBe(60);
    // Registrations from before carry the old key, and are good as long as it is there.
    expect(await askCell('ul.lookup', 'location', `bob@${domain}`)).toContain(`~${first}~`);
    await until(async () => (await agents.register('bob')) === 200);
    await until(async () => (await agents.register('alice')) === 200);
    expect(await askCell('ul.lookup', 'location', `bob@${domain}`)).toContain(`~${second}~`);
    await changeEdgeKeys(bed.state, { step: 'drop', id: first! });
    const after = await agents.run({ kinds: [...kinds], calls: 6, ratePerSecond: 4, talkSeconds: 0.3 });
    expect(after.summary.failures).toEqual([]);
    // What the old one proved is nothing any more.
    const before = await dropped('unproved_edge');
    await forge(
      bed,
      1,
      `${edge}:5060`,
      `${cell}:5060`,
      forged('old-key', [`X-Cellstamp-Proof: ${first};1;1;${'0'.repeat(32)}`]),
    );
    await until(async () => (await dropped('unproved_edge')) === before + 1);
  });

  it('an SBC’s private address, forged from the internet, commands no media host', async () => {
    const derived = deriveCell(bed.cells[0]!);
    const [media] = derived.media;
    const target = status(bed.cells[0]!.name).hosts.find(({ name }) => name === media!.name)!;
    // Which no SBC ever asks.
    const list = '1_1 d7:command4:liste';
    const heard = async () => {
      const url = `http://${media!.address}:${internalPorts.rtpengineMetrics}/metrics`;
      const { stdout } = await exec(bed.cells[0]!.name, media!.name, ['curl', '-s', url]);
      return [...stdout.matchAll(/^rtpengine_requests_total\{[^}]*request="list"[^}]*\} (\d+)/gm)].reduce(
        (sum, [, n]) => sum + Number(n),
        0,
      );
    };
    const before = await heard();
    const sources = [
      ...derived.sbcs.flatMap(({ address, floatingSide }) => [address, floatingSide]),
      derived.overlayAddress,
    ];
    for (const from of sources) {
      const to = `${target.publicAddress!}:${internalPorts.rtpengineControl}`;
      await forge(bed, 1, `${from}:40000`, to, list);
    }
    await sleep(500);
    expect(await heard()).toBe(before);
    // The test can fail: an SBC is heard.
    const say = `import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"${list}", ("${media!.address}", ${internalPorts.rtpengineControl}))`;
    await exec(bed.cells[0]!.name, derived.sbcs[0].name, ['/usr/bin/python3', '-c', say]);
    await until(async () => (await heard()) === before + 1);
  });
});
