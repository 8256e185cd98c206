/**
 * What voicemail says: in the language `en` from SignalWire's sound package, in the language `tones` where that is not
 * installed. mod_voicemail names the phrases and what they get; a phrase that is missing ends the call.
 */
import { paths } from './paths.ts';
import { tones } from './tones.ts';

/**
 * A step of a spoken phrase: a file of the package's folder `voicemail` without `vm-` and `.wav`, or something to be said:
 * `#$1` a number, `key $1` a key of the telephone, `date $1` seconds since 1970.
 */
type Step = string;

interface Phrase {
  readonly name: string;
  /** What to play without sounds; none: silence. */
  readonly tone?: string;
  /** Pattern of what mod_voicemail gives, and what is said then; the first that matches. Without: nothing is said. */
  readonly speech?: readonly (readonly [pattern: string, steps: readonly Step[]])[];
}

const any = '^.*$';
const key = '([0-9#*])';
const press = (file: string, n: number): readonly Step[] => [file, 'press', `key $${n}`];

const phrases: readonly Phrase[] = [
  // Leaving a message.
  { name: 'voicemail_play_greeting', tone: tones.present, speech: [[any, ['person', 'not_available']]] },
  { name: 'voicemail_record_message', speech: [[any, ['record_message']]] },
  {
    name: 'voicemail_record_file_check',
    tone: tones.ask,
    speech: [
      [
        `^${key}:${key}:${key}$`,
        [...press('listen_to_recording', 1), ...press('save_recording', 2), ...press('rerecord', 3)],
      ],
    ],
  },
  {
    name: 'voicemail_record_urgent_check',
    tone: tones.ask,
    speech: [[`^${key}:${key}$`, [...press('mark-urgent', 1), ...press('continue', 2)]]],
  },
  {
    name: 'voicemail_ack',
    tone: tones.done,
    speech: [
      ['^too-small$', ['too-small']],
      ['^(deleted|saved|emailed|marked-urgent)$', ['message', '$1']],
    ],
  },
  { name: 'voicemail_disk_quota_exceeded', tone: tones.refused, speech: [[any, ['mailbox_full']]] },
  { name: 'voicemail_goodbye', tone: tones.goodbye, speech: [[any, ['goodbye']]] },

  // Hearing messages.
  { name: 'voicemail_hello', tone: tones.done },
  {
    name: 'voicemail_message_count',
    tone: tones.present,
    speech: [
      ['^1:(.*)$', ['you_have', '#1', '$1', 'message']],
      ['^(\\d+):(.*)$', ['you_have', '#$1', '$2', 'messages']],
    ],
  },
  {
    name: 'voicemail_menu',
    tone: tones.ask,
    speech: [
      [
        `^${key}:${key}:${key}:${key}$`,
        [...press('listen_new', 1), ...press('listen_saved', 2), ...press('advanced', 3), ...press('to_exit', 4)],
      ],
    ],
  },
  { name: 'voicemail_say_message_number', speech: [['^([a-z]+):(\\d+)$', ['$1', 'message_number', '#$2']]] },
  { name: 'voicemail_say_number', speech: [['^(\\d+)$', ['#$1']]] },
  { name: 'voicemail_say_date', speech: [['^(\\d+)$', ['date $1']]] },
  { name: 'voicemail_say_name' },
  { name: 'voicemail_say_phone_number' },
  {
    name: 'voicemail_listen_file_check',
    tone: tones.ask,
    speech: [
      [
        `^${key}:${key}:${key}:`,
        [...press('listen_to_recording', 1), ...press('save_recording', 2), ...press('delete_recording', 3)],
      ],
    ],
  },

  // Forwarding a message to another box.
  {
    name: 'voicemail_forward_prepend',
    tone: tones.ask,
    speech: [[`^${key}:${key}$`, [...press('forward_add_intro', 1), ...press('send_message_now', 2)]]],
  },
  {
    name: 'voicemail_forward_message_enter_extension',
    tone: tones.ask,
    speech: [[`^${key}$`, ['forward_enter_ext', 'followed_by', 'key $1']]],
  },
  { name: 'voicemail_invalid_extension', tone: tones.refused, speech: [[any, ['that_was_an_invalid_ext']]] },

  // The owner's settings.
  {
    name: 'voicemail_config_menu',
    tone: tones.ask,
    speech: [
      [
        `^${key}:${key}:${key}:${key}:${key}$`,
        [
          ...press('to_record_greeting', 1),
          ...press('choose_greeting', 2),
          ...press('record_name2', 3),
          ...press('change_password', 4),
          ...press('main_menu', 5),
        ],
      ],
    ],
  },
  { name: 'voicemail_record_greeting', tone: tones.ask, speech: [[any, ['record_greeting']]] },
  { name: 'voicemail_choose_greeting', tone: tones.ask, speech: [[any, ['choose_greeting_choose']]] },
  { name: 'voicemail_choose_greeting_fail', tone: tones.refused, speech: [[any, ['choose_greeting_fail']]] },
  { name: 'voicemail_greeting_selected', tone: tones.done, speech: [['^(\\d+)$', ['greeting', '#$1', 'selected']]] },
  { name: 'voicemail_record_name', tone: tones.ask, speech: [[any, ['record_name1']]] },
  { name: 'voicemail_enter_id', tone: tones.ask, speech: [['^(.*)$', ['enter_id', 'key $1']]] },
  { name: 'voicemail_enter_pass', tone: tones.ask, speech: [['^(.*)$', ['enter_pass', 'key $1']]] },
  { name: 'voicemail_fail_auth', tone: tones.refused, speech: [[any, ['fail_auth']]] },
  { name: 'voicemail_change_pass_success', tone: tones.done, speech: [[any, ['password_has_been_changed']]] },
  { name: 'voicemail_change_pass_fail', tone: tones.refused, speech: [[any, ['password_not_valid']]] },
  { name: 'voicemail_abort', tone: tones.refused, speech: [[any, ['abort']]] },
];

