import { describe, expect, test } from 'vitest';
import {
  DigestAuthentication,
  digestResponse,
  parseChallenge,
  parseFields,
} from '../../../lib/user-agent/sip/digest.ts';
import { request, response } from '../messages.ts';

const mufasa = {
  username: 'Mufasa',
  password: 'Circle of Life',
  method: 'GET',
  uri: '/dir/index.html',
  nonceCount: 1,
  clientNonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
};
const challenge = {
  realm: 'http-auth@example.org',
  nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
  qopAuth: true,
};

describe('a digest response', () => {
  test('is that of the examples in RFC 7616 section 3.9.1', () => {
    expect(digestResponse({ ...mufasa, challenge: { ...challenge, algorithm: 'MD5' } })).toBe(
      '8ca523f5e9506fed4657c9700eebdbec',
    );
    expect(digestResponse({ ...mufasa, challenge: { ...challenge, algorithm: 'SHA-256' } })).toBe(
      '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1',
    );
  });

  test('is that of RFC 2069 when the server knows no qop', () => {
    // The example of RFC 2069 with the response of its erratum 749.
    const old = { realm: 'testrealm@host.com', nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093', qopAuth: false };
    const input = { ...mufasa, password: 'CircleOfLife', challenge: { ...old, algorithm: undefined } };
    expect(digestResponse(input)).toBe('1949323746fe6a43ef61f9606e7febea');
  });
});

describe('a challenge', () => {
  test('is read with its commas and quotes', () => {
    const text = 'Digest realm="a \\"b\\", c", nonce="n=1,2", qop="auth-int, auth", stale=TRUE, algorithm=SHA-256';
    expect(parseChallenge(text)).toEqual({
      realm: 'a "b", c',
      nonce: 'n=1,2',
      opaque: undefined,
      algorithm: 'SHA-256',
      qopAuth: true,
      stale: true,
    });
  });

  test.each([
    'Basic realm="a"',
    'Digest realm="a"',
    'Digest realm="a", nonce="b", algorithm=SHA-512-256',
    'Digest realm="a", nonce="b", qop="auth-int"',
  ])('that can not be answered is passed over: %s', (text) => {
    expect(parseChallenge(text)).toBeUndefined();
  });
});

describe('an agent with a password', () => {
  const ask = (status: 401 | 407, ...challenges: string[]) =>
    response(
      status,
      challenges.map((text) => [status === 401 ? 'WWW-Authenticate' : 'Proxy-Authenticate', text] as const),
    );
  const register = () => request('REGISTER', 'sip:a.example', []);
  const fieldsOf = (signed: ReturnType<typeof register>) =>
    parseFields((signed.headers.get('Authorization') ?? '').replace('Digest ', ''));

  test('answers the first challenge it knows of each realm', () => {
    const authentication = new DigestAuthentication({ username: 'u', password: 'p' });
    const known = ['Digest realm="r", nonce="2", algorithm=SHA-256', 'Digest realm="r", nonce="1"'];
    expect(authentication.learn(ask(401, 'Digest realm="r", nonce="3", algorithm=X', ...known), register(), 1)).toBe(
      true,
    );
    const signed = register();
    authentication.sign(signed);
    expect(fieldsOf(signed)).toMatchObject({ nonce: '2', algorithm: 'SHA-256' });
  });

  test('counts the uses of a nonce, and starts over with the next', () => {
    const authentication = new DigestAuthentication({ username: 'u', password: 'p' });
    const counts = [];
    for (const nonce of ['1', undefined, undefined, '2']) {
      if (nonce !== undefined) {
        authentication.learn(ask(401, `Digest realm="r", nonce="${nonce}", qop="auth"`), register(), 1);
      }
      const signed = register();
      authentication.sign(signed);
      counts.push(fieldsOf(signed)['nc']);
    }
    expect(counts).toEqual(['00000001', '00000002', '00000003', '00000001']);
  });

  test('tries again for a stale nonce, not for a wrong password', () => {
    const authentication = new DigestAuthentication({ username: 'u', password: 'p' });
    authentication.learn(ask(401, 'Digest realm="r", nonce="1"'), register(), 1);
    const signed = register();
    authentication.sign(signed);
    expect(authentication.learn(ask(401, 'Digest realm="r", nonce="2"'), signed, 2)).toBe(false);
    expect(authentication.learn(ask(401, 'Digest realm="r", nonce="3", stale=true'), signed, 2)).toBe(true);
  });

  test('answers a server and a proxy at once', () => {
    const authentication = new DigestAuthentication({ username: 'u', password: 'p' });
    authentication.learn(ask(407, 'Digest realm="proxy", nonce="1"'), register(), 1);
    authentication.learn(ask(401, 'Digest realm="server", nonce="2"'), register(), 2);
    const signed = register();
    authentication.sign(signed);
    expect(signed.headers.all('Proxy-Authorization')).toHaveLength(1);
    expect(signed.headers.all('Authorization')).toHaveLength(1);
  });
});
