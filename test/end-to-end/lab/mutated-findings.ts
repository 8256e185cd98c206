/** What is wrong after mutated dialogs, whichever bed they were played in: each finding with the dialogs that it names. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { internalPorts } from '../../../lib/fleet/schema/fixed.ts';
import type { Ear, Stray } from './elsewhere.ts';
import type { MutatedDialogs, Played } from './mutated-dialogs.ts';

/** The seed of what is played, and a single number of it: `MUTATED=SEED:NUMBER` plays one dialog alone. */
export const chosen = (() => {
  const [seed, number] = (process.env['MUTATED'] ?? '').split(':');
  return {
    seed: seed === undefined || seed === '' ? undefined : Number(seed),
    number: number === undefined ? undefined : Number(number),
  };
})();

/** What is there, by where and how many; empty when nothing is. */
export type Left = Readonly<Record<string, string>>;

export class Findings {
  readonly texts: string[] = [];
  readonly #played: readonly Played[];

  constructor(played: readonly Played[]) {
    this.#played = played;
  }

  /** @param text in which Call-IDs or names of calls may stand */
  add(what: string, text = ''): void {
    const named = namedIn(text, this.#played).slice(0, 3).map(print);
    this.texts.push([...(text === '' ? [what] : [what, text]), ...named].join('\n'));
  }

  addLeft(left: Left): void {
    for (const [what, text] of Object.entries(left)) this.add(`left behind: ${what}`, text);
  }

  /** Takes what went where nobody may be sent to, and what came to somebody who is no party. */
  addStrays(ears: readonly Ear[], dialogs: MutatedDialogs, isUsual: (stray: Stray) => boolean): void {
    for (const stray of ears.flatMap((ear) => ear.strays.splice(0))) {
      if (!isUsual(stray)) this.add(`${stray.from} sent to ${stray.to}:`, stray.text);
    }
    for (const { at, text } of dialogs.strayed.splice(0)) this.add(`${at} got`, text);
  }
}

/** Plays dialogs of a seed, while somebody asks all the time whether the server is there. */
export async function playWatched(
  dialogs: MutatedDialogs,
  seed: number,
  numbers: readonly number[],
): Promise<Findings> {
  const begun = Date.now();
  const from = dialogs.played.length;
  const playing = dialogs.play(seed, numbers);
  const pings = dialogs.ping(playing);
  await playing;
  const seconds = (Date.now() - begun) / 1000;
  await dialogs.forgetRegistrations();
  const slowest = Math.max(...(await pings));
  const played = dialogs.played.slice(from);
  const mutated = played.filter(({ mutation }) => mutation !== undefined);
  console.log(
    `seed ${seed}: ${played.length} dialogs in ${seconds.toFixed(0)} s, ${mutated.length} of them changed; slowest answer to OPTIONS ${slowest.toFixed(0)} ms`,
  );
  if (numbers.length > 1) expect(mutated.length).toBeGreaterThan(0.4 * numbers.length);
  const findings = new Findings(played);
  if (slowest > 2000) findings.add(`OPTIONS was answered after ${slowest} ms`);
  return findings;
}

/** Tables of an SBC that are empty when there is no call: those of which nothing goes by itself, and those of which all does. */
const lasting = ['calls', 'own_records', 'others_records'] as const;
const expiring = ['sides', 'sent', 'rang', 'unreleased', 'rivals', 'suppressing', 'ending', 'waiting'] as const;

/**
 * What an SBC has though no call is there.
 * @param ask Kamailio's answer to `kamcmd`; a long one it does not print: more than 128 kB
 * @param stays whether a contact, `USER ADDRESS`, is to be there
 * @param alsoExpiring Whether what goes by itself counts. A side of a call goes 40 s after the call's end.
 */
export async function leftOnSbc(
  name: string,
  ask: (...words: readonly string[]) => Promise<string>,
  stays: (contact: string) => boolean,
  { alsoExpiring }: { readonly alsoExpiring: boolean },
): Promise<Left> {
  const left: Record<string, string> = {};
  const sizes = new Map(
    [...(await ask('htable.stats')).matchAll(/name: (\S+)[^]*?all: (\d+)/g)].map(([, table, all]) => [
      table!,
      Number(all),
    ]),
  );
  const entries = async (table: string) =>
    [...(await ask('htable.dump', table)).matchAll(/name: .*\s+value: .*/g)].map(([entry]) => entry);
  for (const table of [...lasting, ...(alsoExpiring ? expiring : [])]) {
    const size = sizes.get(table);
    if (size === undefined) throw new Error(`${name} has no table ${table}`);
    if (size === 0) continue;
    left[`${table} of ${name}: ${size}`] = size > 200 ? '' : (await entries(table)).slice(0, 5).join('\n');
  }
  const load = (await entries('load')).filter((entry) => !/value: 0$/.test(entry));
  if (load.length > 0) left[`load of ${name}: ${load.length}`] = load.slice(0, 5).join('\n');
  Object.assign(left, await leftTransactions(name, ask));
  const contacts = [...(await ask('ul.dump')).matchAll(/AoR: (\S+)[^]*?Address: (\S+)/g)].map(
    ([, user, contact]) => `${user} ${contact}`,
  );
  const strange = contacts.filter((contact) => !stays(contact));
  if (strange.length > 0) left[`contacts of ${name}`] = strange.join('\n');
  return left;
}

/**
 * The calls of a relay, as it lists them itself.
 * @param run a program on a host that may command the relay
 */
export async function leftOnRelay(
  name: string,
  address: string,
  run: (...argv: readonly string[]) => Promise<string>,
): Promise<Left> {
  const program = `
    const socket = require('node:dgram').createSocket('udp4');
    socket.on('message', (message) => { console.log(message.toString()); socket.close(); });
    socket.send('left-' + Date.now() + ' d5:limiti100e7:command4:liste', ${internalPorts.rtpengineControl}, '${address}');`;
  const list = await run('timeout', '3', process.execPath, '-e', program);
  const calls = /5:callsl(.*?)e6:result/s.exec(list)?.[1];
  if (calls === undefined) throw new Error(`${name} does not list its calls: ${list}`);
  return calls === '' ? {} : { [`sessions of ${name}`]: calls };
}

/** Transactions that wait for something, each with its request; a finished one is kept a while for late repetitions. */
export async function leftTransactions(
  name: string,
  ask: (...words: readonly string[]) => Promise<string>,
): Promise<Left> {
  const stats = await ask('tm.stats');
  const of = (key: string) => Number(new RegExp(`\\b${key}: (\\d+)`).exec(stats)![1]);
  const waiting = of('waiting');
  return of('current') === waiting
    ? {}
    : { [`transactions of ${name}: ${of('current')}, ${waiting} of them over`]: await ask('tm.list') };
}

/** What is left once all time-outs are over. @param patience seconds */
export async function leftWithin(patience: number, look: () => Promise<Left>): Promise<Left> {
  const begun = Date.now();
  const seconds = () => (Date.now() - begun) / 1000;
  let left = await look();
  for (; Object.keys(left).length > 0 && seconds() < patience; left = await look()) await sleep(1000);
  console.log(
    `all is gone ${Object.keys(left).length === 0 ? `${seconds().toFixed(0)} s` : 'not'} after the last dialog`,
  );
  return left;
}

/** The dialogs that a text names, by their Call-IDs or by the names that an SBC gives their calls. */
function namedIn(text: string, played: readonly Played[]): readonly Played[] {
  if (text === '') return [];
  return played.filter(({ name, callIds }) => {
    const calls = [...callIds].flatMap((callId) =>
      [1, 2, 3, 4].map((cseq) => createHash('md5').update(`${callId}|t${name}|${cseq}`).digest('hex').slice(0, 20)),
    );
    return [...callIds, name, ...calls].some((each) => names(text, each));
  });
}

/** Whether a text has this Call-ID, and not another one that begins so. */
const names = (text: string, callId: string) =>
  text
    .split(callId)
    .slice(1)
    .some((rest) => !/^\d/.test(rest));

function print({ name, kind, mutation, answers, messages, callIds }: Played): string {
  return (
    [
      `--- dialog ${name}, a ${kind}, changed: ${mutation}; Call-IDs ${[...callIds].join(' ')}; answers: ${answers.join(', ')}`,
      ...messages,
    ].join('\n') + '\n---'
  );
}
