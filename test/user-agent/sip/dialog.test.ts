import { describe, expect, test } from 'vitest';
import { Dialog, routeRequest } from '../../../lib/user-agent/sip/dialog.ts';
import { SipSyntaxError } from '../../../lib/user-agent/sip/grammar.ts';
import { request, response } from '../messages.ts';

const invite = (...more: (readonly [string, string])[]) =>
  request('INVITE', 'sip:bob@b.example', [
    ['From', '<sip:alice@a.example>;tag=a1'],
    ['To', '<sip:bob@b.example>'],
    ['Call-ID', 'c1'],
    ['CSeq', '7 INVITE'],
    ...more,
  ]);
const ok = (...more: (readonly [string, string])[]) =>
  response(200, [['To', '<sip:bob@b.example>;tag=b1'], ['Contact', '<sip:bob@10.0.0.2:5070>'], ...more]);

describe('a route', () => {
  test('of loose routers leaves the target in the request line', () => {
    expect(routeRequest('sip:bob@10.0.0.2', ['<sip:10.0.0.8:5062;lr>', '<sip:10.0.0.9;lr=on>'])).toEqual({
      requestUri: 'sip:bob@10.0.0.2',
      routes: ['<sip:10.0.0.8:5062;lr>', '<sip:10.0.0.9;lr=on>'],
      nextHop: 'sip:10.0.0.8:5062;lr',
    });
  });

  test('that begins with a strict router puts it into the request line and the target last', () => {
    expect(routeRequest('sip:bob@10.0.0.2', ['<sip:10.0.0.8;method=INVITE?x=y>', '<sip:10.0.0.9;lr>'])).toEqual({
      requestUri: 'sip:10.0.0.8',
      routes: ['<sip:10.0.0.9;lr>', '<sip:bob@10.0.0.2>'],
      nextHop: 'sip:10.0.0.8;method=INVITE?x=y',
    });
  });

  test('without routers goes to the target', () => {
    expect(routeRequest('sip:bob@10.0.0.2', [])).toEqual({
      requestUri: 'sip:bob@10.0.0.2',
      routes: [],
      nextHop: 'sip:bob@10.0.0.2',
    });
  });
});

describe('a dialog', () => {
  const recorded = [
    ['Record-Route', '<sip:10.0.0.9;lr>'],
    ['Record-Route', '<sip:10.0.0.8;lr>'],
  ] as const;

  test('of the caller takes the recorded route backwards and counts on from its INVITE', () => {
    const bye = Dialog.ofCaller(invite(), ok(...recorded)).request('BYE');
    expect(bye.uri).toBe('sip:bob@10.0.0.2:5070');
    expect([...bye.headers]).toEqual([
      ['Route', '<sip:10.0.0.8;lr>'],
      ['Route', '<sip:10.0.0.9;lr>'],
      ['Max-Forwards', '70'],
      ['From', '<sip:alice@a.example>;tag=a1'],
      ['To', '<sip:bob@b.example>;tag=b1'],
      ['Call-ID', 'c1'],
      ['CSeq', '8 BYE'],
    ]);
  });

  test('of the callee takes the recorded route as it stands and swaps From and To', () => {
    const dialog = Dialog.ofCallee(invite(['Contact', '<sip:alice@10.0.0.1>'], ...recorded), 'b1');
    const bye = dialog.request('BYE');
    expect(bye.headers.all('Route')).toEqual(['<sip:10.0.0.9;lr>', '<sip:10.0.0.8;lr>']);
    expect(bye.headers.get('From')).toBe('<sip:bob@b.example>;tag=b1');
    expect(bye.headers.get('To')).toBe('<sip:alice@a.example>;tag=a1');
    expect(dialog.nextHop).toBe('sip:10.0.0.9;lr');
  });

  test('gives an ACK the number of its INVITE and uses none up', () => {
    const dialog = Dialog.ofCaller(invite(), ok());
    expect(dialog.request('ACK', 7).headers.get('CSeq')).toBe('7 ACK');
    expect(dialog.request('BYE').headers.get('CSeq')).toBe('8 BYE');
  });

  test('follows a new Contact, but keeps its route', () => {
    const dialog = Dialog.ofCaller(invite(), ok(...recorded));
    dialog.refreshTarget(
      response(200, [
        ['Contact', '<sip:bob@10.0.0.3>'],
        ['Record-Route', '<sip:10.9.9.9;lr>'],
      ]),
    );
    expect(dialog.request('BYE').uri).toBe('sip:bob@10.0.0.3');
    expect(dialog.routeSet).toEqual(['<sip:10.0.0.8;lr>', '<sip:10.0.0.9;lr>']);
    dialog.refreshTarget(response(200, []));
    expect(dialog.remoteTarget).toBe('sip:bob@10.0.0.3');
  });

  test('refuses requests that are not newer than the last', () => {
    const dialog = Dialog.ofCallee(invite(['Contact', '<sip:alice@10.0.0.1>']), 'b1');
    expect([8, 8, 7, 9].map((sequence) => dialog.acceptSequence(sequence))).toEqual([true, false, false, true]);
  });

  test('needs a Contact to which requests can be sent', () => {
    expect(() => Dialog.ofCallee(invite(), 'b1')).toThrow(SipSyntaxError);
    expect(() => Dialog.ofCallee(invite(['Contact', '<tel:+4930>']), 'b1')).toThrow(SipSyntaxError);
    expect(() => Dialog.ofCallee(invite(['Contact', '*']), 'b1')).toThrow(SipSyntaxError);
  });
});
