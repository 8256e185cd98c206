/**
 * What each protection of the SBC costs: the generated configuration against the same one without the protection, both on the active
 * SBC's host beside its own, on ports of their own and without a standby that listens. What is left out is cut from the text: no
 * spec can. Needs root and Debian's packages.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { paths } from '../lib/software/kamailio/sbc/paths.ts';
import { BenchCell, callee, numbersOf } from './sip/bench-cell.ts';
import { inTurns, median } from './sip/measure.ts';
import { Sipp } from './sip/sipp.ts';
import { rowLines, type BenchRow } from './row.ts';

const rounds = 7;
const callsARound = 1500;
const callsAtOnce = 60;
const tenants = 500;
const carrier = '192.0.2.20';

type Cut = (config: string) => string;

/** Another body for a route, which may not have two. */
function withRoute(name: string, body: string): Cut {
  return (config) =>
    replaceOnce(config, new RegExp(`^route\\[${name}\\] \\{\n[^]*?\n\\}$`, 'm'), `route[${name}] {\n${body}\n}`);
}

function replaceOnce(config: string, what: RegExp, by: string): string {
  if (config.split(what).length !== 2) throw new Error(`not once in the configuration: ${what}`);
  return config.replace(what, () => by);
}

const all =
  (...cuts: readonly Cut[]): Cut =>
  (config) =>
    cuts.reduce((text, cut) => cut(text), config);

/** What makes of the configuration one without the protection, in which calls of a carrier still go through. */
const protections: Readonly<Record<string, Cut>> = {
  'sources that flood or guess passwords are refused': withRoute('SCREEN', 'return;'),
  'limits of cell, tenant and trunk': all(
    withRoute('ADMIT_CELL', 'return;'),
    withRoute('ADMIT_TENANT', 'return;'),
    withRoute('ADMIT_TRUNK', 'return 1;'),
    withRoute('UNCOUNT_TENANT', 'return;'),
  ),
  'descriptions lead to no address inside': withRoute(
    'DESCRIPTION',
    '$var(description) = 0; $var(learn) = ""; if ($bs == 0) return 1; $var(description) = 1; return 1;',
  ),
  'requests belong to a dialog and its two sides': all(
    withRoute(
      'FIND_SIDES',
      '$vn(call) = $sht(calls=>$var(id)); $var(own_call) = 1; $var(relayed) = $var(id); $vn(caller) = $ft + "|"; $var(sender) = $var(id); $var(answerer) = "x";',
    ),
    withRoute('CHECK_NEXT_HOP', 'return;'),
    withRoute('NOTE_CALLEE', 'return 1;'),
    withRoute('DESCRIBE_CALLER', '$var(malformed) = 0; $var(side) = "";'),
    withRoute('FORGET_SIDES', 'return;'),
  ),
  'who calls is asserted, other headers stay outside': all(
    withRoute('IDENTITY', '$var(hidden) = 0;'),
    withRoute('SCREEN_HEADERS', 'return;'),
  ),
  'messages are sane': (config) => replaceOnce(config, /!sanity_check\("\d+", "\d+"\)/, '1 == 0'),
  'silence that may be is told from a dead side': withRoute('NOTE_SILENCE_SUPPRESSION', 'return;'),
  'the standby knows every call': withRoute('ADD_LINES', 'return;'),
  'a record of every call': withRoute('RECORD', 'return;'),
  counters: (config) => config.replace(/prom_counter_inc\([^;]*\);/g, ';'),
};

/** A Kamailio with this configuration on the active SBC's host. Its ports are those of the SBC's own plus this number. */
class Arm {
  static #number = 0;
  readonly #cell: BenchCell;
  readonly #folder: string;
  readonly #more: number;

  private constructor(cell: BenchCell, number: number) {
    this.#cell = cell;
    this.#folder = `/tmp/arm-${number}`;
    this.#more = 100 * number;
  }

