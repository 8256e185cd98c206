/**
 * What FreeSWITCH does with a call, decided by the user part of the request URI alone (see features.ts).
 *
 * Nothing of the call but that user part, which is matched against a pattern first, may become part of an action: FreeSWITCH
 * expands variables and function calls in what a pattern has captured.
 */
import type { Cell } from '../../fleet/derive/cell.ts';
import type { CellSpec } from '../../fleet/schema/cell.ts';
import { questionUrl, timeouts, type answers } from './configuration-service.ts';
import { featureNamePattern, namedFeatures, type NamedFeature } from './features.ts';
import { conferenceProfile, voicemailDomain, voicemailProfile } from './media-xml.ts';
import { paths } from './paths.ts';
import { tones } from './tones.ts';
import { attribute } from './xml.ts';

/** Milliseconds without a single RTP packet until a call is hung up, and the same for a call on hold. */
const mediaTimeout = { active: 60_000, held: 600_000 };

/** An action's name, its data, and whether it runs while the dialplan is still being read. */
type Action = readonly [application: string, data?: string, when?: 'inline'];

interface Extension {
  readonly name: string;
  readonly comment?: string;
  /** A preparation: the next extensions are tried too. */
  readonly goesOn?: true;
  /** Field and pattern; all must match. None: always. */
  readonly conditions: readonly (readonly [field: string, pattern: string])[];
  readonly actions: readonly Action[];
}

function actionXml([application, data, when]: Action): string {
  const dataXml = data === undefined ? '' : ` data="${attribute(data)}"`;
  return `        <action application="${application}"${dataXml}${when === 'inline' ? ' inline="true"' : ''}/>`;
}

function extensionXml({ name, comment, goesOn, conditions, actions }: Extension): string {
  const attributes = conditions.map(
    ([field, pattern]) => `field="${attribute(field)}" expression="${attribute(pattern)}"`,
  );
  return [
    ...(comment === undefined ? [] : [`    <!-- ${comment} -->`]),
    `    <extension name="${name}"${goesOn ? ' continue="true"' : ''}>`,
    ...attributes.slice(0, -1).map((text) => `      <condition ${text}/>`),
    `      <condition${attributes.length === 0 ? '' : ` ${attributes.at(-1)}`}>`,
    ...actions.map(actionXml),
    '      </condition>',
    '    </extension>',
  ].join('\n');
}

function context(name: string, comment: string, extensions: readonly Extension[]): string {
  return `  <!-- ${comment} -->
  <context name="${name}">
${extensions.map(extensionXml).join('\n\n')}
  </context>`;
}

const user = (pattern: string) => ['destination_number', `^${pattern}$`] as const;
const named = (kind: NamedFeature) => user(`${kind}-(${featureNamePattern})`);

/** What is set before any feature begins. */
function preparations({
  sessions,
  configurationService: service,
}: CellSpec['media']['freeswitch']): readonly Extension[] {
  return [
    {
      name: 'limit',
      comment: 'Call legs at once: media.freeswitch.sessions. The next one gets 503.',
      goesOn: true,
      conditions: [],
      actions: [['limit', `hash host legs ${sessions} !SWITCH_CONGESTION`]],
    },
    {
      name: 'every call',
      comment:
        'A call whose BYE was lost ends by media_timeout: milliseconds without RTP, and the same on hold. A call that a menu returns passes here again.',
      goesOn: true,
      conditions: [],
      actions: [
        ['log', 'NOTICE asked for ${destination_number}, Call-ID ${sip_call_id}'],
        ['set', `media_timeout=${mediaTimeout.active}`],
        ['set', `media_hold_timeout=${mediaTimeout.held}`],
        ['set', 'default_language=tones', 'inline'],
        ['set', 'own_recording=', 'inline'],
      ],
    },
    {
      name: 'speech',
      comment: 'Speech where the sound package is installed, tones where it is not (prompts.xml).',
      goesOn: true,
      conditions: [[`\${file_exists(${paths.sounds}/voicemail/8000/vm-goodbye.wav)}`, '^true$']],
      actions: [['set', 'default_language=en', 'inline']],
    },
    {
      name: 'own recording',
      comment: `A recording of your own takes the place of tones and speech: ${paths.prompts}/ivr-NAME.wav or voicemail-NAME.wav.`,
      goesOn: true,
      conditions: [
        user(`(ivr|voicemail)-${featureNamePattern}`),
        [`\${file_exists(${paths.prompts}/\${destination_number}.wav)}`, '^true$'],
      ],
      actions: [['set', `own_recording=${paths.prompts}/\${destination_number}.wav`, 'inline']],
    },
    ...(service === undefined
      ? []
      : [
          {
            name: 'ask the configuration service',
            comment:
              'media.freeswitch.configurationService, asked before the call is answered. A reply that is late, not 200 or not one of the words below counts as open.',
            goesOn: true,
            conditions: [user(`(${namedFeatures.join('|')})-(${featureNamePattern})`)],
            actions: [
              ['set', `curl_connect_timeout=${timeouts.connect}`, 'inline'],
              ['set', `curl_timeout=${timeouts.total}`, 'inline'],
              ['curl', questionUrl(service), 'inline'],
            ],
          } as const,
        ]),
  ];
}

