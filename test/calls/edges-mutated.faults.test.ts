/** Dialogs through edges of which one message is not what it should be: nothing is left on edges and cells, and nothing goes astray. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { deriveCell } from '../../lib/cell/cell.ts';
import { callerAddress, execOnFront, serviceAddress, spawnAtCallers } from '../../lib/local/front/index.ts';
import { routerName } from '../../lib/local/front/internet.ts';
import { status } from '../../lib/local/index.ts';
import { requireState } from '../../lib/local/state.ts';
import { readService } from '../../lib/local/service-notes.ts';
import { internalPorts } from '../../lib/spec/fixed.ts';
import { describeWith } from '../requirements.ts';
import { Ear } from './elsewhere.ts';
import { carrier, domain, exchange, FrontBed } from './front-bed.ts';
import { chosen, namedIn, print } from './mutated-bed.ts';
import { MutatedDialogs, type Phone, type Station } from './mutated-dialogs.ts';

const { seed = 5626, number } = chosen;
const dialogs = 500;
const places = Array.from({ length: 12 }, (_, n) => n);

describeWith(['root', 'debian-packages'], 'mutated dialogs through edges', () => {
  let bed: FrontBed;
  let parties: MutatedDialogs;
  let ears: readonly Ear[];
  beforeAll(async () => {
    const users = places.flatMap((n) => [`calling-${n}`, `called-${n}`, `registering-${n}`]);
    bed = await FrontBed.up('lab-mutants', 79, [...users, 'bob', 'bystander'], {
      timerSpeedup: 20,
      longestMinutes: 5,
    });
    const phone = (name: string, place: number, host: number): Phone => ({
      name,
      domain,
      at: `${callerAddress(place, host)}:5060`,
    });
    const bob = phone('bob', 2, 1);
    const stations = places.map((n): Station => ({
      caller: phone(`calling-${n}`, 1, 10 + n),
      callee: phone(`called-${n}`, 2, 10 + n),
      registering: phone(`registering-${n}`, 1, 30 + n),
      exchange: `${exchange.address}:5060`,
      carrier: `${carrier.address}:5060`,
      number: carrier.calls,
      answering: bob,
    }));
    const cells = bed.cells.map((spec) => deriveCell(spec));
    const [{ redis, media, sbcs, overlayAddress }] = cells as [(typeof cells)[0]];
    const bystander = phone('bystander', 2, 200);
    parties = await MutatedDialogs.open({
      server: `${serviceAddress}:5060`,
      stations,
      whereabouts: {
        inside: [
          ...[`${redis[0]!.address}:6379`, `${media[0]!.address}:${internalPorts.rtpengineControl}`],
          ...[`${sbcs[1].address}:${internalPorts.sbcReplication}`, `${overlayAddress}:5060`],
          ...['127.0.0.1:5060', '169.254.169.254:80', '224.0.1.75:5060', '0.0.0.0:5060', '255.255.255.255:5060'],
        ],
        // What nobody has, and a phone that nobody calls.
        elsewhere: ['192.0.2.66:5060', '192.0.2.67:5061', bystander.at],
        said: [`${callerAddress(1, 220)}:4000`],
        strangers: [`${callerAddress(1, 150)}:5060`, `${callerAddress(2, 150)}:5060`],
      },
      bystander,
      pinger: `${callerAddress(1, 151)}:5060`,
      spawn: (argv) => spawnAtCallers(bed.state, argv, { stdio: ['pipe', 'pipe', 'inherit'] }),
    });
    const hosts = [1, 2].flatMap((place) => Array.from({ length: 254 }, (_, host) => callerAddress(place, host + 1)));
    ears = await Promise.all(
      cells.map((cell) =>
        Ear.listen(cell.name, {
          cell: [cell.spec.network, `${cell.overlayAddress}/32`, requireState(cell.name).publicNetwork],
          outside: [
            ...hosts.filter((address) => address !== bystander.at.split(':')[0] && address !== callerAddress(1, 220)),
            ...bed.edges.map(({ publicAddress }) => publicAddress),
          ],
          audio: [callerAddress(1, 220)],
          sip: [
            ...cell.sbcs.flatMap((host) => [host.address, host.floatingSide]),
            ...[cell.overlayAddress, status(cell.name).floatingAddress],
          ],
        }),
      ),
    );
    const chain = 'add table ip elsewhere; add chain ip elsewhere in { type filter hook prerouting priority raw; }';
    const rule = 'add rule ip elsewhere in iifname "edges" ip daddr { 192.0.2.0/24, 10.0.0.0/8 } counter';
    for (const index of bed.front.regions.keys()) {
      await execOnFront(bed.state, routerName(index + 1), ['nft', `${chain}; ${rule}`]);
    }
  });
  afterAll(async () => {
    parties?.close();
    await Promise.all((ears ?? []).map((ear) => ear.close()));
    await bed?.down();
  });

  /** Packets from edges to addresses that nobody here has, or that are private. */
  const sentElsewhere = async () => {
    const lists = await Promise.all(
      bed.front.regions.map((_, index) =>
        execOnFront(bed.state, routerName(index + 1), ['nft', 'list', 'chain', 'ip', 'elsewhere', 'in']),
      ),
    );
    return lists.reduce((sum, { stdout }) => sum + Number(/packets (\d+)/.exec(stdout)?.[1] ?? Number.NaN), 0);
  };

  it('leave nothing behind, go nowhere else, and stop nobody', async () => {
    const numbers = number === undefined ? Array.from({ length: dialogs }, (_, n) => n) : [number];
    const playing = parties.play(seed, numbers);
    const pings = parties.ping(playing);
    await playing;
    const slowest = Math.max(...(await pings));
    const { played } = parties;
    console.log(
      `seed ${seed}: ${played.length} dialogs, ${played.filter(({ mutation }) => mutation !== undefined).length} of them changed; slowest answer to OPTIONS ${slowest.toFixed(0)} ms`,
    );
    expect(slowest).toBeLessThan(2000);
    const left = await bed.left(60);
    const strays = [
      ...ears.flatMap((ear) => ear.strays.map(({ from, to, text }) => ({ what: `${from} sent to ${to}`, text }))),
      ...parties.strayed.map(({ at, text }) => ({ what: `${at} got`, text })),
    ].filter(({ text }) => !/^OPTIONS [^]*^From: <?sip:keepalive@/m.test(text));
    const told = strays.map(({ what, text }) => [what, text, ...namedIn(text, played).map(print)].join('\n'));
    expect(told.join('\n\n')).toBe('');
    expect(await sentElsewhere()).toBe(0);
    expect(left).toEqual({});
    for (const { name } of bed.front.edges) {
      expect(readService(bed.front.name, name, 'kamailio')).toMatchObject({ state: 'ready', starts: 1 });
    }
    for (const { name, sbcs, media } of bed.cells.map((spec) => deriveCell(spec))) {
      for (const host of sbcs)
        expect(readService(name, host.name, 'kamailio')).toMatchObject({ state: 'ready', starts: 1 });
      for (const host of media)
        expect(readService(name, host.name, 'rtpengine')).toMatchObject({ state: 'ready', starts: 1 });
    }
  });
});
