/**
 * Edits of YAML text that a person wrote: lists gain and lose an entry, a word changes. Every other line stays as it is, byte
 * for byte, because the text is cut at the places that the parser names and never reprinted.
 */
import { isDeepStrictEqual } from 'node:util';
import { isMap, isScalar, isSeq, parseDocument, stringify, visit, type Node, type YAMLMap, type YAMLSeq } from 'yaml';
import { contentEnd, lineEnd, lineStart } from './yaml-places.ts';

/** The text can't be edited without changing more than was asked for. */
export class EditRefused extends Error {
  override readonly name = 'EditRefused';
}

/** An entry of a list, cut out. */
export interface Entry {
  /** Lines of comment right above it, without indentation. */
  readonly comments: readonly string[];
  /** As if it stood alone. */
  readonly lines: readonly string[];
}

/** Takes an entry out of the list of a key. A list without entries left becomes `[]`. */
export function takeEntry(text: string, key: string, at: number): { readonly text: string; readonly entry: Entry } {
  const { list, colon } = listOf(text, key);
  const node = list!.items[at] as Node;
  const only = list!.items.length === 1;
  const [from, to] = rangeOf(node);
  if (list!.flow) {
    const [first, last] = only
      ? [from, to]
      : at < list!.items.length - 1
        ? [from, rangeOf(list!.items[at + 1] as Node)[0]]
        : [rangeOf(list!.items[at - 1] as Node)[1], to];
    const written = text.slice(from, to);
    const entry = { comments: [], lines: [written.includes('\n') ? inBrackets(valueAt(text, key, at)) : written] };
    return checked(
      text,
      text.slice(0, first) + text.slice(last),
      entry,
      (data) => void listIn(data, key).splice(at, 1),
    );
  }
  const dash = dashBefore(text, from);
  const start = commentsAbove(text, lineStart(text, dash));
  const end = lineEnd(text, contentEnd(node));
  const rest = text.slice(0, start) + text.slice(end);
  const emptied = only ? `${rest.slice(0, colon)} []${rest.slice(colon)}` : rest;
  const indent = from - lineStart(text, from);
  const [firstLine, ...lines] = text.slice(from, end).trimEnd().split(/\r?\n/);
  const entry = {
    comments: splitLines(text.slice(start, lineStart(text, dash))).map((line) => line.trim()),
    lines: [firstLine!, ...lines.map((line) => line.slice(Math.min(indent, line.search(/\S|$/))))],
  };
  if (!isDeepStrictEqual(valueOf(entry), valueAt(text, key, at))) throw new EditRefused(byHand);
  return checked(text, emptied, entry, (data) => void listIn(data, key).splice(at, 1));
}

