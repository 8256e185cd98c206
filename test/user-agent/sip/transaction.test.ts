import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { DEFAULT_SIP_TIMERS } from '../../../lib/user-agent/sip/client-transaction.ts';
import { makeResponse } from '../../../lib/user-agent/sip/responses.ts';
import { type SipMessage, type SipRequest, parseMessage } from '../../../lib/user-agent/sip/message.ts';
import { TransactionLayer } from '../../../lib/user-agent/sip/transaction.ts';
import type { Flow, TransportProtocol } from '../../../lib/user-agent/sip/transport.ts';
import type { ServerTransaction } from '../../../lib/user-agent/sip/server-transaction.ts';
import { request } from '../messages.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A layer whose messages are noted with the time they were sent. */
function bench(protocol: TransportProtocol = 'udp') {
  const started = performance.now();
  const sent: { at: number; to: string; message: SipMessage }[] = [];
  const requests: ServerTransaction[] = [];
  const acks: SipRequest[] = [];
  const cancelled: ServerTransaction[] = [];
  let breakConnection: (why: string) => void = () => undefined;
  let abandoned = 0;
  const flowTo = (remote: { address: string; port: number }): Flow => ({
    protocol,
    remote,
    send: (bytes) =>
      void sent.push({
        at: performance.now() - started,
        to: `${remote.address}:${remote.port}`,
        message: parseMessage(bytes),
      }),
    onClosed: (listener) => {
      breakConnection = listener;
      return () => undefined;
    },
    abandon: () => void abandoned++,
  });
  const layer = new TransactionLayer(DEFAULT_SIP_TIMERS, {
    onRequest: (transaction) => void requests.push(transaction),
    onAck: (ack) => void acks.push(ack),
    onCancel: (invite) => void cancelled.push(invite),
    makeResponse: (received, status) => makeResponse(received, status, { toTag: 'auto' }),
    flowTo,
    onTerminated: () => undefined,
  });
  const flow = flowTo({ address: '10.0.0.9', port: 5062 });
  const answers: string[] = [];
  const handlers = {
    onProvisional: ({ status }: { status: number }) => void answers.push(String(status)),
    onFinal: ({ status }: { status: number }) => void answers.push(String(status)),
    onFailure: (failure: string) => void answers.push(failure),
  };
  return {
    layer,
    flow,
    sent,
    requests,
    acks,
    cancelled,
    answers,
    handlers,
    abandoned: () => abandoned,
    breakConnection: () => breakConnection('reset'),
    timesOf: (what: string) => sent.filter(({ message }) => nameOf(message) === what).map(({ at }) => Math.round(at)),
    sentNames: () => sent.map(({ message }) => nameOf(message)),
  };
}

const nameOf = (message: SipMessage) => (message.kind === 'request' ? message.method : String(message.status));

const make = (method: string, more: { branch?: string; via?: string; toTag?: string } = {}) =>
  request(method, 'sip:bob@10.0.0.9', [
    ['Via', `SIP/2.0/UDP ${more.via ?? '10.0.0.1:5060'};branch=${more.branch ?? 'z9hG4bKx'};rport`],
    ['From', '<sip:alice@a.example>;tag=a'],
    ['To', `<sip:bob@b.example>${more.toTag === undefined ? '' : `;tag=${more.toTag}`}`],
    ['Call-ID', 'c'],
    ['CSeq', `1 ${method}`],
    ['Max-Forwards', '70'],
  ]);

describe('a client transaction over UDP', () => {
  test('repeats an INVITE after 0.5, 1, 2 … s and gives up after 32 s (timers A and B)', () => {
    const { layer, flow, handlers, timesOf, answers } = bench();
    layer.request(make('INVITE'), flow, handlers);
    vi.advanceTimersByTime(31_999);
    expect(timesOf('INVITE')).toEqual([0, 500, 1500, 3500, 7500, 15500, 31500]);
    expect(answers).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(answers).toEqual(['timeout']);
    expect(layer.pending.client).toBe(0);
  });

  test('lets the callee ring as long as it likes', () => {
    const { layer, flow, handlers, timesOf, answers } = bench();
    const invite = make('INVITE');
    layer.request(invite, flow, handlers);
    layer.receive(makeResponse(invite, 180, { toTag: 'b' }), flow);
    vi.advanceTimersByTime(600_000);
    expect(timesOf('INVITE')).toEqual([0]);
    expect(answers).toEqual(['180']);
  });

  test('repeats another request up to every 4 s and gives up after 32 s (timers E and F)', () => {
    const { layer, flow, handlers, timesOf, answers } = bench();
    layer.request(make('BYE'), flow, handlers);
    vi.advanceTimersByTime(32_000);
    expect(timesOf('BYE')).toEqual([0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500]);
    expect(answers).toEqual(['timeout']);
  });

  test('acknowledges a refusal each time it comes, with the branch of the INVITE, for 32 s (timer D)', () => {
    const { layer, flow, handlers, sent, sentNames, answers } = bench();
    const invite = make('INVITE');
    layer.request(invite, flow, handlers);
    const busy = makeResponse(invite, 486, { toTag: 'b' });
    layer.receive(busy, flow);
    layer.receive(busy, flow);
    expect(answers).toEqual(['486']);
    expect(sentNames()).toEqual(['INVITE', 'ACK', 'ACK']);
    const ack = sent[1]?.message;
    expect(ack?.headers.get('Via')).toBe(invite.headers.get('Via'));
    expect(ack?.headers.get('To')).toBe('<sip:bob@b.example>;tag=b');
    expect(ack?.headers.get('CSeq')).toBe('1 ACK');
    vi.advanceTimersByTime(32_000);
    expect(layer.pending.client).toBe(0);
  });

  test('hands on every 2xx of an INVITE and acknowledges none itself', () => {
    const { layer, flow, handlers, sentNames, answers } = bench();
    const invite = make('INVITE');
    layer.request(invite, flow, handlers);
    for (const toTag of ['b', 'b', 'c']) layer.receive(makeResponse(invite, 200, { toTag }), flow);
    expect(answers).toEqual(['200', '200', '200']);
    expect(sentNames()).toEqual(['INVITE']);
  });

  test('is not touched by a response to another branch or method', () => {
    const { layer, flow, handlers, answers } = bench();
    layer.request(make('INVITE'), flow, handlers);
    layer.receive(makeResponse(make('INVITE', { branch: 'z9hG4bKy' }), 200), flow);
    layer.receive(makeResponse(make('CANCEL'), 200), flow);
    expect(answers).toEqual([]);
  });
});

