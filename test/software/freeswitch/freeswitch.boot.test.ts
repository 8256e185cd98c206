/** FreeSWITCH itself, with the configuration made for a media host, called by user agents. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../end-to-end/lab/lab.ts';
import { deriveCell } from '../../../lib/fleet/derive/cell.ts';
import { paths } from '../../../lib/software/freeswitch/paths.ts';
import { parseCell, type CellInput } from '../../../lib/fleet/schema/cell.ts';
import { describeWith } from '../../requirements.ts';
import { openHost, type Host } from './host.ts';

const servicePort = 18080;
const input: CellInput = {
  name: 'boot',
  region: 'eu-west-1',
  aws: {},
  media: { freeswitch: { sessions: 6, sessionsPerSecond: 50 } },
};
const password = 'a-password-of-this-test';
const cell = deriveCell(parseCell(input));
const sbc = cell.sbcs[1].address;
const overlay = cell.overlayAddress;
const stranger = '192.0.2.7';
const addresses = [cell.media[0]!.address, ...cell.sbcs.map(({ address }) => address), overlay, stranger];

/** Asks again until it is so. @throws Error when it still is not so after 20 s */
describeWith(['root', 'freeswitch'], 'FreeSWITCH with its generated configuration', () => {
  let host: Host;

  const cli = async (command: string) => (await host.run([paths.cli, '-x', command])).output.trim();
  /** NaN when FreeSWITCH does not say. */
  const legs = async () => Number(/^(\d+) session\(s\) - peak/m.exec(await cli('status'))?.[1]);
  const answered = async (user: string, tones = { send: 500, expect: 500 }) => {
    const { status, call } = await host.call(sbc, user, tones);
    expect(status).toBe(200);
    return call!;
  };
  /** Waits for this many blocks of 100 ms of the expected tone from now on. */
  const hears = async (call: number, blocks: number) => {
    const before = (await host.heard(call)).matching;
    await until(async () => (await host.heard(call)).matching >= before + blocks, 20);
  };
  const uuids = async () => (await cli('show channels')).match(/^[0-9a-f-]{36}(?=,)/gm) ?? [];
  const press = async (digit: string) => {
    for (const uuid of await uuids()) await cli(`uuid_recv_dtmf ${uuid} ${digit}`);
  };

  beforeAll(async () => {
    host = await openHost(addresses);
  });
  afterAll(async () => {
    await host?.close();
  });

  it('does not start without a password of its event socket', async () => {
    expect(await host.start(input, '')).toMatchObject({
      status: 1,
      output: expect.stringContaining('no event socket password'),
    });
  });

  describe('in service', () => {
    beforeAll(async () => {
      const { status, output } = await host.start(input, password);
      expect(status, output).toBe(0);
    });
    afterAll(() => host.stop());

    it('runs as its own user and listens on its private address and loopback only', async () => {
      const { output } = await host.run(['/usr/bin/env', 'ss', '-Hlntup']);
      const sockets = output
        .trim()
        .split('\n')
        .map((line) => line.split(/\s+/)[4]);
      expect(sockets.sort()).toEqual([`${cell.media[0]!.address}:5070`, '127.0.0.1:8021'].sort());
      expect((await host.run(['/usr/bin/env', 'ps', '-C', 'freeswitch', '-o', 'user:32='])).output.trim()).toBe(
        'freeswitch',
      );
    });

    it('reads every file without an error in its log', async () => {
      const lines = (await host.log()).split('\n').filter((line) => /\[(ERR|CRIT|ALERT)\]/.test(line));
      // Its database is empty at the first start, which it says once a table.
      expect(lines.filter((line) => !line.includes('NATIVE SQL ERR [no such'))).toEqual([]);
    });

    it('has taken over the limits of the spec', async () => {
      const status = await cli('status');
      expect(status).toContain('per Sec out of max 50');
      expect(status).toContain('56 session(s) max');
    });

    it('answers OPTIONS of an SBC', async () => {
      expect(await host.options(sbc)).toBe(200);
      expect(await host.options(overlay)).toBe(200);
    });

    it('refuses calls of anybody but the SBCs with 403', async () => {
      expect(await host.call(stranger, 'echo', { send: 500, expect: 500 })).toEqual({ status: 403 });
      expect((await host.call(overlay, 'nothing', { send: 500, expect: 500 })).status).toBe(404);
    });

    it.each(['nothing', 'echo2', 'conference-', 'conference-..', 'voicemail-a/b', 'ivr-$%7Bsystem%7D', '9000'])(
      'answers 404 to %s',
      async (user) => {
        expect(await host.call(sbc, user, { send: 500, expect: 500 })).toEqual({ status: 404 });
      },
    );

    it('sends back what it hears in echo', async () => {
      const call = await answered('echo', { send: 640, expect: 640 });
      await hears(call, 10);
      expect(await host.bye(call)).toBe(200);
    });

    it('plays the tone', async () => {
      const call = await answered('tone', { send: 640, expect: 1000 });
      await hears(call, 10);
      expect(await host.bye(call)).toBe(200);
    });

    it('mixes the members of a room, and keeps rooms apart', async () => {
      const one = await answered('conference-acme.sales', { send: 640, expect: 800 });
      const two = await answered('conference-acme.sales', { send: 800, expect: 640 });
      const other = await answered('conference-acme.support', { send: 480, expect: 640 });
      await hears(one, 10);
      await hears(two, 10);
      expect((await host.heard(other)).matching).toBe(0);
      for (const call of [one, two, other]) expect(await host.bye(call)).toBe(200);
    });

    it('records a message and plays it back to the owner of the box alone', async () => {
      const caller = await answered('voicemail-acme.1001', { send: 560, expect: 560 });
      const folder = `${cell.spec.media.freeswitch.voicemailDirectory}/boxes/acme.1001`;
      const files = async () =>
        (await host.run(['/usr/bin/find', folder, '-name', '*.wav', '-size', '+40k'])).output.trim();
      await until(async () => (await files()) !== '', 20);
      expect(await host.bye(caller)).toBe(200);
      await until(async () => (await cli('vm_boxcount acme.1001@boxes')) === '1', 20);

      const stranger = await answered('mailbox-acme.1002', { send: 480, expect: 560 });
      await sleep(1500);
      await press('1');
      const owner = await answered('mailbox-acme.1001', { send: 480, expect: 560 });
      await sleep(1500);
      await press('1');
      await hears(owner, 10);
      expect((await host.heard(stranger)).matching).toBe(0);
      for (const call of [owner, stranger]) expect(await host.bye(call)).toBe(200);
    });

    it.each(['voicemail-acme.own', 'ivr-acme.own'])(
      'plays a recording of that name in place of tones: %s',
      async (user) => {
        const message = `${cell.spec.media.freeswitch.voicemailDirectory}/boxes/acme.1001/msg_*.wav`;
        const copied = await host.run(['/bin/sh', '-c', `cp ${message} ${paths.prompts}/${user}.wav`]);
        expect(copied.output).toBe('');
        const call = await answered(user, { send: 480, expect: 560 });
        await hears(call, 10);
        expect(await host.bye(call)).toBe(200);
      },
    );

    it('does not let a caller from leaving a message into the box', async () => {
      const caller = await answered('voicemail-acme.1001', { send: 480, expect: 560 });
      // Into the box by FreeSWITCH's own key for it, any PIN, then new and old messages.
      for (const [digit, pause] of [
        ['0', 300],
        ['1', 1500],
        ['#', 100],
        ['1', 2500],
        ['2', 3000],
      ] as const) {
        await sleep(pause);
        await press(digit);
      }
      await sleep(3000);
      expect((await host.heard(caller)).matching).toBe(0);
      expect(await host.bye(caller)).toBe(200);
    });

    it.each([
      ['1', 'the echo', { send: 640, expect: 640 }],
      ['2', 'the tone', { send: 640, expect: 1000 }],
    ])('leads from a menu by digit %s to %s', async (digit, _, tones) => {
      const call = await answered('ivr-acme.main', tones);
      await sleep(500);
      await press(digit);
      await hears(call, 5);
      expect(await host.bye(call)).toBe(200);
    });

    it('leads from a menu by digit 3 into the room of the same name', async () => {
      const waiting = await answered('conference-acme.main', { send: 800, expect: 640 });
      const call = await answered('ivr-acme.main', { send: 640, expect: 800 });
      await sleep(500);
      await press('3');
      await hears(call, 5);
      for (const one of [call, waiting]) expect(await host.bye(one)).toBe(200);
    });

    it('takes as many calls as the spec says, answers 503 to the next one, and takes as many again', async () => {
      await until(async () => (await legs()) === 0, 20);
      for (const round of [1, 2]) {
        const calls = [];
        for (let n = 0; n < 6; n++) calls.push(await answered('echo'));
        for (let n = 0; n < 3; n++) {
          expect((await host.call(sbc, 'echo', { send: 500, expect: 500 })).status, `round ${round}`).toBe(503);
        }
        for (const call of calls) expect(await host.bye(call)).toBe(200);
      }
    });

    it('leaves no call behind', () => until(async () => (await legs()) === 0, 20));

    it('drains: 503 to new calls while a running one goes on, and ends with the last one', async () => {
      const call = await answered('echo', { send: 640, expect: 640 });
      let drained = false;
      const draining = host.run([paths.drain]).then((done) => {
        drained = true;
        return done;
      });
      await until(async () => (await host.options(sbc)) === 503, 20);
      expect((await host.call(sbc, 'echo', { send: 500, expect: 500 })).status).toBe(503);
      await hears(call, 10);
      expect(drained).toBe(false);
      expect(await host.bye(call)).toBe(200);
      expect(await draining).toMatchObject({ status: 0, output: expect.stringContaining('no call legs left') });
      expect(await legs()).toBe(0);
      await cli('fsctl resume inbound');
      expect(await host.options(sbc)).toBe(200);
    });
  });

  it('is not taken for drained when it does not answer', async () => {
    expect(await host.run([paths.drain])).toMatchObject({
      status: 1,
      output: expect.stringContaining('does not answer'),
    });
  });

  describe('with a configuration service', () => {
    const url = `http://127.0.0.1:${servicePort}/settings?cell=boot`;
    const withService: CellInput = {
      ...input,
      media: { freeswitch: { sessions: 6, sessionsPerSecond: 50, configurationService: url } },
    };

    beforeAll(async () => {
      const { status, output } = await host.start(withService, password);
      expect(status, output).toBe(0);
    });

    const asks = async (user: string) => {
      const { status, call } = await host.call(sbc, user, { send: 500, expect: 500 });
      if (call !== undefined) expect(await host.bye(call)).toBe(200);
      return status;
    };

    it('goes on as if there were no service while it refuses connections', async () => {
      expect(await asks('conference-acme.sales')).toBe(200);
    });

    it('asks once a call, with the feature, the name and the caller', async () => {
      await host.serve(servicePort, 200, 'open\n', 0);
      expect(await asks('conference-acme.sales')).toBe(200);
      const questions = await host.questions();
      expect(questions).toHaveLength(1);
      expect(questions[0]).toMatch(/^\/settings\?cell=boot&feature=conference&name=acme\.sales&caller=caller&call=.+$/);
    });

    it('does not ask for echo and tone', async () => {
      expect(await asks('echo')).toBe(200);
      expect(await host.questions()).toEqual([]);
    });

    it.each(['conference', 'voicemail', 'mailbox'])('answers 480 where %s is closed', async (feature) => {
      await host.serve(servicePort, 200, 'closed', 0);
      expect(await asks(`${feature}-acme.sales`)).toBe(480);
    });

    it.each([
      ['a status that is not 200', 500, 'closed', 0],
      ['a word that is not on the list', 200, 'closed; ${system(id)}', 0],
      ['no reply within two seconds', 200, 'closed', 20_000],
    ])('takes %s for open', async (_, status, body, delay) => {
      await host.serve(servicePort, status, body, delay);
      expect(await asks('conference-acme.sales')).toBe(200);
    });

    it('lets a muted member listen only', async () => {
      await host.serve(servicePort, 200, 'open', 0);
      const talker = await answered('conference-acme.board', { send: 640, expect: 800 });
      await host.serve(servicePort, 200, 'muted', 0);
      const listener = await answered('conference-acme.board', { send: 800, expect: 640 });
      await hears(listener, 10);
      expect((await host.heard(talker)).matching).toBe(0);
      for (const call of [talker, listener]) expect(await host.bye(call)).toBe(200);
    });
  });
});
