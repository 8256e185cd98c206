import { describe, expect, it } from 'vitest';
import type { CellItem, TenantItem } from '../../lib/fleet/directory.ts';
import { moveOf } from '../../lib/fleet/move.ts';

const acme = (cell: string, other = ''): TenantItem => ({
  kind: 'tenant',
  name: 'acme',
  version: 1,
  cell,
  other,
  keys: [],
});
const target = (name: string, state: CellItem['state'] = 'active') => ({ name, state });

describe('a tenant moves', () => {
  it('from the cell that it is in', () => {
    expect(moveOf(acme('a'), target('b'))).toEqual({ from: 'a' });
  });

  it('on from where an interrupted move left it, also if the new cell was cordoned since', () => {
    expect(moveOf(acme('b', 'a'), target('b', 'cordoned'))).toEqual({ from: 'a' });
  });

  it('back to where it came from', () => {
    expect(moveOf(acme('b', 'a'), target('a'))).toEqual({ from: 'b' });
  });
});

describe('a tenant does not move', () => {
  it('to the cell that it is in', () => {
    expect(moveOf(acme('a'), target('a'))).toEqual({ refused: 'tenant acme is in cell a already' });
  });

  it('to a third cell before it has left the first', () => {
    expect(moveOf(acme('b', 'a'), target('c'))).toEqual({
      refused: "tenant acme is still moving from a to b, so it can't move to c; allowed: b, to go on, or a, to go back",
    });
  });

  it.each(['planned', 'cordoned', 'draining', 'retired'] as const)('to a cell that is %s', (state) => {
    const refused = { refused: `cell b is ${state} and takes no tenant; allowed: a cell that is active` };
    expect(moveOf(acme('a'), target('b', state))).toEqual(refused);
    expect(moveOf(acme('a', 'b'), target('b', state))).toEqual(refused);
  });
});
