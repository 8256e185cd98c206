import fc from 'fast-check';
import { expect, it } from 'vitest';
import { locationText } from '../../lib/fleet/location.ts';

it('a reference is the address of the location server', () => {
  expect(locationText('DE', { reference: 'https://places.example.com/berlin' })).toBe(
    'https://places.example.com/berlin',
  );
});

it('a place is a document with the country, the address and the point', () => {
  const text = locationText('GB', { civic: { A3: 'London', HNO: '10' }, point: '51.5034 -0.1276' });
  expect(text).toContain('<ca:country>GB</ca:country><ca:A3>London</ca:A3><ca:HNO>10</ca:HNO>');
  expect(text).toContain('srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>51.5034 -0.1276</gml:pos>');
});

it('a document holds whatever a name has, and nothing that ends a field or a line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 128 }), (name) => {
      const text = locationText('DE', { civic: { A3: name } });
      expect(text).not.toMatch(/[|\\\n\r]/);
      const inside = /<ca:A3>(.*)<\/ca:A3>/s.exec(text)![1]!;
      expect(inside).not.toMatch(/[<>"']/);
      const read = inside.replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));
      expect(read).toBe(name.replaceAll(/\p{Cc}/gu, ' '));
    }),
  );
});