/** The extension of a feature for one answer of the configuration service. */
function answered<K extends NamedFeature>(
  kind: K,
  answer: (typeof answers)[K][number],
  actions: readonly Action[],
): Extension {
  return {
    name: `${kind}, ${answer}`,
    conditions: [['${curl_response_code} ${curl_response_data}', `^200 ${answer}\\s*$`], named(kind)],
    actions,
  };
}

const unavailable: Action = ['respond', '480 Temporarily Unavailable'];

function room(flags: string): readonly Action[] {
  return [['answer'], ['conference', `$1@${conferenceProfile}${flags}`]];
}

/** What the service's answers change; each stands before its feature. */
const answeredFeatures: readonly Extension[] = [
  answered('conference', 'closed', [unavailable]),
  answered('conference', 'muted', room('+flags{mute}')),
  answered('conference', 'moderator', room('+flags{moderator}')),
  answered('voicemail', 'closed', [unavailable]),
  answered('mailbox', 'closed', [unavailable]),
  answered('ivr', 'closed', [['transfer', 'voicemail-$1 XML from-sbc']]),
];

const features: readonly Extension[] = [
  { name: 'echo', conditions: [user('echo')], actions: [['answer'], ['echo']] },
  { name: 'tone', conditions: [user('tone')], actions: [['answer'], ['playback', tones.steady]] },
  { name: 'conference', conditions: [named('conference')], actions: room('') },
  {
    name: 'voicemail',
    comment: 'Leave a message: greeting, beep, recording until the caller hangs up, presses a key or falls silent.',
    conditions: [named('voicemail')],
    actions: [
      ['answer'],
      ['set', 'voicemail_greeting_path=${own_recording}'],
      ['set', 'skip_record_urgent_check=true'],
      ['voicemail', `${voicemailProfile} ${voicemailDomain} $1`],
    ],
  },
  {
    name: 'mailbox',
    comment:
      'Hear messages. auth: no PIN is asked for, because the SBC sends mailbox-NAME only for the owner of the box.',
    conditions: [named('mailbox')],
    actions: [['answer'], ['voicemail', `check auth ${voicemailProfile} ${voicemailDomain} $1`]],
  },
  {
    name: 'menu prompt',
    goesOn: true,
    conditions: [named('ivr'), ['${own_recording}', '^$']],
    actions: [['set', `own_recording=${tones.ask}`, 'inline']],
  },
  {
    name: 'ivr',
    comment: 'A menu: one digit of 1 to 4, three tries of 5 s.',
    conditions: [named('ivr')],
    actions: [
      ['set', 'menu=$1'],
      ['answer'],
      ['play_and_get_digits', `1 1 3 5000 # \${own_recording} ${tones.refused} digit [1-4]`],
      ['transfer', 'choice-${digit} XML menu'],
    ],
  },
  {
    name: 'anything else',
    comment: 'Not a feature: the SBC and this host disagree.',
    conditions: [],
    actions: [['respond', '404']],
  },
];

/** What the digits of a menu do. Rooms and boxes are those of the menu's own name, which live on this host. */
const choices: readonly Extension[] = [
  { name: '1', conditions: [user('choice-1')], actions: [['transfer', 'echo XML from-sbc']] },
  { name: '2', conditions: [user('choice-2')], actions: [['transfer', 'tone XML from-sbc']] },
  { name: '3', conditions: [user('choice-3')], actions: [['transfer', 'conference-${menu} XML from-sbc']] },
  { name: '4', conditions: [user('choice-4')], actions: [['transfer', 'voicemail-${menu} XML from-sbc']] },
  { name: 'none', conditions: [], actions: [['playback', tones.goodbye], ['hangup']] },
];

/** mod_voicemail offers to call back who left a message. A media host calls nobody. */
const callBack: readonly Extension[] = [{ name: 'refused', conditions: [], actions: [['playback', tones.refused]] }];

export function dialplanXml(cell: Cell): string {
  const settings = cell.spec.media.freeswitch;
  return `<include>
${context('from-sbc', 'Calls from the SBC. The first match wins; extensions with continue="true" only prepare.', [
  ...preparations(settings),
  ...(settings.configurationService === undefined ? [] : answeredFeatures),
  ...features,
])}

${context('menu', 'Where a menu goes on; reached from "ivr" above alone.', choices)}

${context('call-back', 'Where voicemail would call somebody back.', callBack)}
</include>
`;
}
