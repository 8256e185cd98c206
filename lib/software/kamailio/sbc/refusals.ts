/** Calls that are refused before they are one: a line and a record for each, so that somebody can say why a call failed. */
import type { Section } from '../common/section.ts';
import { callFields, endFields } from './call-entry.ts';

/** Why a call was not admitted; `rejected_total` counts by the same names. */
export const refusalReasons = [
  // The cell is full, or has nothing that could carry the call.
  'cell_rate',
  'no_media_host',
  'no_feature_host',
  'no_trunk',
  // Limits of the tenant, of the trunk, and of what tenants share.
  'tenant_calls',
  'tenant_rate',
  'trunk_calls',
  'trunk_rate',
  'shared_calls',
  // Nobody is there.
  'unknown_tenant',
  'unknown_user',
  'unknown_number',
  'not_registered',
  'forwarded_in_a_circle',
  // The caller may not do so.
  'unknown_source',
  'foreign_address',
  'foreign_domain',
  // A call to a carrier that its tenant may not place, or that would cost more than it may.
  'high_risk',
  'destination',
  'tenant_minutes',
  'user_minutes',
  'tenant_international',
  'user_international',
  // The request is not as it must be, or can't be made so.
  'malformed',
  'unknown_body',
  'media_address',
  'media_description',
  'not_hidden',
] as const;

/**
 * How many of them are reported. A dialler that goes on against its limit, or an exchange that repeats a call for ever, must not push out
 * of the stream what others want to know. Whatever is above is counted alone.
 */
const told = {
  ofOne: { perSecond: 5, burst: 100 },
  ofAll: { perSecond: 50, burst: 500 },
  ofStrangers: { perSecond: 1, burst: 20 },
} as const;

/** The fields of a call and of its end, by name; the others are empty: no media host, not answered, nothing measured. */
const fields: Partial<Record<(typeof callFields)[number] | (typeof endFields)[number], string>> = {
  tenant: '$var(name)',
  trunk: '$var(trunk)',
  media: '0',
  kind: '$var(kind)',
  from: '$var(from)',
  to: '$var(to)',
  invited: '$TV(Sn)',
  callId: '$ci',
  cseq: '$cs',
  ended: '$TV(Sn)',
  cause: '$var(code)',
  reason: '$var(reason)',
};
const entry = [...callFields, ...endFields].map((name) => fields[name] ?? '').join('|');

const bucket = ({ perSecond, burst }: { readonly perSecond: number; readonly burst: number }) =>
  `$var(rate) = ${100 * perSecond};
    $var(burst) = ${burst};
    route(TAKE_TOKEN);
    if ($var(wait) > 0) {
        prom_counter_inc("refusals_untold_total", "1");
        return;
    }`;

export function refusals(): Section {
  return {
    title: 'Calls that are refused',
    text: String.raw`
# A call is refused that never was in the table of calls. Of a known tenant or trunk it makes a line here and a record (event
# "refused"); of anybody else a line, so that a stranger's flood fills no Redis. In: $var(code), $var(reason), $var(known), 1 if the
# caller is who it says; $var(name), $var(trunk), $var(kind), $var(from), $var(to), as far as they are known.
route[NOTE_REFUSAL] {
    # A repetition that took another path: the call itself continues.
    if ($var(reason) == "call_in_use") return;
    if ($var(from) == "" && $fu =~ "^[a-z]+:[-+*#0-9A-Za-z._~@:]+$" && $(fu{s.len}) < 256) $var(from) = $fu;
    if ($var(to) == "" && $ou =~ "^[a-z]+:[-+*#0-9A-Za-z._~@:;=]+$" && $(ou{s.len}) < 256) $var(to) = $ou;
    if ($var(known) == 0 || $var(reason) == "malformed") {
        $var(bucket) = "refusals of strangers";
        ${bucket(told.ofStrangers)}
        xlog("L_NOTICE", "call of a stranger refused: $var(code) $var(reason), at $var(source), from '$var(from)' to '$var(to)'\n");
        return;
    }
    $var(bucket) = "refusals";
    ${bucket(told.ofAll)}
    $var(bucket) = "r:" + $var(name) + ":" + $var(trunk);
    ${bucket(told.ofOne)}
    xlog("L_NOTICE", "call $ci refused: $var(code) $var(reason), tenant '$var(name)', trunk '$var(trunk)', at $var(source), from '$var(from)' to '$var(to)'\n");
    route(NAME_CALL);
    $var(op) = "f";
    $vn(told) = $_s(${entry});
    route(TELL);
}
`,
  };
}