describe('a client transaction over a stream', () => {
  test('sends once', () => {
    const { layer, flow, handlers, timesOf } = bench('tcp');
    layer.request(make('INVITE'), flow, handlers);
    vi.advanceTimersByTime(31_000);
    expect(timesOf('INVITE')).toEqual([0]);
  });

  test('fails when its connection closes before the answer', () => {
    const { layer, flow, handlers, answers, breakConnection } = bench('tcp');
    layer.request(make('BYE'), flow, handlers);
    breakConnection();
    expect(answers).toEqual(['transport']);
  });

  test('gives its connection up when nothing comes back', () => {
    const { layer, flow, handlers, answers, abandoned } = bench('tcp');
    layer.request(make('OPTIONS'), flow, handlers);
    vi.advanceTimersByTime(32_000);
    expect(answers).toEqual(['timeout']);
    expect(abandoned()).toBe(1);
  });
});

describe('a server transaction over UDP', () => {
  test('answers a repeated request with its last response', () => {
    const { layer, flow, requests, sentNames } = bench();
    layer.receive(make('OPTIONS'), flow);
    requests[0]?.respond(makeResponse(make('OPTIONS'), 200));
    layer.receive(make('OPTIONS'), flow);
    expect(requests).toHaveLength(1);
    expect(sentNames()).toEqual(['200', '200']);
    vi.advanceTimersByTime(32_000);
    expect(layer.pending.server).toBe(0);
  });

  test('repeats a refusal until the ACK comes (timer G), then is quiet', () => {
    const { layer, flow, requests, timesOf, acks } = bench();
    layer.receive(make('INVITE'), flow);
    requests[0]?.respond(makeResponse(make('INVITE'), 486, { toTag: 'b' }));
    vi.advanceTimersByTime(8000);
    layer.receive(make('ACK', { toTag: 'b' }), flow);
    vi.advanceTimersByTime(60_000);
    expect(timesOf('486')).toEqual([0, 500, 1500, 3500, 7500]);
    expect(acks).toHaveLength(1);
    expect(layer.pending.server).toBe(0);
  });

  test('gives up a refusal without ACK after 32 s (timer H)', () => {
    const { layer, flow, requests, timesOf } = bench();
    layer.receive(make('INVITE'), flow);
    requests[0]?.respond(makeResponse(make('INVITE'), 486, { toTag: 'b' }));
    vi.advanceTimersByTime(60_000);
    expect(timesOf('486')).toEqual([0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500]);
    expect(layer.pending.server).toBe(0);
  });

  test('answers a CANCEL with 200 and tells of it, once', () => {
    const { layer, flow, cancelled, sentNames } = bench();
    layer.receive(make('INVITE'), flow);
    layer.receive(make('CANCEL'), flow);
    layer.receive(make('CANCEL'), flow);
    expect(sentNames()).toEqual(['100', '200', '200']);
    expect(cancelled).toHaveLength(1);
  });

  test('answers a CANCEL of nothing with 481, and one that comes after the answer with 200 and no more', () => {
    const { layer, flow, requests, cancelled, sentNames } = bench();
    layer.receive(make('CANCEL', { branch: 'z9hG4bKnone' }), flow);
    layer.receive(make('INVITE'), flow);
    requests[0]?.respond(makeResponse(make('INVITE'), 200, { toTag: 'b' }));
    layer.receive(make('CANCEL'), flow);
    expect(sentNames()).toEqual(['481', '100', '200', '200']);
    expect(cancelled).toEqual([]);
  });

  test('notes where a request came from, and answers there if asked by rport', () => {
    const { layer, flow, requests, sent } = bench();
    layer.receive(make('OPTIONS'), flow);
    requests[0]?.respond(makeResponse(requests[0].request, 200));
    expect(sent[0]?.message.headers.get('Via')).toBe(
      'SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKx;rport=5062;received=10.0.0.9',
    );
    expect(sent[0]?.to).toBe('10.0.0.9:5062');
  });

  test('answers to the port of the Via without rport', () => {
    const { layer, flow, requests, sent } = bench();
    const options = make('OPTIONS');
    options.headers.set('Via', 'SIP/2.0/UDP 10.0.0.9:5099;branch=z9hG4bKx');
    layer.receive(options, flow);
    requests[0]?.respond(makeResponse(options, 200));
    expect(sent[0]?.to).toBe('10.0.0.9:5099');
  });

  test('tells requests of old clients apart that have no unique branch', () => {
    const { layer, flow, requests } = bench();
    layer.receive(make('OPTIONS', { branch: '1' }), flow);
    layer.receive(make('OPTIONS', { branch: '1' }), flow);
    const other = make('OPTIONS', { branch: '1' });
    other.headers.set('Call-ID', 'other');
    layer.receive(other, flow);
    expect(requests).toHaveLength(2);
  });
});
