/** Where a site is, as an emergency call says it: a reference, or a document that has the place itself (PIDF-LO, RFC 4119, 5139, 5491). */
import type { Location } from './schema/emergency.ts';

/** A reference is an address, a document begins with `<`. Neither has line breaks or bars, by which tables separate fields. */
export function locationText(country: string, { civic, point, reference }: Location): string {
  if (reference !== undefined) return reference;
  const places = [
    ...(point === undefined ? [] : [pointElement(point)]),
    ...(civic === undefined ? [] : [civicElement(country, civic)]),
  ];
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10"',
    ' xmlns:bp="urn:ietf:params:xml:ns:pidf:geopriv10:basicPolicy" entity="pres:anonymous@anonymous.invalid">',
    ...places.map(
      (place, index) =>
        `<tuple id="place-${index + 1}"><status><gp:geopriv><gp:location-info>${place}</gp:location-info>` +
        '<gp:usage-rules><bp:retransmission-allowed>yes</bp:retransmission-allowed></gp:usage-rules>' +
        '<gp:method>Manual</gp:method></gp:geopriv></status></tuple>',
    ),
    '</presence>',
  ].join('');
}

function pointElement(point: string): string {
  return `<gml:Point xmlns:gml="http://www.opengis.net/gml" srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>${point}</gml:pos></gml:Point>`;
}

function civicElement(country: string, civic: NonNullable<Location['civic']>): string {
  const elements = Object.entries(civic).map(([name, value]) => `<ca:${name}>${escaped(value)}</ca:${name}>`);
  return (
    '<ca:civicAddress xmlns:ca="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr">' +
    `<ca:country>${country}</ca:country>${elements.join('')}</ca:civicAddress>`
  );
}

/** What XML allows of a text, without what tables and a line-based protocol do not carry. */
function escaped(text: string): string {
  return text.replaceAll(/[&<>"'|\\]|\p{Cc}/gu, (character) => `&#${character < ' ' ? 32 : character.codePointAt(0)};`);
}
