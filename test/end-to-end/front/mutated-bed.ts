/** A front through whose edges mutated dialogs are played, and what has to be true of it and of its cells when they are over. */
import { deriveCell, type Cell } from '../../../lib/fleet/derive/cell.ts';
import {
  directoryAddress,
  edgeRange,
  callerAddress,
  regionGateway,
  serviceAddress,
} from '../../../lib/targets/local/front/addresses.ts';
import { spawnAtCallers } from '../../../lib/targets/local/front/index.ts';
import { routerName } from '../../../lib/targets/local/front/internet.ts';
import { exec, status } from '../../../lib/targets/local/index.ts';
import { requireState } from '../../../lib/targets/local/state.ts';
import { readService } from '../../../lib/targets/local/service-notes.ts';
import { paths } from '../../../lib/software/kamailio/sbc/paths.ts';
import { internalPorts } from '../../../lib/fleet/schema/fixed.ts';
import { leave } from '../lab/companion.ts';
import { Ear } from '../lab/elsewhere.ts';
import { carrier, domain, exchange, FrontBed } from './bed.ts';
import { MutatedDialogs, type Phone, type Station } from '../lab/mutated-dialogs.ts';
import {
  leftOnRelay,
  leftOnSbc,
  leftTransactions,
  leftWithin,
  playWatched,
  type Findings,
  type Left,
} from '../lab/mutated-findings.ts';

/** How many dialogs run at the same time. */
const places = 12;

const phone = (name: string, place: number, host: number): Phone => ({
  name,
  domain,
  at: `${callerAddress(place, host)}:5060`,
});
const bystander = phone('bystander', 2, 200);
/** Where audio may go, because a description says so. */
const said = callerAddress(1, 220);

export class MutatedFrontBed {
  readonly front: FrontBed;
  readonly dialogs: MutatedDialogs;
  readonly #ears: readonly Ear[];

  private constructor(front: FrontBed, dialogs: MutatedDialogs, ears: readonly Ear[]) {
    this.front = front;
    this.dialogs = dialogs;
    this.#ears = ears;
  }

  /**
   * @param number second octet of the private addresses
   * @param users whom a test needs beside those of the dialogs
   */
  static async up(name: string, number: number, users: readonly string[] = []): Promise<MutatedFrontBed> {
    const numbers = Array.from({ length: places }, (_, n) => n);
    const played = numbers.flatMap((n) => [`calling-${n}`, `called-${n}`, `registering-${n}`]);
    const front = await FrontBed.up(name, number, [...played, 'bob', bystander.name, ...users], {
      // A call that is held may stay for as long as any: 6 s.
      timerSpeedup: 20,
      longestMinutes: 2,
    });
    try {
      const answering = phone('bob', 2, 1);
      const stations = numbers.map((n): Station => ({
        caller: phone(`calling-${n}`, 1, 10 + n),
        callee: phone(`called-${n}`, 2, 10 + n),
        registering: phone(`registering-${n}`, 1, 30 + n),
        exchange: `${exchange.address}:5060`,
        carrier: `${carrier.address}:5060`,
        number: carrier.calls,
        answering,
      }));
      const cells = front.cells.map((spec) => deriveCell(spec, 'movable'));
      const [{ redis, media, sbcs, overlayAddress }] = cells as [Cell, Cell];
      const dialogs = await MutatedDialogs.open({
        server: `${serviceAddress}:5060`,
        stations,
        whereabouts: {
          inside: [
            `${redis[0]!.address}:6379`,
            `${media[0]!.relayAddress}:${internalPorts.rtpengineControl}`,
            `${sbcs[1].address}:${internalPorts.sbcReplication}`,
            `${overlayAddress}:5060`,
            `${front.front.edges[1]!.address}:5060`,
            ...['127.0.0.1:5060', '169.254.169.254:80', '224.0.1.75:5060', '0.0.0.0:5060', '255.255.255.255:5060'],
          ],
          // What nobody has, and a phone that nobody calls.
          elsewhere: ['192.0.2.66:5060', '192.0.2.67:5061', bystander.at],
          said: [`${said}:4000`],
          strangers: [`${callerAddress(1, 150)}:5060`, `${callerAddress(2, 150)}:5060`],
        },
        bystander,
        pinger: `${callerAddress(1, 151)}:5060`,
        spawn: (argv, options) => spawnAtCallers(front.state, argv, options),
      });
      const ears = await Promise.all([...cells.map((cell) => earOfCell(front, cell)), ...earsOfEdges(front, cells)]);
      return new MutatedFrontBed(front, dialogs, ears);
    } catch (error) {
      await front.down();
      throw error;
    }
  }

  /** Plays dialogs. @returns what is wrong so far: what they leave behind takes a while, see `finish` */
  play(seed: number, numbers: readonly number[]): Promise<Findings> {
    return playWatched(this.dialogs, seed, numbers);
  }

