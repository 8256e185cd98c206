import type { Command } from 'commander';
import { counted } from '../../config-file/counted.ts';
import type { Progress } from '../../targets/local/index.ts';
import { cellsOption, readCell, readFront } from '../cell-files.ts';
import { formatStatus } from '../cell-table.ts';
import { CommandFailure } from '../failure.ts';
import { formatFrontStatus } from '../front-table.ts';
import { interruptible } from '../interrupt.ts';
import { LiveLine, printJson } from '../output.ts';

/** The cell that is meant when none is named. */
export const exampleCell = 'example';

export function addUp(program: Command): Command {
  return program
    .command('up')
    .description('Starts a local cell, or whichever parts are not running; needs root on Linux.')
    .argument(
      '[cell...]',
      `name of the cell (default: ${exampleCell}); with --front, names of cells (default: all of size test)`,
    )
    .option('--front', 'also start the front, with edges in all its regions, and attach the cells to it')
    .option(
      '--expose [lan]',
      'let phones of this machine reach the cell, until the next `up` without it; with an address of this machine in a local network, or its interface, also phones of that network',
    )
    .option(...cellsOption)
    .option('--json', 'print the state as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ npx cellstamp up euw1-a\n\n' +
        'Cells and front stay up until `npx cellstamp down`. In a cell that is already up, media hosts and SBCs whose configuration has\n' +
        'changed are drained and recreated one at a time, as `npx cellstamp roll` does. To change the front and its cells together, run\n' +
        '`up --front` with all its cells.',
    )
    .action(up);
}

interface Options {
  readonly cells: string;
  readonly expose?: true | string;
  readonly front?: true;
  readonly json?: true;
}

async function up(names: readonly string[], options: Options): Promise<void> {
  if (options.front) {
    if (options.expose) {
      throw new CommandFailure(
        '--expose is for a cell without a front: with --front, callers reach cells through edges',
        2,
      );
    }
    return upWithFront(names, options);
  }
  if (names.length > 1)
    throw new CommandFailure(`${counted(names.length, 'cell is', 'cells are')} named; without --front it is one`, 2);
  const cell = readCell(options.cells, names[0] ?? exampleCell);
  const local = await import('../../targets/local/index.ts');
  const lan = typeof options.expose === 'string' ? local.lanAddress(options.expose) : undefined;
  const waiting = new Waiting(cell.hosts.map((host) => host.name));
  await unlessInterrupted([cell.name], async (signal) => {
    try {
      const status = await local.up(cell.spec, {
        signal,
        expose: options.expose !== undefined,
        ...(lan === undefined ? {} : { lan }),
        onProgress: (progress) => waiting.show(progress),
        onWaiting: (text) => waiting.say(text),
      });
      waiting.clear();
      if (options.json) printJson(status);
      else console.log(formatStatus(status));
      if (status.state !== 'running') process.exitCode = 1;
    } finally {
      waiting.clear();
    }
  });
}

/** Takes down what was not up before when it is interrupted; what was up stays, with as much of the change as was made. */
async function unlessInterrupted(
  names: readonly string[],
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { down, namesToTakeDown } = await import('../../targets/local/index.ts');
  const before = namesToTakeDown();
  const own = names.filter((name) => !before.includes(name));
  const there = names.filter((name) => before.includes(name));
  const tidying = [
    ...(own.length === 0
      ? []
      : [`takes ${own.join(', ')} down (again: ends at once; "npx cellstamp down" removes what is left)`]),
    ...(there.length === 0 ? [] : [`leaves ${there.join(', ')} half changed; the same "up" completes it`]),
  ].join('; ');
  await interruptible(async (signal) => {
    try {
      await work(signal);
    } finally {
      if (signal.aborted) for (const name of own) await down(name);
    }
  }, tidying);
}

async function upWithFront(wanted: readonly string[], { cells: folder, json }: Options): Promise<void> {
  const { front, cells } = readFront(folder, wanted);
  const local = await import('../../targets/local/index.ts');
  const { frontStatus, frontUp } = await import('../../targets/local/front/index.ts');
  const waiting = new Waiting([
    ...cells.flatMap((cell) => cell.hosts.map((host) => `${cell.name} ${host.name}`)),
    ...front.edges.map(({ name }) => name),
  ]);
  const names = [front.name, ...cells.map(({ name }) => name)];
  await unlessInterrupted(names, async (signal) => {
    try {
      // All have come to an end before anything is taken down again.
      const ups = await Promise.allSettled(
        cells.map(({ name, spec }) =>
          local.up(spec, {
            signal,
            onProgress: ({ host, state }) => waiting.show({ host: `${name} ${host}`, state }),
            onWaiting: (text) => waiting.say(`${name}: ${text}`),
          }),
        ),
      );
      const statuses = ups.map((each) => {
        if (each.status === 'rejected') throw each.reason;
        return each.value;
      });
      const state = await frontUp(
        front.spec,
        cells.map(({ name }) => name),
        { signal, onProgress: (progress) => waiting.show(progress) },
      );
      const status = await frontStatus(state);
      waiting.clear();
      if (json) printJson({ front: status, cells: statuses });
      else console.log([...statuses.map(formatStatus), formatFrontStatus(status)].join('\n\n'));
      if ([status, ...statuses].some(({ state: how }) => how !== 'running')) process.exitCode = 1;
    } finally {
      waiting.clear();
    }
  });
}

/** The hosts that are not ready yet, on a terminal. */
class Waiting {
  readonly #line = new LiveLine();
  readonly #waiting: Set<string>;
  readonly #total: number;

  constructor(hosts: readonly string[]) {
    this.#waiting = new Set(hosts);
    this.#total = hosts.length;
  }

  /** What one host waits for, once all are there. */
  say(text: string): void {
    this.#line.show(text);
  }

  show({ host, state }: Progress): void {
    if (state === 'renewed') return this.#line.show(`${host} has its work back`);
    if (state === 'ready') this.#waiting.delete(host);
    const ready = this.#total - this.#waiting.size;
    this.#line.show(`${ready} of ${counted(this.#total, 'host')} ready; waiting for ${[...this.#waiting].join(', ')}`);
  }

  clear(): void {
    this.#line.clear();
  }
}
