/**
 * Writes a text of the old form in the present one: what only AWS understands moves into its section, with its comments. The text is cut
 * at the places that the parser names and never reprinted, so every other line stays as it is.
 */
import { isDeepStrictEqual } from 'node:util';
import { CST, Lexer, isMap, isScalar, isSeq, parseDocument, type Node, type Pair, type YAMLMap } from 'yaml';
import type { Path } from './finding.ts';
import { inSections, meansAws, movedValues, type MovedValue, type OldForm } from './old-form.ts';
import { readSource } from './source.ts';
import { contentEnd, lineEnd, lineStart } from './yaml-places.ts';

/** A text is written in a way that only a person can edit. */
class ByHand extends Error {}

export type Rewriting =
  | { readonly text: string }
  /** Why only a person can do it. */
  | { readonly refused: string };

/** @returns the same text where nothing stands in an old place, and where nothing can be read */
export function rewriteForm(text: string, form: OldForm): Rewriting {
  const { value, findings } = readSource('', text);
  if (movedValues(value, form).length === 0 && !meansAws(value, form)) return { text };
  if (findings.length > 0) return { refused: 'fix its errors first' };
  if (inSections(readSource('', text), form).findings.some(({ severity }) => severity === 'error')) {
    return { refused: 'a value is in both places' };
  }
  const newLine = text.includes('\r\n') ? '\r\n' : '\n';
  const lines = text.replaceAll('\r\n', '\n');
  try {
    let after = lines;
    // One after the other: each is cut out of what the one before left.
    for (let [move] = movedValues(value, form); move !== undefined; [move] = movedValues(valueOf(after), form)) {
      after = moveKey(after, move);
    }
    if (meansAws(value, form) && !has(valueOf(after), 'aws'))
      after = insert(after, [], { comments: [], lines: ['aws: {}'] });
    if (!saysTheSame(lines, after, form)) throw new ByHand();
    // Line ends of both kinds would all become one.
    if (newLine === '\r\n' && lines.replaceAll('\n', '\r\n') !== text) throw new ByHand();
    return { text: after.replaceAll('\n', newLine) };
  } catch (error) {
    if (!(error instanceof ByHand)) throw error;
    return { refused: 'it is written in a way that can only be edited by hand' };
  }
}

const valueOf = (text: string): unknown => {
  const { value, findings } = readSource('', text);
  if (value === undefined || findings.length > 0) throw new ByHand();
  return value;
};
const has = (value: unknown, key: string): boolean => Object.hasOwn(value as object, key);

/** Whether a text says in its new places what the other one said, with every comment. */
function saysTheSame(before: string, after: string, form: OldForm): boolean {
  const wanted = inSections(readSource('', before), form).value;
  const value = valueOf(after);
  const comments = (text: string) =>
    commentsOf(text)
      .map((comment) => comment.text)
      .sort();
  return (
    has(value, 'aws') === has(wanted, 'aws') &&
    isDeepStrictEqual(withoutEmptied(value), withoutEmptied(wanted)) &&
    isDeepStrictEqual(comments(after), comments(before))
  );
}

/** A group whose last key has moved says nothing. */
function withoutEmptied(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmptied);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, withoutEmptied(inner)] as const);
  const said = entries.filter(
    ([, inner]) => typeof inner !== 'object' || inner === null || Object.keys(inner).length > 0,
  );
  return Object.fromEntries(said);
}

interface Comment {
  readonly at: number;
  readonly text: string;
}

function commentsOf(text: string): readonly Comment[] {
  let at = 0;
  const found: Comment[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    const type = CST.tokenType(lexeme);
    // Marks of the lexer that stand for no character.
    if (type === 'scalar' || type === 'doc-mode' || type === 'flow-error-end') continue;
    if (type === 'comment') found.push({ at, text: lexeme.trimEnd() });
    at += lexeme.length;
  }
  return found;
}

/** A key with its value, cut out. */
interface Piece {
  /** Comments above it, without indentation. */
  readonly comments: readonly string[];
  /** As if it stood alone. */
  readonly lines: readonly string[];
}

