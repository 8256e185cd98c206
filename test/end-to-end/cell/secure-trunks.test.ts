/** Carriers over TLS: their certificate must be from an authority that the SBC believes, and have their name. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentsProcess } from '../../../lib/user-agent/agents-process.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { describeWith } from '../../requirements.ts';
import { domainOf, failuresOf, Lab, type LabUser, type SipTrace } from '../lab/lab.ts';

/** A certificate with these names, and that of the authority which has signed it. */
function certificate(names: string) {
  const folder = mkdtempSync(join(tmpdir(), 'cellstamp-carriers-'));
  const openssl = (...args: readonly string[]) =>
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc', ...args],
      {
        cwd: folder,
        stdio: 'pipe',
      },
    );
  try {
    openssl(
      '-days',
      '2',
      '-subj',
      '/CN=interconnect',
      '-keyout',
      'ca.key',
      '-out',
      'ca.pem',
      '-addext',
      'keyUsage=critical,keyCertSign',
    );
    const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-addext', 'basicConstraints=critical,CA:FALSE'];
    openssl(
      '-days',
      '2',
      '-subj',
      '/CN=carrier',
      '-keyout',
      'key.pem',
      '-out',
      'cert.pem',
      ...signed,
      '-addext',
      `subjectAltName=${names}`,
    );
    const read = (file: string) => readFileSync(join(folder, file), 'utf8');
    return { authority: read('ca.pem'), cert: read('cert.pem'), key: read('key.pem') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const carriers = {
  named: { host: 'sip.carrier.example', address: '192.0.2.30' },
  impostor: { host: 'sip.other.example', address: '192.0.2.31' },
  numbered: { host: '192.0.2.32', address: '192.0.2.32' },
  moved: { host: '192.0.2.33', address: '192.0.2.33' },
} as const;
type Carrier = keyof typeof carriers;
const names = Object.keys(carriers) as readonly Carrier[];

/** The same for all of them: for the name of one, among others, and the address of another. */
const theirs = certificate('DNS:voice.carrier.example,DNS:sip.carrier.example,IP:192.0.2.32');

const input = {
  name: 'lab-secure-trunks',
  region: 'eu-west-1',
  local: {},
  size: 'test',
  network: '10.89.0.0/20',
  media: { hosts: 1, kernelForwarding: 'preferred' },
  sbc: { carrierAuthorities: [theirs.authority] },
  trunks: names.map((name) => ({ name, address: carriers[name].host, port: 5061, transport: 'tls' as const })),
  tenants: names.map((name) => ({ name, domain: domainOf(name), trunks: [name] })),
} satisfies CellInput;

const users = names.map((name, index): LabUser => ({
  ...{ name: `user-${name}`, tenant: name, address: `198.51.100.${60 + index}` },
}));

describeWith(['root', 'debian-packages'], 'carriers over TLS', () => {
  let lab: Lab;
  let agents: AgentsProcess;
  const traced: SipTrace[] = [];

  beforeAll(async () => {
    lab = await Lab.up(input);
    await lab.addUsers(users);
    agents = await lab.agents(
      [
        ...users.map((user) => lab.user(user)),
        ...names.map((name) => ({
          ...lab.carrier(name, carriers[name].address),
          ...{ protocol: 'tls' as const, local: { address: carriers[name].address, port: 5061 } },
        })),
      ],
      (message) => traced.push(message),
      { cert: theirs.cert, key: theirs.key, verify: false },
    );
    // What DNS would say.
    for (const name of ['named', 'impostor'] as const) {
      await lab.kamcmd(lab.active!, 'htable.sets', 'resolved', name, `s:${carriers[name].address}`);
    }
  });
  afterAll(() => lab?.down());

  const call = async (name: Carrier, expectStatus?: number) => {
    const dial = `sip:+4989700700@${domainOf(name)}`;
    const kind = {
      name,
      caller: `user-${name}`,
      ...(expectStatus === undefined ? { callee: name } : { expectStatus }),
    };
    const { results } = await agents.run({
      kinds: [{ ...kind, dial }],
      calls: 1,
      talkSeconds: 0.5,
      patienceSeconds: 30,
    });
    return failuresOf(results);
  };
  const heardBy = (name: Carrier) =>
    traced.filter(({ agent, direction }) => agent === name && direction === 'received');

  it.each(['named', 'numbered'] as const)('get calls when their certificate has their %s', async (name) => {
    expect(await call(name)).toEqual([]);
    expect(heardBy(name).some(({ text }) => text.startsWith('INVITE '))).toBe(true);
  });

  it.each(['impostor', 'moved'] as const)('hear of no call when it has another (%s)', async (name) => {
    expect(await call(name, 500)).toEqual([]);
    expect(heardBy(name)).toEqual([]);
  });
});