  static async start(cell: BenchCell, config: string): Promise<Arm> {
    const arm = new Arm(cell, ++Arm.#number);
    await arm.#start(config);
    return arm;
  }

  async #start(config: string): Promise<void> {
    const folder = this.#folder;
    const moved = config
      .replace(
        /((?:\d+\.){3}\d+):(506[01]|509\d|9494)\b/g,
        (_, address, port) => `${address}:${Number(port) + this.#more}`,
      )
      .replaceAll('/run/kamailio/', `${folder}/`)
      .replaceAll(paths.role, `${folder}/role.cfg`);
    const ports = `${5060 + this.#more}`;
    await this.#on(
      `mkdir -p ${folder} && cp ${paths.role} ${folder}/role.cfg && cp ${paths.tablesSource} ${folder} &&
echo server_id=${this.#more} >${folder}/server-id.cfg`,
    );
    await this.#cell.on(this.#cell.sbc.name, ['tee', `${folder}/kamailio.cfg`], moved);
    await this.#cell.on(
      this.#cell.sbc.name,
      ['nft', '-f', '-'],
      `insert rule inet cellstamp input udp dport ${ports} accept
add rule inet cellstamp untracked_in udp dport ${ports} notrack
add rule inet cellstamp untracked_out udp sport ${ports} notrack
`,
    );
    const own = `tr '\\0' '\\n' </proc/$(cat /run/kamailio/kamailio.pid)/environ`;
    const memory = `-m ${this.#cell.spec.sbc.sharedMemoryMiB} -M 16 -x tlsf -X tlsf`;
    await this.#on(
      `chown -R kamailio:kamailio ${folder} && cd ${folder} && ${own} >environment &&
mapfile -t environment <environment &&
exec env -i "\${environment[@]}" setpriv --reuid=kamailio --regid=kamailio --init-groups -- kamailio -f ${folder}/kamailio.cfg ${memory} -P ${folder}/pid -Y ${folder} -E >${folder}/log 2>&1`,
    );
    await sleep(3000);
    await this.#cell.register(tenants, `${folder}/control.sock`);
  }

  async round(sipp: Sipp): Promise<number> {
    const config = `${this.#folder}/kamailio.cfg`;
    const before = this.#cell.processorTime(config);
    const to = `${this.#cell.floatingAddress}:${5060 + this.#more}`;
    const { calls } = await sipp.call(`${carrier}:5060`, to, numbersOf(tenants), callsARound, callsAtOnce);
    return (this.#cell.processorTime(config) - before) / calls;
  }

  stop(): Promise<unknown> {
    return this.#on(`kill $(<${this.#folder}/pid)`);
  }

  #on(script: string): Promise<string> {
    return this.#cell.on(this.#cell.sbc.name, ['bash', '-c', script]);
  }
}

export async function run(): Promise<BenchRow[]> {
  const cell = await BenchCell.up('bench-parts', '10.92.0.0/20', carrier);
  const sipp = new Sipp(cell.outside, cell.outside, callee);
  try {
    await cell.setTenants(tenants);
    const config = await cell.on(cell.sbc.name, ['cat', paths.config]);
    const whole = await Arm.start(cell, config);
    const rows: BenchRow[] = [];
    const arms = {
      'nothing, which is the noise': (text: string) => text,
      ...protections,
      'all of these together': all(...Object.values(protections)),
    };
    for (const [what, cut] of Object.entries(arms)) {
      console.error(`-- without: ${what}`);
      const without = await Arm.start(cell, cut(config));
      const pairs = await inTurns(
        rounds,
        () => whole.round(sipp),
        () => without.round(sipp),
      );
      await without.stop();
      rows.push({
        what: `share of the CPU a call: ${what}`,
        figure: 100 * (1 - median(pairs.map(([one, other]) => other / one))),
        unit: '%',
        baseline: `${median(pairs.map(([one]) => one)).toFixed(2)} ms with all`,
      });
    }
    return rows;
  } finally {
    sipp.close();
    await cell.down();
  }
}

if (process.argv[1] === new URL(import.meta.url).pathname) console.log(rowLines(await run()));
