/**
 * The question that FreeSWITCH may ask an HTTP service, once a call and before it answers: how is this room, box or menu set
 * just now?
 *
 * `GET URL?feature=conference&name=acme.sales&caller=1001&call=3c26%40host`. A reply counts when its status is 200, it came
 * within the time-outs, and its body is one of the words below (a line end may follow). Anything else means `open`: a
 * service that is down must not close what it only describes.
 *
 * Why not FreeSWITCH's own module for this (mod_xml_curl): it runs pre-processor commands that stand in a reply, asks again
 * on every transfer, and does not check certificates unless told.
 */
import type { NamedFeature } from './features.ts';

/** Seconds until the connection stands, and until the reply is there; redirects count. */
export const timeouts = { connect: 1, total: 2 } as const;

/** Every word that counts beside `open`, and what it does. */
export const answers = {
  conference: ['closed', 'muted', 'moderator'],
  voicemail: ['closed'],
  mailbox: ['closed'],
  /** closed: the caller leaves a message in the box of the same name. */
  ivr: ['closed'],
} as const satisfies Record<NamedFeature, readonly string[]>;

/**
 * The URL of the question as FreeSWITCH's dialplan takes it; `$1` and `$2` are the feature and the name of the request URI.
 * What comes from the call is URL-encoded when it is asked, and nothing of the configured URL can be taken for a variable,
 * a quote or the end of an argument.
 */
export function questionUrl(service: string): string {
  const safe = service
    .replace(/#.*$/, '')
    .replace(/[^!-~]|[$'"\\{}]/gu, (character) => encodeURIComponent(character).replace("'", '%27'));
  const question = 'feature=$1&name=$2&caller=${url_encode(${sip_from_user})}&call=${url_encode(${sip_call_id})}';
  return `${safe}${safe.includes('?') ? '&' : '?'}${question}`;
}
