/** The dashboards as Grafana reads them. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { dashboards } from '../../lib/observability/dashboards/index.ts';
import { grafanaDashboards } from '../../lib/software/grafana.ts';
import { cellstamp } from '../cli/run-command.ts';

interface GridPanel {
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly refId: string; readonly expr: string; readonly legendFormat: string }[];
}

/** As it stands in a file. */
const written = JSON.parse(JSON.stringify(grafanaDashboards())) as readonly {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly GridPanel[];
  readonly templating: { readonly list: readonly { readonly name: string }[] };
}[];

describe.each(written.map((one) => [one.title, one] as const))('%s', (_, { uid, panels, templating }) => {
  const data = dashboards.find((one) => one.uid === uid)!;

  it('has every panel of the data, with its queries', () => {
    const asked = panels
      .filter(({ type }) => type !== 'row')
      .map(({ title, targets }) => [title, targets!.map(({ expr }) => expr)]);
    expect(asked).toEqual(
      data.rows.flatMap(({ panels }) =>
        panels.map(({ title, queries }) => [title, queries.map(({ promQl }) => promQl)]),
      ),
    );
  });

  it('fits into the grid, and no panel lies on another', () => {
    for (const [at, { gridPos: one }] of panels.entries()) {
      expect(one.x + one.w).toBeLessThanOrEqual(24);
      for (const { gridPos: other } of panels.slice(at + 1)) {
        const apart =
          one.x + one.w <= other.x ||
          other.x + other.w <= one.x ||
          one.y + one.h <= other.y ||
          other.y + other.h <= one.y;
        expect(apart, JSON.stringify([one, other])).toBe(true);
      }
    }
  });

  it('names the queries of a panel apart, and uses no variable that it does not have', () => {
    const known = ['__rate_interval', ...templating.list.map(({ name }) => name)];
    for (const { targets = [] } of panels) {
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
      for (const { expr } of targets) {
        const used = [...expr.matchAll(/\$(\w+)/g)].map(([, name]) => name!);
        expect(used.filter((name) => !known.includes(name))).toEqual([]);
      }
    }
  });
});

it('dashboards have names of their own, by which links find them', () => {
  const uids = written.map(({ uid }) => uid);
  expect(new Set(uids).size).toBe(uids.length);
  // Grafana takes at most 40 characters.
  for (const uid of uids) expect(uid).toMatch(/^cellstamp-[a-z-]{1,30}$/);
});

describe('npx cellstamp grafana-dashboards', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cellstamp-grafana-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('writes a file for each, into a folder that it makes', async () => {
    const output = join(folder, 'a', 'b');
    const { status, stdout } = await cellstamp('grafana-dashboards', '--output', output, '--json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual(written.map(({ uid, title }) => ({ path: join(output, `${uid}.json`), title })));
    expect(readdirSync(output).sort()).toEqual(written.map(({ uid }) => `${uid}.json`).sort());
    for (const one of written) expect(JSON.parse(readFileSync(join(output, `${one.uid}.json`), 'utf8'))).toEqual(one);
  });

  it('says where it cannot write', async () => {
    const output = join(folder, 'file');
    writeFileSync(output, '');
    const { status, stderr } = await cellstamp('grafana-dashboards', '--output', output);
    expect(status).not.toBe(0);
    expect(stderr).toContain(output);
    expect(stderr).not.toContain('    at ');
  });
});