/** Puts an entry at the end of the list of a key, which is made where it is not there. */
export function addEntry(text: string, key: string, entry: Entry): string {
  const { list, colon } = listOf(text, key);
  const added = (result: string) =>
    checked(text, result, undefined, (data) => {
      data[key] = [...((data[key] as unknown[] | null | undefined) ?? []), valueOf(entry)];
    }).text;
  const insert = (at: number, indent: string, before = text.slice(0, at)) => {
    const eol = eolOf(text);
    const lines = [
      ...entry.comments.map((line) => indent + line),
      ...entry.lines.map((line, i) => (line === '' ? '' : `${indent}${i === 0 ? '- ' : '  '}${line}`)),
    ];
    const gap = before === '' || before.endsWith('\n') ? '' : eol;
    return added(`${before}${gap}${lines.join(eol)}${eol}${text.slice(at)}`);
  };
  if (colon === undefined) {
    const eol = eolOf(text);
    return insert(text.length, '  ', `${text}${text.endsWith('\n') ? '' : eol}${key}:${eol}`);
  }
  const last = list?.items.at(-1) as Node | undefined;
  if (last === undefined) {
    // `key:` alone, or `key: []`
    const rest = list ? text.slice(rangeOf(list)[1], lineEnd(text, colon)) : text.slice(colon, lineEnd(text, colon));
    return insert(lineEnd(text, colon), '  ', text.slice(0, colon) + rest);
  }
  if (list!.flow) {
    const [, to] = rangeOf(last);
    const alone = entry.lines.length === 1 && /^[{"'\w]/.test(entry.lines[0]!) ? entry.lines[0]! : '';
    const written = alone.startsWith('{') ? alone : inBrackets(valueOf(entry));
    return added(`${text.slice(0, to)}, ${written}${text.slice(to)}`);
  }
  const dash = dashBefore(text, rangeOf(last)[0]);
  return insert(lineEnd(text, contentEnd(last)), text.slice(lineStart(text, dash), dash));
}

/** Sets a key to a word. Where it is not there, it is put on a line of its own below another key. */
export function setWord(text: string, key: string, word: string, below: string): string {
  const map = rootOf(text);
  const pair = pairOf(map, key);
  const change = (data: Data) => void (data[key] = word);
  if (pair && isScalar(pair.value)) {
    const [from, to] = rangeOf(pair.value);
    return checked(text, text.slice(0, from) + word + text.slice(to), undefined, change).text;
  }
  const above = pairOf(map, below);
  if (pair || !above) throw new EditRefused(`${key} can't be set here`);
  const at = lineEnd(text, contentEnd(above.value as Node));
  const eol = eolOf(text);
  const gap = text.slice(0, at).endsWith('\n') ? '' : eol;
  return checked(text, `${text.slice(0, at)}${gap}${key}: ${word}${eol}${text.slice(at)}`, undefined, change).text;
}

const byHand = 'written in a way that can only be edited by hand';

type Data = Record<string, unknown>;

const listIn = (data: Data, key: string): unknown[] => data[key] as unknown[];

/** What comes out must say what was to be said, and nothing else: whatever way of writing the cuts did not foresee. */
function checked<T>(
  before: string,
  after: string,
  entry: T,
  change: (data: Data) => void,
): { readonly text: string; readonly entry: T } {
  const expected = rootOf(before).toJSON() as Data;
  change(expected);
  const document = parseDocument(after);
  if (document.errors.length > 0 || !isDeepStrictEqual(document.toJSON(), expected)) {
    throw new EditRefused(byHand);
  }
  return { text: after, entry };
}

const valueAt = (text: string, key: string, at: number): unknown => listIn(rootOf(text).toJSON() as Data, key)[at];
const valueOf = ({ lines }: Entry): unknown => parseDocument(lines.join('\n')).toJSON();
const inBrackets = (value: unknown): string =>
  stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trim().replace(/\n\s*/g, ' ');

function rootOf(text: string): YAMLMap {
  const document = parseDocument(text);
  const fault = document.errors[0];
  if (fault) throw new EditRefused(fault.message);
  visit(document, {
    Alias: () => {
      throw new EditRefused('an alias (*name) stands for text elsewhere: write it out first');
    },
  });
  const { contents } = document;
  if (!isMap(contents) || contents.flow) throw new EditRefused('not a list of keys, one a line');
  return contents;
}

const pairOf = (map: YAMLMap, key: string) => map.items.find((pair) => isScalar(pair.key) && pair.key.value === key);

/** @returns the list, undefined where there is none, and the place after the key's colon, undefined where there is no key */
function listOf(text: string, key: string): { readonly list?: YAMLSeq; readonly colon?: number } {
  const pair = pairOf(rootOf(text), key);
  if (!pair) return {};
  const colon = text.indexOf(':', rangeOf(pair.key as Node)[1]) + 1;
  return isSeq(pair.value) ? { list: pair.value, colon } : { colon };
}

function rangeOf({ range }: Node): readonly [from: number, to: number] {
  return [range![0], range![1]];
}

function dashBefore(text: string, at: number): number {
  const between = /-[ \t]*(?:#[^\n]*)?(?:\r?\n[ \t]*)*$/.exec(text.slice(0, at));
  if (!between) throw new EditRefused(byHand);
  return between.index;
}

/** Where the lines of comment begin that stand right above a line. */
function commentsAbove(text: string, start: number): number {
  const above = /(?:^|\n)((?:[ \t]+#[^\n]*\n)*)$/.exec(text.slice(0, start));
  return start - (above?.[1]?.length ?? 0);
}

const splitLines = (text: string): readonly string[] => (text === '' ? [] : text.replace(/\r?\n$/, '').split(/\r?\n/));
const eolOf = (text: string): string => (text.includes('\r\n') ? '\r\n' : '\n');

/** The names of the entries of a list, in their order. */
export function namesIn(text: string, key: string): readonly string[] {
  const entries = (rootOf(text).toJSON() as Data)[key] as readonly { readonly name: string }[] | undefined;
  return (entries ?? []).map(({ name }) => name);
}
