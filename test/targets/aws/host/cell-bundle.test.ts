import { describe, expect, it } from 'vitest';
import { cellBundle, cellBundleFiles } from '../../../../lib/targets/aws/host/cell-bundle.ts';
import type { Cell, MediaHost, SbcHost } from '../../../../lib/fleet/derive/cell.ts';
import { hostConfig } from '../../../../lib/software/cell-host.ts';
import { lateNames } from '../../../../lib/fleet/late-bound.ts';
import { edgeList } from '../../../../lib/targets/aws/host/learn-edges.ts';
import { parseFront } from '../../../../lib/fleet/schema/front.ts';
import { cellOf, maximal, minimal, minimalFront } from '../synth.ts';

const cell = cellOf(minimal);
const hosts: readonly (SbcHost | MediaHost)[] = [...cell.sbcs, ...cell.media];

function contents(of: Cell, host: SbcHost | MediaHost): ReadonlyMap<string, string> {
  return new Map(cellBundleFiles(of, host).map(({ path, text }) => [path, text]));
}
const lines = (text: string) => text.split('\n').filter(Boolean);

describe.each(hosts.map((host) => [host.name, host] as const))('the bundle of %s', (_, host) => {
  const files = contents(cell, host);
  const manifest = lines(files.get('manifest')!).map((line) => line.split(' '));

  it('has every file of the host’s configuration, byte for byte, with its mode and owner', () => {
    for (const file of hostConfig(cell, host).files) {
      expect(files.get(`files${file.path}`)).toBe(file.text);
      expect(manifest).toContainEqual([file.change ?? 'restart', file.mode, file.owner, file.group, file.path]);
    }
  });

  it('has a unit for every service, and starts them in the order of the configuration', () => {
    const names = hostConfig(cell, host).services.map(({ name }) => `${name}.service`);
    expect(lines(files.get('services')!)).toEqual(names);
    for (const name of names) expect(files.has(`files/etc/systemd/system/${name}`)).toBe(true);
  });

  it('lists exactly the files that it has', () => {
    expect(manifest.map((line) => `files${line[4]!}`).sort()).toEqual(
      [...files.keys()].filter((path) => path.startsWith('files/')).sort(),
    );
  });

  it('finds out every late-bound value that a file of it has', () => {
    const wanted = new Set(
      [...files].filter(([path]) => path.startsWith('files/')).flatMap(([, text]) => lateNames(text)),
    );
    const found = lines(files.get('values')!).flatMap(
      (line) =>
        /^(?:given|generated|made|authorities|secret_field|secret_text|sip_tls) ([a-z_]+)/.exec(line)?.[1] ?? [],
    );
    expect(found.length).toBeGreaterThan(0);
    expect([...wanted].filter((name) => !found.includes(name))).toEqual([]);
    expect(new Set(found).size).toBe(found.length);
  });

  it('has another name than that of any other host', () => {
    expect(hosts.filter((other) => cellBundle(cell, other).sha256 === cellBundle(cell, host).sha256)).toEqual([host]);
  });
});

describe('bundle', () => {
  it('takes claim-addresses and the user of Redis to SBCs only', () => {
    expect(contents(cell, cell.sbcs[0]).has('files/usr/local/lib/cellstamp/claim-addresses')).toBe(true);
    expect(contents(cell, cell.sbcs[0]).has('redis-user')).toBe(true);
    expect(contents(cell, cell.media[0]!).has('files/usr/local/lib/cellstamp/claim-addresses')).toBe(false);
    expect(contents(cell, cell.media[0]!).has('redis-user')).toBe(false);
  });

  it('has SBCs learn of the front’s edges where there is a front', () => {
    const [sbc] = cell.sbcs;
    const withFront = new Map(
      cellBundleFiles(cell, sbc, edgeList(parseFront(minimalFront))).map(({ path, text }) => [path, text]),
    );
    expect(withFront.get('files/usr/local/lib/cellstamp/learn-edges')).toContain("--name '/cellstamp/front/edges'");
    expect(withFront.get('files/usr/local/lib/cellstamp/learn-edges')).toContain(
      "--secret-id 'cellstamp/front/edge-keys'",
    );
    expect(withFront.get('timers')).toContain('cellstamp-edges.timer\n');
    expect(contents(cell, sbc).has('files/usr/local/lib/cellstamp/learn-edges')).toBe(false);
  });

  it('names the kernel module as a condition only where forwarding in the kernel is required', () => {
    const full = cellOf(maximal);
    expect(contents(cell, cell.media[0]!).get('modules')).toBe('xt_RTPENGINE\n');
    expect(contents(full, full.media[0]!).get('modules')).toBe('');
  });

  it('changes with the spec’s value, and with no other host’s', () => {
    const [sbc, media] = [cell.sbcs[0], cell.media[0]!];
    const other = cellOf({ ...minimal, media: { freeswitch: { sessions: 10 } } });
    expect(cellBundle(other, other.media[0]!).sha256).not.toBe(cellBundle(cell, media).sha256);
    expect(cellBundle(other, other.sbcs[0]).sha256).toBe(cellBundle(cell, sbc).sha256);
  });
});
