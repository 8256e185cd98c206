import { describe, expect, test } from 'vitest';
import { commandSchema } from '../../lib/user-agent/scenario.ts';
import { expectedStatus, plainCall } from '../../lib/user-agent/steps.ts';

const user = {
  role: 'user',
  name: 'alice',
  identity: 'sip:alice@a.example',
  password: 'x',
  local: { address: '10.0.0.1' },
  server: { address: '10.0.0.2' },
};
const kind = { name: 'call', caller: 'alice', dial: 'sip:bob@a.example' };

describe('a command', () => {
  test('with the least that is needed gets its defaults', () => {
    expect(commandSchema.parse({ do: 'open', agents: [user] })).toMatchObject({
      agents: [
        {
          protocol: 'udp',
          local: { address: '10.0.0.1', port: 0 },
          server: { address: '10.0.0.2', port: 5060 },
          codecs: ['PCMA', 'PCMU'],
          unexpected: { do: 'reject', status: 480 },
          expiresSeconds: 300,
        },
      ],
      mediaPorts: { from: 20_000, to: 59_999 },
      trace: false,
    });
    expect(commandSchema.parse({ do: 'run', run: '1', kinds: [kind] })).toMatchObject({
      calls: 1,
      ratePerSecond: 10,
      talkSeconds: 2,
      audio: true,
      maximumLoss: 0.01,
      kinds: [{ callee: null }],
    });
  });

  test.each([
    ['a user without a password', { do: 'open', agents: [{ ...user, password: undefined }] }],
    ['a name instead of an address', { do: 'open', agents: [{ ...user, server: { address: 'sbc.example' } }] }],
    ['a port beyond 65535', { do: 'open', agents: [{ ...user, local: { address: '10.0.0.1', port: 65_536 } }] }],
    ['no agents', { do: 'open', agents: [] }],
    ['a kind that dials no URI', { do: 'run', run: '1', kinds: [{ ...kind, dial: '+4930' }] }],
    ['no calls', { do: 'run', run: '1', kinds: [kind], calls: 0 }],
    ['a step that is none', { do: 'run', run: '1', kinds: [{ ...kind, steps: [{ step: 'sing' }] }] }],
    ['a refusal with 200', { do: 'run', run: '1', kinds: [{ ...kind, steps: [{ step: 'reject', status: 200 }] }] }],
    ['nothing to do', {}],
  ])('with %s is refused', (_, command) => {
    expect(commandSchema.safeParse(command).success).toBe(false);
  });
});

describe('a script', () => {
  test('leads to the status of the first step that settles the call', () => {
    expect(expectedStatus(plainCall(0, 1, 'callee'))).toBe(200);
    expect(expectedStatus([{ step: 'ring', seconds: 0 }, { step: 'cancel' }])).toBe(487);
    expect(expectedStatus([{ step: 'reject', status: 603 }])).toBe(603);
  });
});
