/** A cell in which mutated dialogs are played, and what has to be true of it when they are over. */
import { logs, spawnOutside } from '../../../lib/targets/local/index.ts';
import { requireState } from '../../../lib/targets/local/state.ts';
import { readService } from '../../../lib/targets/local/service-notes.ts';
import { internalPorts } from '../../../lib/fleet/schema/fixed.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { leave } from './companion.ts';
import { Ear } from './elsewhere.ts';
import { domainOf, Lab, type LabUser } from './lab.ts';
import { MutatedDialogs, type Phone, type Station } from './mutated-dialogs.ts';
import { leftOnRelay, leftOnSbc, leftWithin, playWatched, type Left } from './mutated-findings.ts';

const free = { calls: 10_000, callsPerSecond: 1000, burst: 10_000 };
const stranger = '203.0.113.150:5060';
/** A phone of another tenant, which is called by nobody. */
const bystander: Phone = { name: 'bystander', domain: domainOf('bystanders'), at: '203.0.113.210:5060' };
const pinger = '203.0.113.151:5060';

/** What Kamailio says of a message that its parser, a module or the script can't read. */
const cannotRead = new RegExp(
  [
    /<core> \[core\/(parser\/|receive\.c|msg_translator\.c:\d+\]: build_res_buf|strutils\.c:\d+\]: unescape_user)/,
    /lval_(pvar_)?assign\(\): |tr_eval_uri\(\): invalid uri/,
    /: pars(e|ing)|(cannot|failed to|failed|unable to|error|error while) pars/,
    /th_prepare_msg|th_msg_received\(\): not able to detect direction|th_mask_decode|th_unmask_ruri|failed to get from header tag/,
    /rtpp_function_call\(\): can't (get (Call-Id field|From tag)|extract body)|extract_body\(\): empty multipart/,
    /auth_check_hdr_md5\(\): Credentials are not filled|new_t\(\): uri invalid|t_newtran\(\): (new_t failed|EoH not parsed)/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'i',
);
/** Of a Contact over TCP, at which nobody listens, and of a message of which it can't make a transaction. */
const cannotSend =
  /tcpconn_1st_send\(\): .*(Connection refused|failed)|msg_send_buffer\(\): tcp_send failed|sl_reply_error\(\): stateless error reply used/;
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
      // A call that is held may stay for as long as any: 6 s.
      calls: { timerSpeedup: 20, longestMinutes: 2 },
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
          `${media[0]!.relayAddress}:${internalPorts.rtpengineControl}`,
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
        spawn: (argv, options) => spawnOutside(name, argv, options),
      });
      const addresses = (places_: readonly string[]) => places_.map((place) => place.split(':')[0]!);
      const parties = stations.flatMap(({ caller, callee, registering, exchange, carrier }) => [
        caller.at,
        callee.at,
        registering.at,
        exchange,
        carrier,
      ]);
      const ear = await Ear.listen(requireState(name).namespaces['fabric']!.init, {
        own: [lab.cell.spec.network, `${overlayAddress}/32`, requireState(name).publicNetwork],
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

  /**
   * Plays dialogs, and says what they left behind and did that they may not. Empty if all is well.
   * @param patience seconds until all must be gone
   */
  async play(seed: number, numbers: readonly number[], patience = 90): Promise<readonly string[]> {
    const { lab, dialogs } = this;
    const logged = this.#logSizes();
    const findings = await playWatched(dialogs, seed, numbers);
    findings.addLeft(await leftWithin(patience, () => this.#left()));
    findings.addStrays(
      [this.#ear],
      dialogs,
      ({ to, text }) =>
        // What a registered phone on UDP gets every 12 s, and FreeSWITCH too.
        (to === bystander.at && /^OPTIONS [^]*^From: <?sip:keepalive@/m.test(text)) ||
        (to.endsWith(`:${internalPorts.freeswitchSip}`) && /^OPTIONS [^]*^From: <sip:sbc@/m.test(text)),
    );
    for (const [line, times] of this.#errors(logged)) findings.add(`${times} times in a log: ${line}`);
    for (const host of [...lab.cell.sbcs, ...lab.cell.media]) {
      const service = host.role === 'sbc' ? 'kamailio' : 'rtpengine';
      const { state, starts } = readService(lab.spec.name, host.name, service);
      if (state !== 'ready' || starts !== 1)
        findings.add(`${service} of ${host.name} is ${state} after ${starts} starts`);
    }
    return findings.texts;
  }

  async #left(): Promise<Left> {
    const { lab } = this;
    const left: Left[] = [];
    for (const { name } of lab.cell.sbcs) {
      left.push(
        await leftOnSbc(
          name,
          (...words) => lab.kamcmd(name, ...words),
          (contact) => /^(called|bystander)@/.test(contact),
          { alsoExpiring: true },
        ),
      );
    }
    for (const { name, relayAddress } of lab.cell.media) {
      left.push(await leftOnRelay(name, relayAddress, (...argv) => lab.run(lab.active!, ...argv)));
    }
    return Object.assign({}, ...left) as Left;
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
        .filter((line) => !cannotRead.test(line) && !cannotSend.test(line) && !relayRefuses.test(line))
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

  down(): Promise<void> {
    return leave(this.lab, this.dialogs, this.#ear);
  }
}
