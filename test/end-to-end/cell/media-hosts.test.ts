/** Media hosts that come and go while a cell has calls: its SBCs follow a table, and no call notices. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentsProcess } from '../../../lib/user-agent/agents-process.ts';
import type { CallResult } from '../../../lib/user-agent/call-result.ts';
import type { CallScenario, CallSteps } from '../../../lib/user-agent/scenario.ts';
import { killHost } from '../../../lib/targets/local/index.ts';
import { mediaHostsFolder, mediaHostsProgram, mediaHostsTable } from '../../../lib/software/media-hosts/paths.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { describeWith } from '../../requirements.ts';
import { anna, bert, withinTenant } from '../lab/acme.ts';
import { failuresOf, Lab, until } from '../lab/lab.ts';

const input = {
  name: 'lab-media-hosts',
  region: 'eu-west-1',
  local: {},
  size: 'test',
  network: '10.93.0.0/20',
  media: { hosts: 3, pools: { standard: [1, 2, 3], 'high-volume': [1, 2, 3] }, kernelForwarding: 'preferred' },
  tenants: [{ name: 'acme', domain: 'acme.example.com', limits: { calls: 200, callsPerSecond: 200, burst: 200 } }],
} satisfies CellInput;

const call = (steps: CallSteps): CallScenario => ({ ...withinTenant, steps });
/** Audio before and after the pause, and a new offer of each side behind it. */
const heldUntil = (pause: string): CallScenario =>
  call([
    { step: 'ring', seconds: 0 },
    { step: 'answer' },
    { step: 'talk', seconds: 1 },
    { step: 'pause', name: pause },
    { step: 'reinvite', by: 'caller', change: 'port' },
    { step: 'talk', seconds: 1 },
    { step: 'reinvite', by: 'callee', change: 'port' },
    { step: 'talk', seconds: 1 },
    { step: 'bye', by: 'callee' },
  ]);

