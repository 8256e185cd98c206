import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { AgentsProcess } from '../../lib/user-agent/agents-process.ts';
import { describeWith } from '../requirements.ts';

/** Calls in each test, ten a second. */
const CALLS = 30;

const local = { address: '127.0.0.1' };
const folder = mkdtempSync(join(tmpdir(), 'cellstamp-sipp-'));
const running: { stop(): Promise<number | null> }[] = [];

/** SIPp 3.6 with one of its own scenarios. `ended` is its exit status: 0 when every call went as it should. */
function sipp(...args: string[]) {
  const child = spawn('sipp', ['-i', '127.0.0.1', '-nostdin', '-m', String(CALLS), ...args], {
    cwd: folder,
    stdio: 'ignore',
  });
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
  const stop = () => {
    child.kill('SIGKILL');
    return ended;
  };
  running.push({ stop });
  return { ended };
}

describeWith(['sipp'], 'with SIPp', () => {
  let agents: AgentsProcess;
  afterEach(async () => {
    await agents.close();
    await Promise.all(running.splice(0).map((each) => each.stop()));
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  test.each([
    ['udp', 'u1', 26_060],
    ['tcp', 't1', 26_070],
  ] as const)('our calls over %s are answered, and hear themselves in its echo', async (protocol, mode, port) => {
    const uas = sipp('-sn', 'uas', '-t', mode, '-p', String(port), '-mp', '27000', '-rtp_echo');
    agents = AgentsProcess.start();
    await agents.open({
      agents: [
        { role: 'carrier', name: 'us', identity: 'sip:us@127.0.0.1', protocol, local, server: { ...local, port } },
      ],
      mediaPorts: { from: 50_000, to: 59_999 },
    });
    const { summary } = await agents.run({
      kinds: [{ name: 'echo', caller: 'us', dial: `sip:service@127.0.0.1:${port}`, callerHears: 'own' }],
      calls: CALLS,
      talkSeconds: 1,
    });
    expect(summary.failures).toEqual([]);
    expect(summary.answered).toBe(CALLS);
    expect(await uas.ended).toBe(0);
  });

  test.each([
    ['udp', 'u1', 26_080],
    ['tcp', 't1', 26_090],
  ] as const)('its calls over %s are answered by us to its full satisfaction', async (protocol, mode, port) => {
    agents = AgentsProcess.start();
    await agents.open({
      agents: [
        {
          role: 'carrier',
          name: 'us',
          identity: 'sip:us@127.0.0.1',
          protocol,
          local: { ...local, port },
          server: { ...local, port: 9 },
          unexpected: { do: 'answer', ringSeconds: 0.1 },
        },
      ],
      mediaPorts: { from: 50_000, to: 59_999 },
    });
    const uac = sipp('-sn', 'uac', '-t', mode, '-p', String(port + 1), '-d', '500', '-r', '10', `127.0.0.1:${port}`);
    expect(await uac.ended).toBe(0);
    expect(await agents.pending()).toMatchObject({ us: { sessions: 0 } });
  });
});
