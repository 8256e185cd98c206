/** Commands while the folder of all cells is full, can't be written, or holds what killed commands left. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { down } from '../../../lib/targets/local/index.ts';
import { cellstamp } from '../../cli/run-command.ts';
import { describeWith } from '../../requirements.ts';
import { processesOf } from './machine.ts';

const name = 'lab-room';
const root = new URL('../../..', import.meta.url).pathname;
const program = [process.execPath, '--import', `${root}node_modules/tsx/dist/esm/index.mjs`, `${root}lib/cli/main.ts`];
const folder = `/run/cellstamp/${name}`;
let cells: string;

beforeAll(() => {
  cells = mkdtempSync(join(tmpdir(), 'cellstamp-room-'));
  writeFileSync(
    join(cells, `${name}.yaml`),
    `name: ${name}\nregion: eu-west-1\nlocal: {}\nsize: test\nnetwork: 10.78.0.0/20\nmedia: { hosts: 1, kernelForwarding: preferred }\n`,
  );
});
afterAll(() => rmSync(cells, { recursive: true }));

/** A shell in mounts of its own, with a folder of all cells of its own, of which it says how large it is. */
class Machine {
  readonly #shell: ChildProcess;
  #output = '';

  /** @param processes whether it sees its own processes only */
  constructor(size: string, { processes = false } = {}) {
    const own = processes ? ['--pid', '--fork', '--kill-child', '--mount-proc'] : [];
    this.#shell = spawn('unshare', ['--mount', '--propagation', 'private', ...own, 'bash'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#shell.stdout!.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    this.#shell.stdin!.write(
      `mount -t tmpfs cellstamp /run && mkdir -m 700 /run/cellstamp && mount -t tmpfs -o size=${size} cellstamp /run/cellstamp\n`,
    );
  }

  /** Runs a command to its end. @returns what it printed, its exit status as the last line */
  async run(command: string): Promise<string> {
    this.#output = '';
    this.#shell.stdin!.write(`( ${command} ) 2>&1 </dev/null; echo "status $?."\n`);
    while (!/^status \d+\.$/m.test(this.#output)) await sleep(10);
    return this.#output.trim();
  }

  cellstamp(...words: readonly string[]): Promise<string> {
    return this.run([...program, ...words].join(' '));
  }

  end(): void {
    this.#shell.kill('SIGKILL');
  }
}

const fill =
  'dd if=/dev/zero of=/run/cellstamp/filler bs=4k 2>/dev/null; df --output=avail /run/cellstamp | grep -x " *0"';

describeWith(['root', 'debian-packages'], 'a folder of all cells that is full', () => {
  let machine: Machine;
  afterEach(() => machine.end());

  it('is what up says, with how much is needed, and leaves nothing', async () => {
    machine = new Machine('256k');
    const begin = Date.now();
    expect(await machine.cellstamp('up', name, '--cells', cells)).toBe(
      `cellstamp: /run/cellstamp is full: cell ${name} needs 9 MiB there, and 0.3 of 0.3 MiB are free (df /run/cellstamp); nothing was changed\nstatus 1.`,
    );
    // Five seconds are asked for; before, it went on for a minute.
    expect(Date.now() - begin).toBeLessThan(20_000);
    expect(await machine.run('find /run/cellstamp -mindepth 1')).toBe('status 0.');
    expect(processesOf(name)).toEqual([]);
  });

  it('and even the last block of it does not keep up from saying so', async () => {
    machine = new Machine('256k');
    await machine.run(fill);
    expect(await machine.cellstamp('up', name, '--cells', cells)).toContain('and 0.0 of 0.3 MiB are free');
    expect(await machine.run('ls /run/cellstamp')).toBe('filler\nstatus 0.');
  });

  it('is what up says when it has no room for another file', async () => {
    machine = new Machine('64m,nr_inodes=100');
    expect(await machine.cellstamp('up', name, '--cells', cells)).toMatch(
      /^cellstamp: \/run\/cellstamp is full: cell lab-room needs \d+ files there, and \d+ of 100 are free/,
    );
    expect(await machine.run('find /run/cellstamp -mindepth 1')).toBe('status 0.');
  });

  it('keeps no cell from being seen and taken down', async () => {
    machine = new Machine('64m');
    expect(await machine.cellstamp('up', name, '--cells', cells)).toContain('status 0.');
    await machine.run(fill);
    // What a supervisor says it writes in place.
    const pid = `$(node -p 'JSON.parse(require("fs").readFileSync("${folder}/cell.json")).namespaces["media-1"].init.pid')`;
    await machine.run(`nsenter --target ${pid} --net --mount --pid -- pkill -KILL -x rtpengine`);
    for (;;) {
      const shown = await machine.run(`cat ${folder}/hosts/media-1/services/rtpengine`);
      if (/^ready \d+ 2 /.test(shown)) break;
      expect(shown).toMatch(/^(ready|failed|starting) /);
      await sleep(50);
    }
    expect(await machine.cellstamp('status', name)).toMatch(
      /^\/run\/cellstamp is full: what hosts log is lost [^]*\nstatus 0\.$/m,
    );
    // What was recorded of it stays whole.
    expect(await machine.cellstamp('up', name, '--cells', cells)).toMatch(
      /^cellstamp: \/run\/cellstamp is full: ENOSPC: .*; what of lab-room was up is up\nstatus 1\.$/,
    );
    expect(
      await machine.run(`cat ${folder}/cell.json | node -p 'JSON.parse(require("fs").readFileSync(0)).name'`),
    ).toBe(`${name}\nstatus 0.`);
    expect(await machine.cellstamp('down', name)).toBe(`down: ${name}\nstatus 0.`);
    expect(await machine.run('ls /run/cellstamp')).toBe('filler\nstatus 0.');
    expect(processesOf(name)).toEqual([]);
  });

  it('and one that can only be read keeps no process of a cell', async () => {
    machine = new Machine('64m');
    const init = `${folder}/hosts/sbc-1/init`;
    await machine.run(
      `mkdir -p ${folder}/hosts/sbc-1; echo 'read -r _ <> <(:)' >${init}; unshare --pid --net --fork --kill-child bash ${init} >/dev/null 2>&1 &`,
    );
    while (processesOf(name).length === 0) await sleep(10);
    expect(await machine.run('mount -o remount,bind,ro /run/cellstamp')).toBe('status 0.');
    expect(await machine.cellstamp('down', name)).toMatch(
      new RegExp(`^cellstamp: all processes of cell ${name} have ended; its files stay: EROFS: .*\\nstatus 1\\.$`),
    );
    expect(processesOf(name)).toEqual([]);
    expect(await machine.cellstamp('up', name, '--cells', cells)).toMatch(
      /^cellstamp: \/run\/cellstamp can't be written: EROFS/,
    );
    await machine.run('mount -o remount,bind,rw /run/cellstamp');
    expect(await machine.cellstamp('down', name)).toBe(`down: ${name}\nstatus 0.`);
  });
});

describeWith(['root'], 'what a killed command has left', () => {
  afterEach(() => down(name));
  const record = join(folder, 'cell.json');
  const left = (text?: string) => {
    mkdirSync(join(folder, 'hosts', 'sbc-1'), { recursive: true });
    if (text !== undefined) writeFileSync(record, text);
  };

  it.each([
    ['no record', undefined],
    ['half a record', '{"version": 1, "na'],
    ['an empty record', ''],
    ['the record of something else', '{"version": 1, "spec": {}}'],
    ['a record that is no object', 'null'],
  ])('is shown and taken down with %s', async (_, text) => {
    left(text);
    const shown = await cellstamp('status', name);
    expect(shown.status).toBe(1);
    expect(shown.stdout).toContain(
      `remains of ${name}: its record is missing or damaged; "npx cellstamp down ${name}" takes them away`,
    );
    expect(JSON.parse((await cellstamp('status', name, '--json')).stdout)).toMatchObject([{ name, state: 'remains' }]);
    expect(await cellstamp('down', name)).toEqual({ status: 0, stdout: `down: ${name}\n`, stderr: '' });
    expect(existsSync(folder)).toBe(false);
  });

  it.each([
    ['of a process that is gone', () => symlinkSync('{"pid":999999999,"started":"1"}', `${folder}.lock`)],
    ['that says nothing', () => writeFileSync(`${folder}.lock`, '')],
  ])('is taken down past a lock %s', async (_, lock) => {
    left();
    lock();
    expect((await cellstamp('down', name)).status).toBe(0);
    expect(existsSync(`${folder}.lock`)).toBe(false);
  });

  it('is a process without its folder, too', async () => {
    left();
    writeFileSync(join(folder, 'hosts', 'sbc-1', 'init'), 'echo up\nread -r _ <> <(:)\n');
    const host = spawn('unshare', [
      '--pid',
      '--net',
      '--fork',
      '--kill-child',
      'bash',
      join(folder, 'hosts', 'sbc-1', 'init'),
    ]);
    const ended = new Promise((resolve) => host.once('exit', resolve));
    // It has read its script.
    await new Promise((resolve) => host.stdout.once('data', resolve));
    rmSync(folder, { recursive: true });
    expect((await cellstamp('status', name)).stdout).toContain(`remains of ${name}`);
    expect((await cellstamp('down', name)).status).toBe(0);
    await ended;
    expect(processesOf(name)).toEqual([]);
  });

  it('keeps `down` from nothing: without a name it takes the one that runs, and then what is left', async () => {
    const machine = new Machine('1m', { processes: true });
    try {
      const init = `${folder}/hosts/sbc-1/init`;
      await machine.run(
        `mkdir -p ${folder}/hosts/sbc-1 /run/cellstamp/try-1/hosts; echo 'read -r _ <> <(:)' >${init}; unshare --pid --net --fork --kill-child bash ${init} >/dev/null 2>&1 &`,
      );
      while (!(await machine.run(`grep -lz ${init} /proc/[0-9]*/cmdline`)).endsWith('status 0.')) await sleep(10);
      expect(await machine.cellstamp('down')).toBe(`down: ${name}\nstatus 0.`);
      expect(await machine.cellstamp('down')).toBe('down: try-1\nstatus 0.');
      expect(await machine.cellstamp('down')).toBe('cellstamp: no cell is up on this machine\nstatus 1.');
    } finally {
      machine.end();
    }
  });

  it('says which names there are when another is asked for, and the one that may be meant', async () => {
    left();
    expect(await cellstamp('down', 'lab-rom')).toMatchObject({ status: 1, stdout: '' });
    expect((await cellstamp('down', 'lab-rom')).stderr).toMatch(
      /^cellstamp: cell lab-rom is not up on this machine; did you mean "lab-room"\?; up: (.*, )?lab-room\b.*\n$/,
    );
    expect(existsSync(folder)).toBe(true);
  });

  it('is no front', async () => {
    left();
    expect(await cellstamp('local', 'reroute', '1', '--front', name)).toEqual({
      status: 1,
      stdout: '',
      stderr: `cellstamp: front ${name} is not up on this machine; bring it up with "npx cellstamp up --front"\n`,
    });
  });

  it('is for root to see', () => {
    left();
    // Without sudo on the path, the command can't go on as root.
    for (const words of [['status'], ['status', name], ['down', name], ['down', '--all'], ['logs', 'sbc-1']]) {
      const { status, stdout, stderr } = spawnSync(
        '/usr/bin/setpriv',
        ['--reuid=65534', '--regid=65534', '--clear-groups', ...program, ...words],
        { encoding: 'utf8', cwd: '/', env: { PATH: '/nowhere' } },
      );
      expect({ words, status, stdout, stderr }).toEqual({
        words,
        status: 1,
        stdout: '',
        stderr:
          'cellstamp: only root sees and changes the cells of this machine (/run/cellstamp): run the command with sudo\n',
      });
    }
  });
});

describeWith(['root'], 'commands on different cells at the same time', () => {
  it('make and remove the folder of all cells under one another', async () => {
    const rounds = `
      import { cellNames, exclusively } from '${root}lib/targets/local/state.ts';
      for (let n = 0; n < 2000; n++) {
        await exclusively(process.argv[1], () => Promise.resolve());
        cellNames();
      }`;
    const ended = await Promise.all(
      ['lab-lock-1', 'lab-lock-2'].map((cell) => {
        const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', rounds, cell], {
          ...{ cwd: root, stdio: ['ignore', 'ignore', 'pipe'] },
        });
        let stderr = '';
        child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text));
        return new Promise<object>((resolve) => child.once('close', (status) => resolve({ status, stderr })));
      }),
    );
    expect(ended).toEqual([
      { status: 0, stderr: '' },
      { status: 0, stderr: '' },
    ]);
  });
});
