/** What AWS adds to a host, through the checkers of each language; and the parts that can run here, run. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderScript } from '../../../../lib/targets/aws/host/apply.ts';
import { bootScript, bootUnit } from '../../../../lib/targets/aws/host/boot.ts';
import { cellBundleFiles } from '../../../../lib/targets/aws/host/cell-bundle.ts';
import { logsScript } from '../../../../lib/targets/aws/host/logs-script.ts';
import { metricsScript, sbcLines } from '../../../../lib/targets/aws/host/metrics-script.ts';
import { userData } from '../../../../lib/targets/aws/host/user-data.ts';
import { internalPorts } from '../../../../lib/fleet/schema/fixed.ts';
import { cellSite } from '../../../../lib/targets/aws/site.ts';
import { describeWith } from '../../../requirements.ts';
import { cellOf, minimal } from '../synth.ts';

const cell = cellOf(minimal);
const name = { site: cell.name, host: 'sbc-1', region: 'eu-west-1' };
const files = [cell.sbcs[0], cell.media[0]!].flatMap((host) =>
  cellBundleFiles(cell, host).map((file) => ({ ...file, path: `${host.name}/${file.path}` })),
);
/** Programs of the host's configuration have a test of their own. */
const scripts = [
  { path: 'boot', text: bootScript(name) },
  ...files.filter(({ text }) => /^#!\/bin\/(ba)?sh\n/.test(text)),
];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cellstamp-host-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, text: string): string {
  const target = join(folder, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
  return target;
}

function run(program: string, ...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return { status, stdout, stderr };
}

describeWith(['checkers'], 'a host on AWS', () => {
  it.each(scripts.map(({ path, text }) => [path, text] as const))(
    'shellcheck has nothing to say about %s',
    (path, text) => {
      expect(run('shellcheck', write(path, text))).toEqual({ status: 0, stdout: '', stderr: '' });
    },
  );

  it('systemd knows every line of the units', () => {
    const units = files.filter(({ path }) => /cellstamp-\w+(-\w+)?\.(service|timer)$/.test(path));
    const paths = [
      write('units/cellstamp-boot.service', bootUnit(name)),
      ...units.map(({ path, text }) => write(`units/${basename(path)}`, text)),
    ];
    expect(units.length).toBeGreaterThan(0);
    const answer = run('systemd-analyze', 'verify', ...new Set(paths));
    // The scripts are not installed here.
    expect(answer.stderr.split('\n').filter((line) => line !== '' && !line.includes('is not executable'))).toEqual([]);
  });

  it('cloud-init takes the user data', () => {
    const answer = run('cloud-init', 'schema', '--config-file', write('user-data.yaml', userData(name)));
    expect(answer.stdout).toContain('Valid');
    expect(answer.status).toBe(0);
  });
});

describe('publish-metrics', () => {
  const sbc = { ...cell.sbcs[0], address: '127.0.94.94' };
  let page: string | undefined;
  const server = createServer((_, response) => {
    if (page === undefined) response.destroy();
    else response.end(page);
  });
  beforeAll(async () => {
    server.listen(internalPorts.sbcMetrics, sbc.address);
    await once(server, 'listening');
  });
  afterAll(() => server.close());

  /** What the host would publish in this minute. */
  async function published(): Promise<Readonly<Record<string, number>>> {
    const runDirectory = join(folder, 'metrics');
    const role = sbcLines(sbc, cell.overlayAddress);
    const script = metricsScript({ site: cellSite(cell), host: sbc, services: [], role, runDirectory });
    const env = { ...process.env, AWS_EC2_METADATA_DISABLED: 'true' };
    // There is no CloudWatch here: the last command fails.
    await once(spawn('bash', [write('publish-metrics', script)], { env, stdio: 'ignore' }), 'exit');
    const metrics = JSON.parse(readFileSync(join(runDirectory, 'metrics.json'), 'utf8')) as {
      readonly MetricName: string;
      readonly Value: number;
    }[];
    return Object.fromEntries(metrics.map(({ MetricName, Value }) => [MetricName, Value]));
  }

  it('knows nothing while the page is away, and counts on from before when it is back', async () => {
    const dropped = (unproved: number, stale: number) =>
      `# KAMAILIO\ncellstamp_sbc_calls 3\ncellstamp_sbc_dropped_total{reason="unproved_edge"} ${unproved}\n` +
      `cellstamp_sbc_dropped_total{reason="stale_proof"} ${stale}\n`;
    page = '# KAMAILIO\ncellstamp_sbc_calls 2\n';
    expect(await published()).toMatchObject({ Calls: 2 });
    page = dropped(5, 0);
    expect(await published()).toMatchObject({ Calls: 3, UnprovedEdge: 5 });
    page = undefined;
    const away = await published();
    expect([away['HostHealthy'], away['Calls'], away['UnprovedEdge']]).toEqual([1, undefined, undefined]);
    page = dropped(5, 2);
    expect(await published()).toMatchObject({ UnprovedEdge: 2 });
  });
});

describe('ship-logs', () => {
  const hour = 3_600_000;
  /** The journal's lines by their hours; CloudWatch takes a batch of at most 24. */
  function shipped(hours: readonly number[]): readonly (readonly number[])[] {
    const bin = join(folder, 'bin');
    const sent = join(folder, 'sent');
    const lines = hours.map((at, index) =>
      JSON.stringify({
        __CURSOR: String(index + 1),
        __REALTIME_TIMESTAMP: String(at * hour * 1000),
        MESSAGE: String(at),
      }),
    );
    write('journal', `${lines.join('\n')}\n`);
    write(
      'bin/journalctl',
      `#!/bin/bash\nfor word; do [[ $word != --after-cursor=* ]] || from=\${word#*=}; done\ntail -n +"$((\${from:-0} + 1))" ${join(folder, 'journal')}\n`,
    );
    write(
      'bin/aws',
      `#!/bin/bash\nevents=\${*: -1}\njq -e '(last.timestamp - first.timestamp) <= ${24 * hour}' "\${events#file://}" >/dev/null ||
{ echo 'InvalidParameterException: The batch of log events in a single PutLogEvents request cannot span more than 24 hours.' >&2; exit 254; }
jq -c 'map(.timestamp / ${hour})' "\${events#file://}" >>${sent}\n`,
    );
    for (const program of ['journalctl', 'aws']) chmodSync(join(bin, program), 0o755);
    rmSync(sent, { force: true });
    rmSync(join(folder, 'logs-state'), { recursive: true, force: true });
    const script = logsScript({
      region: 'eu-west-1',
      logGroup: '/cellstamp/euw1-a/hosts',
      stream: 'sbc-1',
      stateDirectory: join(folder, 'logs-state'),
    });
    const { status, stderr } = spawnSync('bash', [write('ship-logs', script)], {
      env: { ...process.env, PATH: `${bin}:${process.env['PATH']}` },
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return readFileSync(sent, 'utf8')
      .trim()
      .split('\n')
      .map((batch) => JSON.parse(batch) as number[]);
  }

  it('sends lines of one day at once', () => {
    expect(shipped([1, 2, 3])).toEqual([[1, 2, 3]]);
  });

  it('goes on after more than a day of silence, and when the clock was set back', () => {
    expect(shipped([1, 2, 30, 31, 90])).toEqual([[1, 2], [30, 31], [90]]);
    expect(shipped([100, 101, 3, 4])).toEqual([
      [100, 101],
      [3, 4],
    ]);
  });
});

describe('render', () => {
  const render = (text: string, values: Readonly<Record<string, string>>) => {
    for (const [key, value] of Object.entries(values)) write(`values/${key}`, value);
    return run('bash', write('render', renderScript), join(folder, 'values'), write('template', text));
  };

  it('puts values into a text, also several on a line and some that have lines', () => {
    const values = { host: 'db.example.com', pem: '-----BEGIN-----\nAAAA\n-----END-----\n' };
    expect(render('a=@@host@@:@@host@@\n[\n@@pem@@\n]\n', values).stdout).toBe(
      'a=db.example.com:db.example.com\n[\n-----BEGIN-----\nAAAA\n-----END-----\n]\n',
    );
  });

  it('takes a value as it is, whatever its characters mean to the shell, sed or awk', () => {
    const password = 'a&b\\1$HOME`id`"\'%s@@x';
    expect(render("password '@@password@@'\n", { password }).stdout).toBe(`password '${password}'\n`);
  });

  it('leaves alone what is no value', () => {
    const text = 'user@@domain @@UPPER@@ 100%% $1 \\n\n';
    expect(render(text, {}).stdout).toBe(text);
  });

  it('fails and says which value is missing', () => {
    const answer = render('@@nowhere@@\n', {});
    expect(answer.status).toBe(1);
    expect(answer.stderr).toContain('no value nowhere');
  });
});