function stepXml(step: Step): string {
  const said = /^(#|key |date )(.*)$/.exec(step);
  if (!said) return `<action function="play-file" data="voicemail/vm-${step}.wav"/>`;
  const type = { '#': 'items', 'key ': 'name_spelled', 'date ': 'short_date_time' }[said[1]!];
  return `<action function="say" data="${said[2]}" method="pronounced" type="${type}"/>`;
}

function macroXml(name: string, inputs: readonly (readonly [pattern: string, actions: readonly string[]])[]): string {
  const inputXml = inputs.map(
    ([pattern, actions]) => `          <input pattern="${pattern}" break_on_match="true">
            <match>${actions.map((action) => `\n              ${action}`).join('')}
            </match>
          </input>`,
  );
  return `        <macro name="${name}">\n${inputXml.join('\n')}\n        </macro>`;
}

export function promptsXml(): string {
  const language = (
    name: string,
    attributes: string,
    macros: readonly string[],
  ) => `  <language name="${name}"${attributes}>
    <phrases>
      <macros>
${macros.join('\n')}
      </macros>
    </phrases>
  </language>`;
  return `<include>
  <!-- Without the sound package: beeps. -->
${language(
  'tones',
  ' say-module="en"',
  phrases.map(({ name, tone }) =>
    macroXml(name, [[any, tone ? [`<action function="play-file" data="${tone}"/>`] : []]]),
  ),
)}

  <!-- With it (freeswitch-sounds-en-us-callie). -->
${language(
  'en',
  ` say-module="en" sound-prefix="${paths.sounds}"`,
  phrases.map(({ name, speech = [[any, []]] }) =>
    macroXml(
      name,
      speech.map(([pattern, steps]) => [pattern, steps.map(stepXml)]),
    ),
  ),
)}
</include>
`;
}
