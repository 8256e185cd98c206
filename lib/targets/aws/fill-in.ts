/** What nobody but the user has, so that a stack is made without it: where he fills it in, and what is so until he does. */
import type { CellSpec } from '../../fleet/schema/cell.ts';
import type { FrontSpec } from '../../fleet/schema/front.ts';
import { isOnAws } from '../../fleet/schema/targets/on-aws.ts';
import { sitePath } from './site.ts';

export interface ToFillIn {
  /** `cell-euw1-a` */
  readonly stack: string;
  readonly region: string;
  /** Name in Secrets Manager, to which AWS adds some characters: `cellstamp/euw1-a/sip-tls`. */
  readonly secret: string;
  readonly value: string;
  readonly until: string;
}

const certificate = {
  value: '{"certificate": "PEM chain", "key": "PEM"}',
  until: 'SIP over TLS shows a certificate that no client trusts',
};

export function toFillIn(cells: readonly CellSpec[], front: FrontSpec | undefined): readonly ToFillIn[] {
  const of = (stack: string, { name, region }: { readonly name: string; readonly region: string }) => ({
    certificate: { stack, region, secret: `${sitePath({ name }).slice(1)}/sip-tls`, ...certificate },
    token: {
      stack,
      region,
      secret: `${sitePath({ name }).slice(1)}/signalwire-token`,
      value: 'SignalWire’s token for FreeSWITCH’s packages, as plain text',
      until: 'FreeSWITCH is off: calls are relayed, but no announcement, voicemail, conference or transcoding is there',
    },
  });
  const ofFront = front && isOnAws(front) && front.edge.transports.tls !== 'off' ? [front] : [];
  return [
    ...ofFront.map(({ name, regions }) => of('front', { name, region: regions[0]!.region }).certificate),
    ...cells
      .filter((cell) => isOnAws(cell) && !['planned', 'retired'].includes(cell.state))
      .flatMap((cell) => {
        const { certificate: own, token } = of(`cell-${cell.name}`, cell);
        return [
          ...(cell.sbc.transports.tls === 'off' ? [] : [own]),
          ...(cell.media.freeswitch.install === 'signalwire' ? [token] : []),
        ];
      }),
  ];
}
