/** What a drain reads from the answers of hosts, and what it says of the calls that hold it up. */
import { describe, expect, it } from 'vitest';
import { describeHeld, featureCallsIn } from '../../lib/operations/drain.ts';
import { callsIn, drainedIn, relayedIn } from '../../lib/operations/host-command.ts';
import { relaysIn } from '../../lib/operations/relays.ts';

const held = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ call: `c${index}`, from: 'anna', to: 'bert' }));

describe('a drain', () => {
  it('names the first of the calls that hold it up', () => {
    expect(describeHeld(held(1))).toBe("waits for 1 call that can't move: c0 from anna to bert");
    expect(describeHeld(held(5))).toBe(
      "waits for 5 calls that can't move: c0 from anna to bert, c1 from anna to bert, c2 from anna to bert and 2 more",
    );
  });

  it('knows what a media host does with both of its relays', () => {
    expect(relaysIn('1 home follows away\n2 neighbour holds\n')).toEqual(
      new Map([
        [1, 'follows'],
        [2, 'holds'],
      ]),
    );
    expect(relaysIn('')).toEqual(new Map());
  });

  it('knows the calls of each relay and the drained hosts from Kamailio’s tables', () => {
    const table = (entries: Readonly<Record<string, number>>) =>
      Object.entries(entries)
        .map(
          ([name, value]) =>
            `{\n\tentry: 7\n\tsize: 1\n\tslot: {\n\t\t{\n\t\t\tname: ${name}\n\t\t\tvalue: ${value}\n\t\t}\n\t}\n}\n`,
        )
        .join('');
    expect(relayedIn(table({ 't:acme': 7, 'm:1': 4, 'k:carrier-a': 2, 'm:12': 3 }))).toEqual(
      new Map([
        [1, 4],
        [12, 3],
      ]),
    );
    expect(drainedIn(table({ 3: 1 }))).toEqual(new Set([3]));
  });

  it('knows calls from the lines of an SBC, and those of FreeSWITCH from its channels', () => {
    const call = { call: 'a@b', id: 'x1', tenant: 'acme', from: 'anna', to: 'bert', media: 'media-2' };
    expect(callsIn(`${JSON.stringify(call)}\n`)).toEqual([call]);
    expect(featureCallsIn('{"row_count":0}')).toEqual([]);
    const row = { uuid: 'u1', direction: 'inbound', cid_num: 'anna', dest: 'conference-acme.42' };
    expect(featureCallsIn(JSON.stringify({ row_count: 1, rows: [row] }))).toEqual([
      { call: 'u1', from: 'anna', to: 'conference-acme.42' },
    ]);
  });
});