function moveKey(text: string, { from, to }: MovedValue): string {
  const { text: rest, piece } = cut(text, from);
  return insert(rest, to.slice(0, -1), piece);
}

type Group = YAMLMap<Node, Node | null>;
type Entry = Pair<Node, Node | null>;

function rootOf(text: string): Group {
  const { contents, errors } = parseDocument(text);
  if (errors.length > 0 || !isMap(contents) || contents.flow) throw new ByHand();
  return contents as unknown as Group;
}

/** The groups that a path leads through, each with the entry of the next step; entries of lists are passed by. */
function way(root: Group, path: Path): readonly (readonly [Group, Entry])[] {
  const passed: (readonly [Group, Entry])[] = [];
  let node: Node | null = root as unknown as Node;
  for (const step of path) {
    if (isMap(node)) {
      const group = node as unknown as Group;
      const entry = entryOf(group, String(step)) ?? byHand();
      passed.push([group, entry]);
      node = entry.value;
    } else if (isSeq(node)) node = node.items[Number(step)] as Node;
    else byHand();
  }
  return passed;
}

const byHand = (): never => {
  throw new ByHand();
};

const entryOf = ({ items }: Group, key: string): Entry | undefined =>
  items.find((item) => isScalar(item.key) && String(item.key.source ?? item.key.value) === key);

const startOf = ({ key }: Entry): number => key.range![0];
const endOf = ({ key, value }: Entry): number => contentEnd(value ?? key);

/** Takes a key out, and with it the groups that it leaves empty. */
function cut(text: string, path: Path): { readonly text: string; readonly piece: Piece } {
  const passed = way(rootOf(text), path);
  const [, key] = passed.at(-1)!;
  let depth = passed.length - 1;
  // An entry of a list stays, however little it says.
  while (
    depth > 0 &&
    passed[depth]![0].items.length === 1 &&
    (passed[depth - 1]![1].value as unknown) === passed[depth]![0]
  )
    depth--;
  const [group, entry] = passed[depth]!;
  const [from, to] = group.flow ? flowRange(group, entry) : blockRange(text, group, entry);
  const [first, last] = [startOf(key), endOf(key)];
  const inFlow = passed.at(-1)![0].flow === true;
  const indent = first - lineStart(text, first);
  const written = text.slice(first, inFlow ? last : lineEnd(text, last)).trimEnd();
  const within = (at: number) => at >= first && at < first + written.length;
  const comments = commentsOf(text).filter(({ at }) => at >= from && at < to && !within(at));
  const lines = inFlow
    ? [written.replace(/\s*\n\s*/g, ' ')]
    : written.split('\n').map((line, at) => (at === 0 ? line : line.slice(Math.min(indent, line.search(/\S|$/)))));
  return {
    text: text.slice(0, from) + text.slice(to),
    piece: { comments: comments.map((comment) => comment.text), lines },
  };
}

/** A key between brackets, with the comma that it no longer needs. */
function flowRange({ items }: Group, entry: Entry): readonly [number, number] {
  const at = items.indexOf(entry);
  const next = items[at + 1];
  if (next !== undefined) return [startOf(entry), startOf(next)];
  return at === 0 ? [startOf(entry), endOf(entry)] : [endOf(items[at - 1]!), endOf(entry)];
}

/** The lines of a key, with those of comment right above it. */
function blockRange(text: string, { items }: Group, entry: Entry): readonly [number, number] {
  const start = lineStart(text, startOf(entry));
  const end = lineEnd(text, endOf(entry));
  if (text.slice(start, startOf(entry)).trim() === '') return [commentsAbove(text, start, startOf(entry) - start), end];
  // It stands behind the hyphen of a list's entry, where the next key takes its place.
  const next = items[items.indexOf(entry) + 1] ?? byHand();
  if (text.slice(end, startOf(next)).trim() !== '') byHand();
  return [startOf(entry), startOf(next)];
}

