import { createHash } from 'node:crypto';
import { parseFields } from '../../lib/user-agent/sip/digest.ts';
import { makeResponse } from '../../lib/user-agent/sip/responses.ts';
import { parseDeltaSeconds } from '../../lib/user-agent/sip/headers.ts';
import { type SipRequest, formatMessage, parseMessage } from '../../lib/user-agent/sip/message.ts';
import { bindUdp } from '../../lib/user-agent/sip/udp-transport.ts';
import { LOOPBACK } from './peer.ts';

export interface RegistrarOptions {
  readonly passwords: Readonly<Record<string, string>>;
  readonly algorithm?: 'MD5' | 'SHA-256';
  readonly qop?: boolean;
  /** How often a nonce may be used before it is stale. */
  readonly nonceUses?: number;
  /** Seconds: less is refused with 423. */
  readonly minimum?: number;
  /** Seconds: no more is granted. */
  readonly maximum?: number;
}

/** A registrar that asks for a digest and counts, written from RFC 3261 and RFC 7616 and not from the code under test. */
export async function openRegistrar(options: RegistrarOptions) {
  const { passwords, algorithm = 'MD5', qop = true, nonceUses = Infinity, minimum = 0, maximum = 3600 } = options;
  const socket = await bindUdp(LOOPBACK);
  const bindings = new Map<string, string>();
  const received: SipRequest[] = [];
  const sent: number[] = [];
  const nonces = new Map<string, number>();
  const broken: { status: number; headers: [string, string][] }[] = [];
  const hash = (text: string) =>
    createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
      .update(text)
      .digest('hex');

  const check = (request: SipRequest): 'right' | 'wrong' | 'stale' => {
    const header = request.headers.get('Authorization');
    if (header === undefined) return 'wrong';
    const fields = parseFields(header.replace('Digest ', ''));
    const secret = hash(`${fields['username']}:registrar:${passwords[fields['username'] ?? '']}`);
    const subject = hash(`REGISTER:${request.uri}`);
    const middle = qop ? `${fields['nonce']}:${fields['nc']}:${fields['cnonce']}:auth` : fields['nonce'];
    if (fields['response'] !== hash(`${secret}:${middle}:${subject}`)) return 'wrong';
    const used = nonces.get(fields['nonce'] ?? '');
    if (used === undefined || used >= nonceUses) return 'stale';
    nonces.set(fields['nonce'] ?? '', used + 1);
    return qop && parseInt(fields['nc'] ?? '', 16) !== used + 1 ? 'stale' : 'right';
  };

  const respond = (request: SipRequest): { status: number; headers: [string, string][] } => {
    const next = broken.shift();
    if (next !== undefined) return next;
    const verdict = check(request);
    if (verdict !== 'right') {
      const nonce = `nonce-${nonces.size}`;
      nonces.set(nonce, 0);
      const challenge = [`realm="registrar"`, `nonce="${nonce}"`, `algorithm=${algorithm}`, `opaque="x, y"`];
      if (qop) challenge.push('qop="auth,auth-int"');
      if (verdict === 'stale') challenge.push('stale=true');
      return { status: 401, headers: [['WWW-Authenticate', `Digest ${challenge.join(', ')}`]] };
    }
    const expires = parseDeltaSeconds(request.headers.get('Expires')) ?? 0;
    if (expires > 0 && expires < minimum) return { status: 423, headers: [['Min-Expires', String(minimum)]] };
    const user = request.headers.require('To');
    const contact = request.headers.require('Contact');
    if (expires === 0) bindings.delete(user);
    else bindings.set(user, contact);
    const bound = bindings.has(user) ? [['Contact', `${contact};expires=${Math.min(expires, maximum)}`]] : [];
    return { status: 200, headers: bound as [string, string][] };
  };

  socket.on('message', (bytes, { port, address }) => {
    const request = parseMessage(bytes);
    if (request.kind !== 'request') return;
    received.push(request);
    const { status, headers } = respond(request);
    sent.push(status);
    socket.send(formatMessage(makeResponse(request, status, { toTag: 'r', headers })), port, address);
  });

  return {
    address: { address: '127.0.0.1', port: socket.address().port },
    /** Contacts by the To of their REGISTER. */
    bindings,
    received,
    /** Statuses that were answered. */
    sent,
    /** The next request gets this answer. */
    fail: (status: number, headers: [string, string][] = []) => void broken.push({ status, headers }),
    close: () => void socket.close(),
  };
}
