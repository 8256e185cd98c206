/** Every program, script and unit of every host of a cell and of a front, through the checkers of their own languages. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { deriveCell } from '../../lib/fleet/derive/cell.ts';
import { deriveFront } from '../../lib/fleet/derive/front.ts';
import { hostConfig } from '../../lib/software/cell-host.ts';
import { edgeHostConfig } from '../../lib/software/edge-host.ts';
import type { HostFile } from '../../lib/software/host-config.ts';
import { systemdUnit, unitName } from '../../lib/software/systemd.ts';
import { parseCell } from '../../lib/fleet/schema/cell.ts';
import { parseFront } from '../../lib/fleet/schema/front.ts';
import { cellOnNodes } from '../../lib/targets/kubernetes/cell-on-nodes.ts';
import { hostFiles } from '../../lib/targets/kubernetes/host/host-files.ts';
import { nodeHosts } from '../../lib/targets/kubernetes/names.ts';
import { programFolders, programPaths } from '../../scripts/program-texts.ts';
import { describeWith } from '../requirements.ts';
import { minimal as kubernetesCell, movable } from '../targets/kubernetes/cells.ts';

const programs = '/usr/local/lib/cellstamp';
const cells = (['required', 'preferred', 'off'] as const).map((kernelForwarding) =>
  deriveCell(parseCell({ name: 'euw1-a', region: 'eu-west-1', aws: {}, media: { kernelForwarding } })),
);
const movingCell = deriveCell(parseCell({ name: 'lab-a', region: 'eu-west-1', local: {} }), 'movable');
const front = deriveFront(
  parseFront({ domain: 'voice.example.com', regions: [{ region: 'eu-west-1', network: '10.0.0.0/24' }] }),
);
const hosts = [
  ...[...cells, movingCell].flatMap((cell) => cell.hosts.map((host) => hostConfig(cell, host))),
  ...front.edges.map((edge) => edgeHostConfig(front, edge)),
];
const onKubernetes = [kubernetesCell, movable].map(cellOnNodes);
const scripts = new Map<string, HostFile>();
const onNodes = onKubernetes.flatMap((cell) => nodeHosts(cell).map((host) => hostFiles(cell, host).config));
for (const file of [...hosts, ...onNodes].flatMap(({ files }) => files)) {
  if (file.text.startsWith('#!')) scripts.set(file.text, file);
}

describeWith(['checkers'], 'generated files', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'cellstamp-files-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const check = (program: string, args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
    expect(`${stdout}${stderr}`.replaceAll(/^.* syntax OK\n/gm, '')).toBe('');
    expect(status).toBe(0);
  };

  const shell = [...scripts.values()].filter((file) => /^#!.*\/(ba)?sh\b/.test(file.text));
  it.each(shell.map((file, index) => [basename(file.path), index, file] as const))(
    'shellcheck has nothing to say about %s (%i)',
    (name, index, file) => {
      const path = join(folder, `${index}-${name}`);
      writeFileSync(path, file.text);
      check('shellcheck', [path]);
    },
  );

  const perl = [...scripts.values()].filter((file) => file.text.startsWith('#!/usr/bin/perl'));
  it.each(perl.map((file) => [basename(file.path), file] as const))('perl compiles %s', (name, file) => {
    const path = join(folder, name);
    writeFileSync(path, file.text);
    check('perl', ['-c', path]);
  });

  const embedded = programFolders.flatMap((below) => programPaths(below).map((path) => join(below, path)));
  it.each(embedded.filter((path) => path.endsWith('.py')))(
    'Python compiles %s without a warning, and pyflakes has nothing to say about it',
    (program) => {
      const path = join(folder, basename(program));
      copyFileSync(program, path);
      const compile = 'import py_compile, sys; py_compile.compile(sys.argv[1], sys.argv[1] + "c", doraise=True)';
      check('/usr/bin/python3', ['-W', 'error', '-c', compile, path]);
      check('pyflakes3', [path]);
    },
  );

  it.each(embedded.filter((path) => path.endsWith('.c')))(
    'the compiler of the hosts takes %s without a warning',
    (program) => {
      check('tcc', [
        '-Wall',
        '-Werror',
        '-shared',
        '-nostdlib',
        '-o',
        join(folder, `${basename(program)}.so`),
        program,
      ]);
    },
  );

  it('systemd knows every line of every unit and finds every program', () => {
    const units = join(folder, 'units');
    const bin = join(folder, 'bin');
    mkdirSync(units);
    mkdirSync(bin);
    for (const config of hosts) {
      for (const file of config.files.filter(({ path }) => path.startsWith(`${programs}/`))) {
        writeFileSync(join(bin, basename(file.path)), file.text, { mode: 0o755 });
      }
      for (const service of config.services) {
        writeFileSync(join(units, unitName(service)), systemdUnit(service).replaceAll(programs, bin));
      }
    }
    const names = [...new Set(hosts.flatMap((config) => config.services.map(unitName)))];
    expect(names.length).toBeGreaterThan(5);
    // An unknown line is a warning with exit status 0.
    check('systemd-analyze', ['verify', ...names.map((name) => join(units, name))]);
  });
});
