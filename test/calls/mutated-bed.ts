/** A cell in which mutated dialogs are played, and what has to be true of it when they are over. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { logs, spawnOutside } from '../../lib/local/index.ts';
import { requireState } from '../../lib/local/state.ts';
import { readService } from '../../lib/local/service-notes.ts';
import { internalPorts } from '../../lib/spec/fixed.ts';
import type { CellInput } from '../../lib/spec/cell.ts';
import { Ear } from './elsewhere.ts';
import { domainOf, Lab, type LabUser } from './lab.ts';
import { MutatedDialogs, type Phone, type Played, type Station } from './mutated-dialogs.ts';

const free = { calls: 10_000, callsPerSecond: 1000, burst: 10_000 };
const stranger = '203.0.113.150:5060';
/** A phone of another tenant, which is called by nobody. */
const bystander: Phone = { name: 'bystander', domain: domainOf('bystanders'), at: '203.0.113.210:5060' };
const pinger = '203.0.113.151:5060';

/** The seed of what is played, and a single number of it: `MUTATED=SEED:NUMBER` plays one dialog alone. */
export const chosen = (() => {
  const [seed, number] = (process.env['MUTATED'] ?? '').split(':');
  return {
    seed: seed === undefined || seed === '' ? undefined : Number(seed),
    number: number === undefined ? undefined : Number(number),
  };
})();

/** What Kamailio's parser says of a message that it can't read, modules that read it before the script does, and the script of a Route that is no URI. */
const cannotRead =
  /<core> \[core\/(parser\/|receive\.c|msg_translator\.c:\d+\]: build_res_buf)|th_prepare_msg|lval_(pvar_)?assign\(\): |: pars(e|ing)|(cannot|failed to|unable to|error|error while) pars/;
/** What a relay says of a description that it does not take, and Kamailio of that answer or of a call that the relay has given up. */
const relayRefuses = /proxy replied with error: |ERR: \[[0-9a-f]{20}[^\]]*\]: \[core\]/;

export class MutatedBed {
  readonly lab: Lab;
  readonly dialogs: MutatedDialogs;
  readonly #ear: Ear;

  private constructor(lab: Lab, dialogs: MutatedDialogs, ear: Ear) {
    this.lab = lab;
    this.dialogs = dialogs;
    this.#ear = ear;
  }

  /** @param places how many dialogs run at the same time */
  static async up(name: string, network: string, places: number): Promise<MutatedBed> {
    const numbers = Array.from({ length: places }, (_, n) => n);
    const tenant = (n: number) => `t${n}`;
    const input = {
      name,
      region: 'eu-west-1',
      local: {},
      size: 'test',
      network,
      media: { hosts: 2, kernelForwarding: 'preferred' },
      // A call that is held may stay for as long as any: 15 s.
      calls: { timerSpeedup: 20, longestMinutes: 5 },
      sbc: { flood: { requestsPerSecond: 500, banSeconds: 10 } },
      trunks: numbers.map((n) => ({ name: `carrier-${n}`, address: `192.0.2.${100 + n}`, limits: free })),
      tenants: [
        ...numbers.map((n) => ({
          name: tenant(n),
          domain: domainOf(tenant(n)),
          limits: free,
          trunks: [`carrier-${n}`],
          sources: [`203.0.113.${60 + n}/32`],
          dids: { [`+493012345${String(n).padStart(2, '0')}`]: 'called' },
        })),
        { name: 'bystanders', domain: bystander.domain, limits: free },
      ],
    } satisfies CellInput;
    const lab = await Lab.up(input);
    try {
      const user = (tenantName: string, phone: string): LabUser => ({ name: phone, tenant: tenantName, address: '' });
      await lab.addUsers([
        ...numbers.flatMap((n) => ['calling', 'called', 'registering'].map((phone) => user(tenant(n), phone))),
        user('bystanders', 'bystander'),
      ]);
      const phone = (n: number, which: string, from: number): Phone => ({
        name: which,
        domain: domainOf(tenant(n)),
        at: `198.51.100.${from + n}:5060`,
      });
      const stations = numbers.map((n): Station => {
        const callee = phone(n, 'called', 100);
        return {
          caller: phone(n, 'calling', 60),
          callee,
          registering: phone(n, 'registering', 140),
          exchange: `203.0.113.${60 + n}:5060`,
          carrier: `192.0.2.${100 + n}:5060`,
          number: `+493012345${String(n).padStart(2, '0')}`,
          answering: callee,
        };
      });
      const { redis, databases, media, sbcs, overlayAddress } = lab.cell;
      const standby = sbcs.find((host) => host.name !== lab.active)!;
      const whereabouts = {
        inside: [
          `${redis[0]!.address}:6379`,
          `${databases[0]!.address}:5432`,
          `${media[0]!.address}:${internalPorts.rtpengineControl}`,
          `${media[1]!.address}:22222`,
          `${standby.address}:${internalPorts.sbcReplication}`,
          `${overlayAddress}:5060`,
          ...[
            `127.0.0.1:${internalPorts.sbcSelf}`,
            '127.0.0.1:6379',
            '169.254.169.254:80',
            '224.0.1.75:5060',
            '0.0.0.0:5060',
            '255.255.255.255:5060',
          ],
        ],
        elsewhere: ['203.0.113.200:5060', '203.0.113.201:5061', bystander.at],
        said: ['203.0.113.220:4000', '203.0.113.221:4002'],
        strangers: [stranger, '203.0.113.152:5060'],
      };
      // Nobody here calls a feature: the SBCs' questions whether FreeSWITCH is there would look like transactions left behind.
      for (const { name: sbc } of lab.cell.sbcs) await lab.kamcmd(sbc, 'dispatcher.ping_active', '0');
      const dialogs = await MutatedDialogs.open({
        server: `${lab.floating}:5060`,
        stations,
        whereabouts,
        bystander,
        pinger,
        spawn: (argv) => spawnOutside(name, argv, { stdio: ['pipe', 'pipe', 'inherit'] }),
      });
      const addresses = (places_: readonly string[]) => places_.map((place) => place.split(':')[0]!);
      const parties = stations.flatMap(({ caller, callee, registering, exchange, carrier }) => [
        caller.at,
        callee.at,
        registering.at,
        exchange,
        carrier,
      ]);
      const ear = await Ear.listen(name, {
        cell: [lab.cell.spec.network, `${overlayAddress}/32`, requireState(name).publicNetwork],
        outside: addresses([...parties, stranger, pinger, ...whereabouts.strangers]),
        audio: addresses(whereabouts.said),
        sip: [...sbcs.flatMap((host) => [host.address, host.floatingSide]), overlayAddress, lab.floating],
      });
      return new MutatedBed(lab, dialogs, ear);
    } catch (error) {
      await lab.down();
      throw error;
    }
  }