/** Where the lines of comment begin that stand right above a line and are indented alike. What a file begins with is about the file. */
function commentsAbove(text: string, start: number, indent: number): number {
  const above = new RegExp(String.raw`(?:^|\n)((?: {${indent}}#[^\n]*\n)+)$`).exec(text.slice(0, start));
  const from = start - (above?.[1]?.length ?? 0);
  return from === 0 ? start : from;
}

/** Puts a key at the end of the group at a path, which is made as far as it is not there. */
function insert(text: string, path: Path, piece: Piece): string {
  const root = rootOf(text);
  let group = root;
  let node: Node | null = root as unknown as Node;
  for (const [at, step] of path.entries()) {
    if (isSeq(node)) {
      node = node.items[Number(step)] as Node;
      continue;
    }
    if (!isMap(node)) return byHand();
    group = node as unknown as Group;
    const entry = entryOf(group, String(step));
    if (entry === undefined) return add(text, root, group, nested(path.slice(at).map(String), piece));
    if (isMap(entry.value) && entry.value.items.length === 0) {
      return fill(text, entry, group, nested(path.slice(at + 1).map(String), piece));
    }
    node = entry.value;
  }
  if (!isMap(node)) return byHand();
  return add(text, root, node as unknown as Group, piece);
}

/** A key inside of groups of its own. */
function nested(groups: readonly string[], piece: Piece): Piece {
  return groups.reduceRight<Piece>(
    (inner, name) => ({ comments: [], lines: [`${name}:`, ...[...inner.comments, ...inner.lines].map(indented)] }),
    piece,
  );
}

const indented = (line: string): string => (line === '' ? '' : `  ${line}`);

/** A key as it stands between brackets. */
function inBrackets({ comments, lines }: Piece): string {
  if (comments.length > 0) return byHand();
  const steps = lines.slice(0, -1).map((line) => line.trim());
  if (steps.some((step) => !/^[A-Za-z]+:$/.test(step))) return byHand();
  return steps.reduceRight((inner, step) => `${step} { ${inner} }`, lines.at(-1)!.trim());
}

/** Adds a key to a group that says something. */
function add(text: string, root: Group, group: Group, piece: Piece): string {
  const last = group.items.at(-1)!;
  if (group.flow) return `${text.slice(0, endOf(last))}, ${inBrackets(piece)}${text.slice(endOf(last))}`;
  const first = startOf(group.items[0]!);
  const indent = ' '.repeat(first - lineStart(text, first));
  const lines = [...piece.comments, ...piece.lines].map((line) => (line === '' ? '' : indent + line)).join('\n');
  const lists = group === root ? group.items.find(({ key }) => ['trunks', 'tenants'].includes(String(key))) : undefined;
  if (lists !== undefined) {
    // Above the long lists, which end most files.
    const at = commentsAbove(text, lineStart(text, startOf(lists)), 0);
    const apart = text.slice(0, at).endsWith('\n\n') ? '\n' : '';
    return `${text.slice(0, at)}${lines}\n${apart}${text.slice(at)}`;
  }
  const at = lineEnd(text, endOf(last));
  const apart = group === root && text.includes('\n\n') ? '\n' : '';
  return `${text.slice(0, at)}${text.slice(0, at).endsWith('\n') ? '' : '\n'}${apart}${lines}\n${text.slice(at)}`;
}

/** Gives a group without keys its first one. */
function fill(text: string, { key, value }: Entry, outer: Group, piece: Piece): string {
  const colon = text.indexOf(':', key.range![1]) + 1;
  const end = value!.range![1];
  if (outer.flow) return `${text.slice(0, colon)} { ${inBrackets(piece)} }${text.slice(end)}`;
  const start = key.range![0];
  const indent = ' '.repeat(start - lineStart(text, start) + 2);
  const lines = [...piece.comments, ...piece.lines].map((line) => (line === '' ? '' : indent + line)).join('\n');
  const below = lineEnd(text, end);
  const behind = text.slice(end, below).trimEnd();
  return `${text.slice(0, colon)}${behind}\n${lines}\n${text.slice(below)}`;
}
