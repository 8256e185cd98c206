import { afterEach, describe, expect, it, vi } from 'vitest';
import { cellstamp } from '../run-command.ts';

afterEach(() => vi.unstubAllEnvs());

const to = ['call', '--to', '127.0.0.1:9'];
const users = ['--caller', 'sip:anna@acme.example.com', '--callee', 'sip:bert@acme.example.com'];

describe('cellstamp call --to', () => {
  it.each([
    ['no caller', to, /^cellstamp: --to needs --caller, such as sip:/],
    ['no callee', [...to, ...users.slice(0, 2)], /^cellstamp: --to needs --callee, or --kind echo/],
    [
      'a caller that is no URI',
      [...to, '--caller', 'anna', ...users.slice(2)],
      /^cellstamp: --caller is anna; it must be/,
    ],
    [
      'a kind that needs a carrier',
      [...to, ...users, '--kind', 'carrier-in'],
      /--kind is carrier-in; with --to it may be/,
    ],
    [
      'a cell on this machine too',
      ['call', 'euw1-a', ...to.slice(1), ...users],
      /^cellstamp: --to names an SBC elsewhere, the cell euw1-a/,
    ],
    [
      'no password',
      [...to, ...users],
      /^cellstamp: the password of sip:anna@acme.example.com is not in CELLSTAMP_CALLER_PASSWORD$/m,
    ],
  ])('is refused with %s', async (_, args, message) => {
    const { status, stderr } = await cellstamp(...args);
    expect(stderr).toMatch(message);
    expect(status).toBe(2);
  });

  it.each([
    ['sip.example.com:0', 2, /--to is sip.example.com:0; it must be a name or an IPv4 address/],
    ['nobody.invalid', 1, /nobody.invalid has no IPv4 address/],
  ])('says what is wrong with the SBC %s', async (sbc, expected, message) => {
    vi.stubEnv('CELLSTAMP_CALLER_PASSWORD', 'secret');
    const { status, stderr } = await cellstamp('call', '--to', sbc, ...users.slice(0, 2), '--kind', 'echo');
    expect(stderr).toMatch(message);
    expect(status).toBe(expected);
  });

  it('takes users of its own only for an SBC elsewhere', async () => {
    const { status, stderr } = await cellstamp('call', 'euw1-a', ...users);
    expect(stderr).toMatch(/--caller and --callee go with --to only/);
    expect(status).toBe(2);
  });
});