  /** Plays dialogs, and says what they left behind and did that they may not. Empty if all is well. */
  async play(seed: number, numbers: readonly number[]): Promise<readonly string[]> {
    const { lab, dialogs } = this;
    const begun = Date.now();
    const from = dialogs.played.length;
    const logged = this.#logSizes();
    const playing = dialogs.play(seed, numbers);
    const pings = dialogs.ping(playing);
    await playing;
    const seconds = (Date.now() - begun) / 1000;
    await dialogs.forgetRegistrations();
    const slowest = Math.max(...(await pings));
    const played = dialogs.played.slice(from);
    const mutated = played.filter(({ mutation }) => mutation !== undefined);
    console.log(
      `seed ${seed}: ${played.length} dialogs in ${seconds.toFixed(0)} s, ${mutated.length} of them changed; slowest answer to OPTIONS ${slowest.toFixed(0)} ms`,
    );
    if (numbers.length > 1) expect(mutated.length).toBeGreaterThan(0.4 * numbers.length);
    const found: string[] = [];
    const told = (what: string, played_: readonly Played[] = []) =>
      found.push([what, ...played_.slice(0, 3).map(print)].join('\n'));
    if (slowest > 2000) told(`OPTIONS was answered after ${slowest} ms`);
    for (const [what, text] of Object.entries(await this.#left())) {
      told(`left behind: ${what}\n${text}`, namedIn(text, played));
    }
    for (const { from: source, to, text } of this.#ear.strays.splice(0)) {
      // What a registered phone on UDP gets every 12 s.
      if (to.endsWith(`:${internalPorts.freeswitchSip}`) && /^OPTIONS [^]*^From: <sip:sbc@/m.test(text)) continue;
      if (to === bystander.at && /^OPTIONS [^]*^From: <?sip:keepalive@/m.test(text)) continue;
      told(`${source} sent to ${to}:\n${text}`, namedIn(text, played));
    }
    for (const { at, text } of dialogs.strayed.splice(0)) told(`${at} got\n${text}`, namedIn(text, played));
    for (const [line, times] of this.#errors(logged)) told(`${times} times in a log: ${line}`);
    for (const host of [...lab.cell.sbcs, ...lab.cell.media]) {
      const service = host.role === 'sbc' ? 'kamailio' : 'rtpengine';
      const { state, starts } = readService(lab.spec.name, host.name, service);
      if (state !== 'ready' || starts !== 1) told(`${service} of ${host.name} is ${state} after ${starts} starts`);
    }
    return found;
  }

  /** What is left of calls once all time-outs are over, by where. Patience: a minute and a half. */
  async #left(): Promise<Readonly<Record<string, string>>> {
    const { lab } = this;
    const left: Record<string, string> = {};
    const entries = (dump: string) => [...dump.matchAll(/name: .*\s+value: .*/g)].map(([entry]) => entry);
    const look = async () => {
      for (const key of Object.keys(left)) delete left[key];
      for (const { name } of lab.cell.sbcs) {
        for (const table of [
          'calls',
          'sides',
          'branches',
          'rivals',
          'suppressing',
          'ending',
          'waiting',
          'own_records',
          'others_records',
          'load',
        ]) {
          const dump = entries(await lab.kamcmd(name, 'htable.dump', table)).filter(
            (entry) => table !== 'load' || !/value: 0$/.test(entry),
          );
          if (dump.length > 0) left[`${table} of ${name}: ${dump.length}`] = dump.slice(0, 5).join('\n');
        }
        const stats = await lab.kamcmd(name, 'tm.stats');
        const of = (key: string) => Number(new RegExp(`\\b${key}: (\\d+)`).exec(stats)![1]);
        if (of('current') - of('waiting') > 0)
          left[`transactions of ${name}`] = `${of('current')}, ${of('waiting')} waiting`;
        const contacts = [...(await lab.kamcmd(name, 'ul.dump')).matchAll(/AoR: (\S+)[^]*?Address: (\S+)/g)].map(
          ([, user, contact]) => `${user} ${contact}`,
        );
        const expected = contacts.filter((contact) => /^(called|bystander)@/.test(contact));
        if (expected.length !== contacts.length)
          left[`contacts of ${name}`] = contacts.filter((contact) => !expected.includes(contact)).join('\n');
      }
      for (const { name } of lab.cell.media) {
        const sessions = await lab.relayed(name);
        if (sessions > 0) left[`sessions of ${name}: ${sessions}`] = await this.#relayedBy(name);
      }
    };
    const deadline = Date.now() + 90_000;
    for (await look(); Object.keys(left).length > 0 && Date.now() < deadline; await look()) await sleep(1000);
    console.log(
      `all is gone ${Object.keys(left).length === 0 ? `${((Date.now() - deadline + 90_000) / 1000).toFixed(0)} s` : 'not'} after the last dialog`,
    );
    return left;
  }

  /** The calls of a relay as it lists them itself. */
  async #relayedBy(name: string): Promise<string> {
    const { address } = this.lab.cell.media.find((host) => host.name === name)!;
    const program = `
      const socket = require('node:dgram').createSocket('udp4');
      socket.on('message', (message) => { console.log(message.toString()); socket.close(); });
      socket.send('left-' + Date.now() + ' d5:limiti100e7:command4:liste', ${internalPorts.rtpengineControl}, '${address}');`;
    return this.lab.run(this.lab.active!, 'timeout', '3', process.execPath, '-e', program);
  }

