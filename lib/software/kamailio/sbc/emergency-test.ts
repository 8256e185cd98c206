/** The daily call of the probe that tests the way to the emergency services of a country. */
import type { Cell } from '../../../fleet/derive/cell.ts';
import { late } from '../../../fleet/late-bound.ts';
import { values } from '../../values.ts';

type Routes = Pick<Cell, 'spec'>;

/** What is called to test the route of a country; undefined if nothing is. */
export function testTarget({ spec }: Routes, country: string): string | undefined {
  const { test, form } = spec.emergency[country]!;
  return test ?? (form === 'urn' ? 'urn:service:test.sos' : undefined);
}

/** Countries whose routes the probe tests. */
export const testedCountries = (cell: Routes): readonly string[] =>
  Object.keys(cell.spec.emergency).filter((country) => testTarget(cell, country) !== undefined);

/** A call of the probe that goes where emergency calls of a country go, to what is there for a test. */
export const testRoute = String.raw`# A test call of the probe, to what a country's route has for it. It counts nowhere, and is not tried at another trunk. In: $avp(probe), $var(flags).
route[TEST_EMERGENCY] {
    $var(country) = $(rU{s.substr,10,2});
    $vn(way) = $sht(emergency=>$var(country));
    $vn(service) = $sht(emergency=>$var(country):test);
    if ($vn(way) == $null || $vn(service) == $null) {
        $var(code) = 404;
        $var(phrase) = "Not Found";
        route(REFUSE);
    }
    $avp(sos) = $var(country);
    $var(to) = $vn(service);
    if (starts_with("$vn(service)", "urn:")) {
        $avp(sos_uri) = $vn(service);
        $var(to) = "test";
    }
    $avp(trunks) = $(vn(way){s.select,0,|});
    $avp(trunk_index) = 0;
    if (!route(NEXT_TRUNK)) {
        $var(code) = 500;
        $var(phrase) = "No Trunk Takes The Call";
        route(REFUSE);
    }
    $var(n) = $shtdec(load=>k:$var(trunk));
    $var(holds_trunk) = "";
    $avp(border) = 1;
    route(SCREEN_HEADERS);
    if (!uac_replace_from("", "sip:test@${late(values.publicAddress.name)}")) route(REFUSE_UNHIDDEN);
    if (!uac_replace_to("", "sip:$var(to)@${late(values.publicAddress.name)}")) route(REFUSE_UNHIDDEN);
    $var(flags) = $var(flags) + " direction=private direction=public RTP/AVP";
    route(SEND);
}

`;