  /**
   * Waits until nothing is left, and says what is wrong. Empty if all is well.
   * @param what whether what an SBC forgets by itself counts: that takes 45 s
   */
  async finish(findings: Findings, what: { readonly alsoExpiring: boolean }): Promise<readonly string[]> {
    findings.addLeft(await leftWithin(90, () => this.#left(what)));
    // What a registered phone gets all the time, and what FreeSWITCH does.
    findings.addStrays(this.#ears, this.dialogs, ({ text }) =>
      /^OPTIONS [^]*^From: <?sip:(keepalive|sbc)@/m.test(text),
    );
    const services = [
      ...this.front.front.edges.map(({ name }) => [this.front.front.name, name, 'kamailio'] as const),
      ...this.front.cells
        .map((spec) => deriveCell(spec))
        .flatMap(({ name, sbcs, media }) => [
          ...sbcs.map((host) => [name, host.name, 'kamailio'] as const),
          ...media.map((host) => [name, host.name, 'rtpengine'] as const),
        ]),
    ];
    for (const [of, host, service] of services) {
      const { state, starts } = readService(of, host, service);
      if (state !== 'ready' || starts !== 1)
        findings.add(`${service} of ${of} ${host} is ${state} after ${starts} starts`);
    }
    return findings.texts;
  }

  async #left(what: { readonly alsoExpiring: boolean }): Promise<Left> {
    const { front } = this;
    const left: Left[] = [];
    for (const { name } of front.front.edges) {
      left.push(await leftTransactions(name, (...words) => front.kamcmd(name, ...words)));
      // An edge sees messages go by, and not what an SBC makes of one that was changed: it may miss the end. Nothing is routed by it.
      const unchanged = this.dialogs.played.filter(({ mutation }) => mutation === undefined);
      const pinned = [...(await front.kamcmd(name, 'htable.dump', 'pinned')).matchAll(/name: (.*)/g)]
        .map(([, callId]) => callId!)
        .filter((callId) => unchanged.some(({ callIds }) => callIds.has(callId)));
      if (pinned.length > 0) left.push({ [`pinned at ${name}`]: pinned.join('\n') });
    }
    for (const { name, sbcs, media } of front.cells.map((spec) => deriveCell(spec, 'movable'))) {
      const run = async (host: string, ...argv: readonly string[]) => {
        const answer = await exec(name, host, argv);
        if (answer.status !== 0) throw new Error(`${host}: ${argv.join(' ')}: ${answer.stderr}`);
        return answer.stdout;
      };
      for (const host of sbcs) {
        const ask = (...words: readonly string[]) => run(host.name, 'kamcmd', '-s', `unix:${paths.control}`, ...words);
        left.push(await leftOnSbc(`${name} ${host.name}`, ask, (contact) => !contact.startsWith('registering-'), what));
      }
      for (const host of media) {
        left.push(
          await leftOnRelay(`${name} ${host.name}`, host.relayAddress, (...argv) => run(sbcs[0].name, ...argv)),
        );
      }
    }
    return Object.assign({}, ...left) as Left;
  }

  down(): Promise<void> {
    return leave(this.front, this.dialogs, ...this.#ears);
  }
}

const hosts = [1, 2].flatMap((place) => Array.from({ length: 245 }, (_, host) => callerAddress(place, host + 1)));
/** Every caller but who gets audio alone, or nothing. */
const parties = hosts.filter((address) => address !== bystander.at.split(':')[0] && address !== said);

function earOfCell({ edges }: FrontBed, { name, spec, sbcs, overlayAddress }: Cell): Promise<Ear> {
  return Ear.listen(requireState(name).namespaces['fabric']!.init, {
    own: [spec.network, `${overlayAddress}/32`, requireState(name).publicNetwork],
    outside: [...parties, ...edges.map(({ publicAddress }) => publicAddress)],
    audio: [said],
    sip: [
      ...sbcs.flatMap((host) => [host.address, host.floatingSide]),
      ...[overlayAddress, status(name).floatingAddress],
    ],
  });
}

/** What edges send: to callers, to cells, to one another and to their directory, and answers to whoever asks whether they are there. */
function earsOfEdges({ front, edges, state }: FrontBed, cells: readonly Cell[]): readonly Promise<Ear>[] {
  return front.regions.map(({ network }, index) =>
    Ear.listen(state.namespaces[routerName(index + 1)]!.init, {
      own: [network, edgeRange(index + 1)],
      outside: [
        ...parties,
        ...cells.map(({ name }) => status(name).floatingAddress),
        ...edges.map(({ publicAddress }) => publicAddress),
        directoryAddress,
      ],
      audio: [],
      sip: [...edges.map(({ publicAddress }) => publicAddress), regionGateway(network)],
    }),
  );
}