  #logSizes(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#logs().map(([key, text]) => [key, text.length]));
  }

  #logs(): readonly (readonly [string, string])[] {
    const { cell, spec } = this.lab;
    return [...cell.sbcs, ...cell.media].flatMap((host) =>
      Object.entries(logs(spec.name, host.name)).map(([service, text]) => [`${host.name} ${service}`, text] as const),
    );
  }

  /** Errors in the logs since then, each with how often it is there but for its numbers. */
  #errors(since: Readonly<Record<string, number>>): ReadonlyMap<string, number> {
    const lines = this.#logs().flatMap(([key, text]) =>
      text
        .slice(since[key] ?? 0)
        .split('\n')
        .filter((line) => /\b(ERROR|CRITICAL|ALERT|BUG)\b|\b(ERR|CRIT):|segfault/.test(line))
        .filter((line) => !cannotRead.test(line) && !relayRefuses.test(line))
        .map((line) => `${key}: ${line}`),
    );
    const kinds = new Map<string, { readonly line: string; times: number }>();
    for (const line of lines) {
      const kind = line.replaceAll(/\d+/g, '0').slice(0, 120);
      const known = kinds.get(kind) ?? { line, times: 0 };
      known.times++;
      kinds.set(kind, known);
    }
    return new Map([...kinds.values()].map(({ line, times }) => [line, times]));
  }

  async down(): Promise<void> {
    this.dialogs.close();
    const { heard, dropped } = await this.#ear.close().finally(() => this.lab.down());
    expect(heard).toBeGreaterThan(0);
    expect(dropped).toBe(0);
  }
}

/** The dialogs that a text names, by their Call-IDs or by the names that an SBC gives their calls. */
export function namedIn(text: string, played: readonly Played[]): readonly Played[] {
  return played.filter(({ name, callIds }) => {
    const calls = [...callIds].flatMap((callId) =>
      [1, 2, 3, 4].map((cseq) => createHash('md5').update(`${callId}|t${name}|${cseq}`).digest('hex').slice(0, 20)),
    );
    return [...callIds, name, ...calls].some((each) => names(text, each));
  });
}

/** Whether a text has this Call-ID, and not another one that begins so. */
const names = (text: string, callId: string) =>
  text
    .split(callId)
    .slice(1)
    .some((rest) => !/^\d/.test(rest));

export function print({ name, kind, mutation, answers, messages, callIds }: Played): string {
  return (
    [
      `--- dialog ${name}, a ${kind}, changed: ${mutation}; Call-IDs ${[...callIds].join(' ')}; answers: ${answers.join(', ')}`,
      ...messages,
    ].join('\n') + '\n---'
  );
}