describeWith(['root', 'debian-packages'], 'media hosts that come and go', () => {
  let lab: Lab;
  let agents: AgentsProcess;

  beforeAll(async () => {
    lab = await Lab.up(input);
    await lab.addUsers([anna, bert]);
    agents = await lab.agents([anna, bert].map((user) => lab.user(user)));
  });
  afterAll(() => lab?.down());

  const hostOf = (name: string) => lab.cell.media.find((host) => host.name === name)!;
  /** The hosts of the table by their numbers; both SBCs get it, the standby first. */
  const replace = async (hosts: Readonly<Record<number, string>>) => {
    const lines = Object.entries(hosts).map(
      ([number, name]) => `${number} ${hostOf(name).address} standard,high-volume ${hostOf(name).relayAddress}\n`,
    );
    const sbcs = [...lab.cell.sbcs].sort(
      (one, other) => Number(one.name === lab.active) - Number(other.name === lab.active),
    );
    for (const { name } of sbcs) {
      await lab.run(
        name,
        'bash',
        '-c',
        `cat >${mediaHostsTable}.new <<<"$1" && mv ${mediaHostsTable}.new ${mediaHostsTable}`,
        'write',
        lines.join(''),
      );
      await lab.run(name, mediaHostsProgram, 'reload');
    }
  };
  const processes = async () =>
    Promise.all(lab.cell.sbcs.map(async ({ name }) => (await lab.run(name, 'pgrep', '-x', 'kamailio')).trim()));
  const hostsOf = (results: readonly CallResult[]) => new Set(results.flatMap((result) => lab.mediaHostsOf(result)));
  /** New calls go to these hosts, each of them, and to no other. */
  const serve = async (...names: readonly string[]) => {
    await until(async () => {
      const pools = await lab.kamcmd(lab.active!, 'htable.dump', 'pools');
      return [...pools.matchAll(/value: (\S*)/g)].every(([, hosts]) => hosts!.split(':').length - 1 === names.length);
    });
    const { results } = await agents.run({ kinds: [withinTenant], calls: 12, ratePerSecond: 10, talkSeconds: 1 });
    expect(failuresOf(results)).toEqual([]);
    expect([...hostsOf(results)].sort()).toEqual([...names].sort());
  };
  const nothingIsLeft = async () => {
    await until(async () => Object.keys(await lab.load()).length === 0);
    for (const { name } of lab.cell.media) await until(async () => (await lab.relayed(name)) === 0);
  };

  it('one goes and another comes: running calls live on with audio, new ones follow the table, Kamailio is not restarted', async () => {
    await serve('media-1', 'media-2', 'media-3');
    const before = await processes();
    await replace({ 1: 'media-1', 2: 'media-2' });
    await serve('media-1', 'media-2');

    let paused = 0;
    const held = agents.startRun(
      { kinds: [heldUntil('changed')], calls: 10, ratePerSecond: 10 },
      { onPaused: () => paused++ },
    );
    await until(() => paused === 10, 20);
    const onLeaving = await lab.relayed('media-2');
    expect(onLeaving).toBeGreaterThan(2);
    // A number that neither SBC has heard of.
    await replace({ 1: 'media-1', 7: 'media-3' });
    await serve('media-1', 'media-3');
    expect(await lab.relayed('media-2')).toBe(onLeaving);
    held.resume('changed');
    const { results } = await held.finished;
    expect(failuresOf(results)).toEqual([]);
    expect([...hostsOf(results)].sort()).toEqual(['media-1', 'media-2']);
    await nothingIsLeft();
    expect(await processes()).toEqual(before);
  });

  it('a number stays where its calls are: another address is refused as long as they are there', async () => {
    let paused = 0;
    const held = agents.startRun(
      { kinds: [heldUntil('refused')], calls: 4, ratePerSecond: 10 },
      { onPaused: () => paused++ },
    );
    await until(() => paused === 4, 20);
    await expect(replace({ 1: 'media-2', 7: 'media-3' })).rejects.toThrow(
      /media host 1 is at 10\.93\.\S+, answers there and has calls: \d+; it can't be at 10\.93\.\S+ before they have ended/,
    );
    held.resume('refused');
    expect(failuresOf((await held.finished).results)).toEqual([]);
    await nothingIsLeft();
    await replace({ 1: 'media-2', 7: 'media-3' });
    await serve('media-2', 'media-3');
    await replace({ 1: 'media-1', 7: 'media-3' });
    await serve('media-1', 'media-3');
  });

  it('no call fails while the list of relays is read, also where that takes long', async () => {
    const changes = ['caller', 'callee', 'caller', 'callee'].flatMap((by): CallSteps => [
      { step: 'reinvite', by: by as 'caller' | 'callee', change: 'port' },
      { step: 'talk', seconds: 0.6 },
    ]);
    // A new offer right behind the ACK of the first could overtake it on the way, and is refused then.
    const begin: CallSteps = [{ step: 'ring', seconds: 0 }, { step: 'answer' }, { step: 'talk', seconds: 1 }];
    const kinds = [call([...begin, ...changes, { step: 'bye', by: 'caller' }])];
    const load = agents.startRun({ kinds, calls: 200, ratePerSecond: 6 });
    await replace({ 1: 'media-1', 7: 'media-3', 8: 'media-2' });
    const active = lab.active!;
    for (let turn = 0; turn < 2; turn++) {
      // What the module can't use costs it a line of its log each: some milliseconds, in which it knows no relay.
      const lengthen = `cd ${mediaHostsFolder} && { head -n 1 rtpengine; for i in {1..400}; do echo '1:nothing:1:0'; done; grep udp rtpengine; } >long \
        && touch --date="$(date --reference=rtpengine) 1 second" long && mv long rtpengine`;
      await lab.run(active, 'bash', '-c', lengthen);
      await lab.kamcmd(active, 'htable.seti', 'media', 'reload', '1');
      await until(async () => !(await lab.kamcmd(active, 'htable.dump', 'media')).includes('reload'), 20);
    }
    const { results } = await load.finished;
    expect(failuresOf(results)).toEqual([]);
    const met = await lab.run(active, 'bash', '-c', 'grep -c "it has no active node" /var/log/kamailio.log || true');
    console.log(`${met.trim()} offers and answers met the moment`);
    await nothingIsLeft();
  });

  it('calls on a host that is gone are changed and released by the SBC that takes over', async () => {
    await replace({ 8: 'media-2', 7: 'media-3' });
    await serve('media-2', 'media-3');
    let paused = 0;
    const held = agents.startRun(
      { kinds: [heldUntil('taken over')], calls: 8, ratePerSecond: 10 },
      { onPaused: () => paused++ },
    );
    await until(() => paused === 8, 20);
    await replace({ 7: 'media-3' });
    expect(await lab.relayed('media-2')).toBeGreaterThan(2);
    const active = lab.active!;
    killHost(lab.spec.name, active);
    await until(() => lab.active !== undefined && lab.active !== active, 20);
    await sleep(1000);
    held.resume('taken over');
    const { results } = await held.finished;
    expect(failuresOf(results)).toEqual([]);
    await nothingIsLeft();
  });
});
