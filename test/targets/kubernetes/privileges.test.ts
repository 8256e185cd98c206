import { expect, it } from 'vitest';
import { edgeManifests } from '../../../lib/targets/kubernetes/edge/manifests.ts';
import { manifests } from '../../../lib/targets/kubernetes/manifests.ts';
import { privilegesIn } from '../../../lib/targets/kubernetes/privileges.ts';
import { maximalFront, minimal } from './cells.ts';

const lines = privilegesIn([...manifests(minimal), ...edgeManifests(maximalFront, 'eu-west-1')]).map(
  ({ role, container, what }) => `${role} ${container}: ${what.join(', ')}`,
);

it('every container that is more than an ordinary one is told, a role once', () => {
  expect(lines).toContain('media kernel-module: privileged');
  expect(lines).toContain('sbc node-firewall: starts as root, NET_ADMIN');
  expect(lines).toContain(
    'edge bird: starts as root, CHOWN, DAC_OVERRIDE, FOWNER, NET_ADMIN, NET_BIND_SERVICE, NET_RAW, SETGID, SETPCAP, SETUID',
  );
  expect(new Set(lines).size).toBe(lines.length);
});

it('a container that has nothing is not', () => {
  expect(lines.filter((line) => line.startsWith('sbc database-pool'))).toEqual([]);
});
