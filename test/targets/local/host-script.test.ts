/** The texts that make a host, through the checkers of their own languages. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deriveCell } from '../../../lib/fleet/derive/cell.ts';
import { claimScript } from '../../../lib/targets/local/claim-addresses.ts';
import { claimRelayScript } from '../../../lib/targets/local/claim-relay.ts';
import { fabricPlan, hostPlan, outsidePlan } from '../../../lib/targets/local/host-plan.ts';
import { hostScript } from '../../../lib/targets/local/host-script.ts';
import { debianPackages } from '../../../lib/targets/local/packages.ts';
import { parseCell } from '../../../lib/fleet/schema/cell.ts';
import { describeWith } from '../../requirements.ts';

const cell = deriveCell(parseCell({ name: 'lab-a', region: 'eu-west-1', local: {}, size: 'test' }), 'movable');
const publicNetwork = '198.18.7.0/24';
const plans = [
  fabricPlan(cell, publicNetwork),
  outsidePlan(cell, publicNetwork),
  ...cell.hosts.map((host) => hostPlan(cell, host, publicNetwork, true)),
];
const planOf = (name: string) => plans.find((plan) => plan.name === name)!;

describe('a host on this machine', () => {
  it('admits the peers of its ports and nobody else', () => {
    const { rules } = planOf('media-1');
    expect(rules).toContain('policy drop;');
    expect(rules).toContain(
      `ip saddr { 10.16.0.11, 10.16.0.21, 10.16.2.12, 10.16.2.22, 100.64.0.10 } udp dport 2223 accept comment "rtpengine-control"`,
    );
    expect(rules).toContain('    udp dport 30000-44999 accept comment "rtp"');
  });

  it('has no way out where it holds data', () => {
    expect(planOf('database-1').addresses.join('\n')).not.toContain('default');
    expect(planOf('redis-1').addresses.join('\n')).not.toContain('default');
    expect(planOf('media-1').addresses.join('\n')).toContain('route add default via 10.16.0.1');
  });

  it('changes no setting of the whole machine', () => {
    const set = plans.flatMap((plan) =>
      [...hostScript(plan, '/run/x').matchAll(/^setting (\S+)/gm)].map(([, key]) => key!),
    );
    expect(set).toContain('net.ipv4.ip_nonlocal_bind');
    expect(set.filter((key) => !key.startsWith('net.'))).toEqual([]);
  });

  it('installs nothing: neither packages nor kernel modules', () => {
    const services = plans.flatMap((plan) => plan.config.services.map((service) => service.name));
    expect(services).toContain('freeswitch');
    expect(services).not.toContain('freeswitch-install');
    expect(debianPackages().filter((name) => /dkms|linux-headers/.test(name))).toEqual([]);
    expect(debianPackages()).toContain('kamailio');
  });

  it('does without FreeSWITCH where the machine has none, and with all else', () => {
    const services = (hasFreeswitch: boolean) =>
      hostPlan(cell, cell.media[0]!, publicNetwork, hasFreeswitch).config.services.map(({ name }) => name);
    const others = [
      ...['media-network', 'media-guard', 'rtpengine', 'rtpengine-guest'],
      ...['relay-fence', 'own-calls', 'guest-calls', 'cellstamp-relays'],
    ];
    expect(services(true)).toEqual([...others, 'freeswitch']);
    expect(services(false)).toEqual(others);
  });

  it('starts data first, then what loads from it', () => {
    expect(planOf('sbc-2').after).toEqual(['database-1', 'redis-1']);
    expect(planOf('database-2').after).toEqual(['database-1']);
    expect(planOf('media-1').after).toEqual([]);
  });
});

describeWith(['checkers'], 'the texts that make a host', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'cellstamp-script-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    ...plans.map((plan) => [plan.name, hostScript(plan, `/run/cellstamp/lab-a/hosts/${plan.name}`)] as const),
    ['claim-addresses', claimScript('198.18.7.10', '10.16.0.21', 'eth0')] as const,
    ['claim-relay', claimRelayScript([{ number: 1, public: '198.18.7.33', private: '10.16.0.73' }], 'eth0')] as const,
  ])('shellcheck has nothing to say about %s', (name, text) => {
    writeFileSync(join(folder, name), text);
    // SC2317: functions that are called by a name that is put together.
    const { stdout, status } = spawnSync('shellcheck', ['--exclude=SC2317', join(folder, name)], { encoding: 'utf8' });
    expect(stdout).toBe('');
    expect(status).toBe(0);
  });
});

describeWith(['checkers', 'root'], 'network rules', () => {
  it.each(plans.map((plan) => [plan.name, plan.rules] as const))('nft accepts those of %s', (_, rules) => {
    const { stderr, status } = spawnSync('unshare', ['--net', 'nft', '-f', '-'], { encoding: 'utf8', input: rules });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });
});
