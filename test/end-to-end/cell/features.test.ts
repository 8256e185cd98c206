/** FreeSWITCH on the media hosts, called through the SBC. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentsProcess } from '../../../lib/user-agent/agents-process.ts';
import type { CallScenario } from '../../../lib/user-agent/scenario.ts';
import { paths } from '../../../lib/software/freeswitch/paths.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { describeWith } from '../../requirements.ts';
import { failuresOf, Lab, until, type LabUser } from '../lab/lab.ts';

const sessions = 3;
const input = {
  name: 'lab-features',
  region: 'eu-west-1',
  local: {},
  size: 'test',
  network: '10.80.80.0/20',
  media: { hosts: 2, kernelForwarding: 'preferred', freeswitch: { sessions } },
  trunks: [{ name: 'carrier-a', address: '192.0.2.10' }],
  tenants: [
    {
      name: 'acme',
      domain: 'acme.example.com',
      dids: { '+4930123450': '*43' },
      limits: { callsPerSecond: 100, burst: 100 },
    },
    { name: 'initech', domain: 'initech.example.com', tier: 'high-volume' },
  ],
} satisfies CellInput;
const anna: LabUser = { name: 'anna', tenant: 'acme', address: '198.51.100.11' };
const bert: LabUser = { name: 'bert', tenant: 'acme', address: '198.51.100.12' };
const cora: LabUser = { name: 'cora', tenant: 'initech', address: '198.51.100.13' };

const feature = (
  name: string,
  code: string,
  callerHears: CallScenario['callerHears'],
  caller = 'anna',
): CallScenario => ({
  name,
  caller,
  callerHears,
  dial: `sip:${code}@${caller === 'cora' ? 'initech' : 'acme'}.example.com`,
});
const echo = feature('echo', '*43', 'own');
const heldUntil = (pause: string): Pick<CallScenario, 'steps'> => ({
  steps: [
    { step: 'ring', seconds: 0 },
    { step: 'answer' },
    { step: 'talk', seconds: 1 },
    { step: 'pause', name: pause },
    { step: 'talk', seconds: 1 },
    { step: 'bye', by: 'caller' },
  ],
});

describeWith(['root', 'debian-packages', 'freeswitch'], 'features', () => {
  let lab: Lab;
  let agents: AgentsProcess;

  beforeAll(async () => {
    lab = await Lab.up(input);
    await lab.addUsers([anna, bert, cora]);
    agents = await lab.agents([
      ...[anna, bert, cora].map((user) => lab.user(user)),
      lab.carrier('carrier-a', '192.0.2.10'),
    ]);
  });
  afterAll(() => lab?.down());

  /** FreeSWITCH hosts that the SBC gives calls to. */
  const available = async () => (await lab.kamcmd(lab.active!, 'dispatcher.list')).match(/FLAGS: A[PX]/g)?.length ?? 0;
  const allAvailable = () => until(async () => (await available()) === lab.cell.media.length, 20);

  it('answer: the echo test, a tone, a conference, voicemail and the own mailbox', async () => {
    await allAvailable();
    const kinds = [
      echo,
      feature('tone', '*44', 'packets'),
      feature('voicemail', '*98bert', 'packets'),
      { ...feature('echo by number', '', 'own'), caller: 'carrier-a', dial: `sip:+4930123450@${lab.floating}` },
    ];
    const { results } = await agents.run({ kinds, calls: 4, ratePerSecond: 2, talkSeconds: 3 });
    expect(failuresOf(results)).toEqual([]);
    const mailbox = await agents.run({ kinds: [feature('mailbox', '*97', 'packets', 'bert')], calls: 1 });
    expect(failuresOf(mailbox.results)).toEqual([]);
    const records = await lab.recordsOf(results);
    for (const { callId } of results) {
      expect(records.get(callId)!.map(({ event, kind }) => [event, kind])).toEqual([
        ['start', expect.stringMatching(/^(feature|in)$/)],
        ['end', expect.stringMatching(/^(feature|in)$/)],
      ]);
    }
  });

  it('bring the callers of a conference together, and keep tenants apart that dial the same room', async () => {
    const run = agents.startRun({
      kinds: [
        { ...feature('one', '*88team', 'packets'), ...heldUntil('look') },
        { ...feature('two', '*88team', 'packets', 'bert'), ...heldUntil('look') },
        { ...feature('other', '*88team', 'nothing', 'cora'), ...heldUntil('look') },
      ],
      calls: 3,
      ratePerSecond: 5,
    });
    const rooms = async () => {
      const hosts = await Promise.all(
        lab.cell.media.map(({ name }) => lab.run(name, paths.cli, '-x', 'conference list')),
      );
      return hosts.join('\n');
    };
    await until(async () => /acme\.team.* \(2 members/i.test(await rooms()) && /initech\.team/i.test(await rooms()));
    run.resume('look');
    const { results } = await run.finished;
    expect(results.filter(({ answered }) => !answered)).toEqual([]);
    expect(failuresOf(results.filter(({ kind }) => kind !== 'other'))).toEqual([]);
  });

  it('are refused with 480 and a Retry-After when every host has its sessions, and are there again afterwards', async () => {
    await until(async () => Object.keys(await lab.load()).length === 0);
    const most = sessions * lab.cell.media.length;
    let paused = 0;
    const full = agents.startRun(
      { kinds: [{ ...echo, ...heldUntil('full') }], calls: most, ratePerSecond: 4 },
      { onPaused: () => paused++ },
    );
    await until(() => paused === most, 20);
    const over = await agents.run({ kinds: [{ ...echo, expectStatus: 480 }], calls: 3, audio: false });
    expect(failuresOf(over.results)).toEqual([]);
    for (const { retryAfterSeconds } of over.results) expect(retryAfterSeconds).toBeGreaterThan(0);
    full.resume('full');
    expect(failuresOf((await full.finished).results)).toEqual([]);
    await allAvailable();
    const again = await agents.run({ kinds: [echo], calls: 2, talkSeconds: 1 });
    expect(failuresOf(again.results)).toEqual([]);
  });

  it('go on while a host is drained: its calls to their end, new ones to the other', async () => {
    let paused = 0;
    const run = agents.startRun(
      { kinds: [{ ...echo, ...heldUntil('drain') }], calls: 2, ratePerSecond: 5 },
      { onPaused: () => paused++ },
    );
    await until(() => paused === 2, 20);
    const legs = async (host: string) =>
      Number(/(\d+) total/.exec(await lab.run(host, paths.cli, '-x', 'show channels count'))![1]);
    const before = await legs('media-1');
    await lab.run('media-1', paths.cli, '-x', 'fsctl pause inbound');
    try {
      const others = await agents.run({ kinds: [echo], calls: 2, ratePerSecond: 5, talkSeconds: 1 });
      expect(failuresOf(others.results)).toEqual([]);
      expect(await legs('media-1')).toBe(before);
      run.resume('drain');
      expect(failuresOf((await run.finished).results)).toEqual([]);
    } finally {
      await lab.run('media-1', paths.cli, '-x', 'fsctl resume inbound');
    }
    await allAvailable();
  });

  it('keep a box on its host: while that one is drained, its calls are refused, and those of other boxes are not', async () => {
    const answered: boolean[] = [];
    for (const { name } of lab.cell.media) {
      await allAvailable();
      const before = await available();
      await lab.run(name, paths.cli, '-x', 'fsctl pause inbound');
      try {
        await until(async () => (await available()) < before, 20);
        const { results } = await agents.run({ kinds: [feature('box', '*98bert', 'packets')], calls: 1 });
        answered.push(results[0]!.answered);
        if (!results[0]!.answered) expect(results[0]!.status).toBe(480);
      } finally {
        await lab.run(name, paths.cli, '-x', 'fsctl resume inbound');
      }
    }
    expect(answered.sort()).toEqual([false, true]);
    await allAvailable();
  });
});
