/**
 * A spec file's text: its value, and where in the text each part of it stands.
 *
 * The position of a value is that of its key, because that is what a person looks for.
 */
import {
  Alias,
  LineCounter,
  isMap,
  isPair,
  isScalar,
  isSeq,
  parseDocument,
  visit,
  type Document,
  type Node,
  type Pair,
  type YAMLMap,
} from 'yaml';
import { formatPath, type Finding, type Path } from './finding.ts';
import { readPlainYaml } from './plain-yaml.ts';

export interface Position {
  /** From 1; 0 in what stands in no file. */
  readonly line: number;
  /** From 1; 0 in what stands in no file. */
  readonly column: number;
}

export interface TextFile {
  readonly path: string;
  readonly text: string;
}

export interface Source {
  readonly file: string;
  /** What the text says; undefined where it can't be read. */
  readonly value: unknown;
  /** Syntax errors, repeated keys, aliases without an anchor. */
  readonly findings: readonly Finding[];
  /** Where a part stands. What the text does not hold is located at the nearest part around it. */
  locate(path: Path): Position;
  /** A scalar as it is written (`0100`, not 100); undefined for anything else. */
  written(path: Path): string | undefined;
}

/** @param file only for the findings; nothing is read */
export function readSource(file: string, text: string): Source {
  const plain = readPlainYaml(text);
  if (plain === undefined) return readYaml(file, text);
  // Positions are wanted only where something is wrong.
  let yaml: Source | undefined;
  const full = () => (yaml ??= readYaml(file, text));
  return {
    file,
    value: plain,
    findings: [],
    locate: (path) => full().locate(path),
    written: (path) => full().written(path),
  };
}

function readYaml(file: string, text: string): Source {
  const lines = new LineCounter();
  // Repeated keys are found below, with their path.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const positionAt = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const lineAt = (offset: number) => text.split('\n')[positionAt(offset).line - 1]?.trim() || 'nothing';

  const finding: FindingAt = (path, offset, rest) => ({
    severity: 'error',
    file,
    ...positionAt(offset),
    path,
    ...rest,
  });
  const unusable = (offset: number, message: string, allowed: string) =>
    finding('', offset, { message, given: lineAt(offset), allowed });
  const syntax = syntaxError(text, document, unusable);
  const findings: Finding[] = syntax === undefined ? tidy(document, finding) : [syntax];
  let value: unknown;
  try {
    value = findings.some(({ path }) => path === '') ? undefined : document.toJS();
  } catch (error) {
    // The parser counts what aliases of aliases grow to, and gives up before memory does.
    if (!(error instanceof ReferenceError)) throw error;
    findings.push(unusable(0, 'aliases stand for too much', 'few aliases'));
  }
  return {
    file,
    value,
    findings,
    locate: (path) => positionAt(offsetOf(document, path)),
    written: (path) => {
      const node = nodeAt(document, path);
      return isScalar(node) ? (node.source ?? String(node.value)) : undefined;
    },
  };
}

/** Control characters but for tabs and ends of lines: YAML 1.2 allows none (section 5.1), and a terminal acts on them. */
const forbidden = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]/;
/** Those, and what turns the direction of writing, so that a person reads another value than a program. */
const unreadable = new RegExp(`${forbidden.source}|[\\u202a-\\u202e\\u2066-\\u2069]`);
/** More than any file of ours needs, and less than the parser's own stack. */
const DEEPEST = 50;

/** What makes the whole text unusable: the first one, as those after it mostly follow from it. */
function syntaxError(
  text: string,
  document: Document.Parsed,
  unusable: (offset: number, message: string, allowed: string) => Finding,
): Finding | undefined {
  const control = forbidden.exec(text);
  if (control) return unusable(control.index, `there is the control character ${control[0]}`, 'printable characters');
  const [first] = [...document.errors, ...document.warnings].sort((a, b) => a.pos[0] - b.pos[0]);
  if (first === undefined) {
    if (document.directives.yaml.version === '1.2') return undefined;
    return unusable(0, `%YAML ${document.directives.yaml.version} is another version`, 'YAML 1.2, without %YAML');
  }
  // The parser does not take one for the end of a line, and says of what follows that it is nested.
  const carriageReturn = /\r(?!\n)/.exec(text);
  if (carriageReturn) {
    return unusable(
      carriageReturn.index,
      'the line ends with a carriage return alone',
      'a line feed at the end of each line',
    );
  }
  const { code, message, pos } = first;
  if (message.startsWith('Maximum call stack')) {
    return unusable(pos[0], 'values are nested too deeply', `at most ${DEEPEST} levels`);
  }
  return unusable(
    pos[0],
    code === 'MULTIPLE_DOCS'
      ? 'a second document begins after ---'
      : `invalid YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}`,
    allowedSyntax[code] ?? 'YAML 1.2',
  );
}

const allowedSyntax: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'spaces',
  MULTIPLE_DOCS: 'one document a file',
  BAD_SCALAR_START: 'a text that begins so in quotes',
  MISSING_CHAR: 'every quote and bracket closed',
  TAG_RESOLVE_FAILED: 'values without tags',
  BLOCK_AS_IMPLICIT_KEY: 'one key a line, the keys of a group indented alike',
};

/** YAML 1.1 takes `010` for octal (https://yaml.org/type/int.html), 1.2 for ten (section 10.3.2). */
const leadingZero = /^[-+]?0\d/;

type FindingAt = (path: string, offset: number, rest: Pick<Finding, 'message' | 'given' | 'allowed'>) => Finding;

/** Tags that say what the text says without them. */
const coreTags = ['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map((tag) => `tag:yaml.org,2002:${tag}`);

/**
 * Makes keys texts as they are written (`+4930123456` would be a number), and finds repeated keys and aliases without an
 * anchor, which are then taken for the text that was most likely meant (`*43`). What it finds of the file as a whole (an empty
 * path) makes the file's value unusable.
 */
function tidy(document: Document.Parsed, finding: FindingAt): Finding[] {
  const findings: Finding[] = [];
  const whole = (node: Node, given: string, message: string, allowed: string) => {
    findings.push(finding('', node.range![0], { message, given, allowed }));
    return visit.BREAK;
  };
  visit(document, {
    Map: (_, map, ancestors) => {
      if (isTooDeep(ancestors)) return tooDeep(map);
      const seen = new Set<string>();
      for (const pair of map.items as Pair<Node, Node | null>[]) {
        const { key } = pair;
        if (!isScalar(key)) {
          const given = String(key) || 'nothing';
          const rest = { message: `the key ${given} is not a word`, given, allowed: 'a word as a key' };
          findings.push(finding(formatPath(pathOf(map, ancestors)), key.range![0], rest));
          pair.key = Object.assign(document.createNode(given), { range: key.range! });
          continue;
        }
        key.value = key.source ?? String(key.value);
        const name = key.value as string;
        if (name === '<<') {
          return whole(key, name, 'there is a merge key (<<)', 'an alias for a whole value, or every key written out');
        }
        const path = () => formatPath([...pathOf(map, ancestors), name]);
        if (name === '__proto__') {
          findings.push(
            finding(path(), key.range![0], {
              message: '__proto__ is not a key',
              given: name || "''",
              allowed: 'any other name',
            }),
          );
        } else if (seen.has(name)) {
          findings.push(
            finding(path(), key.range![0], {
              message: `the key is given twice`,
              given: name || "''",
              allowed: 'each key once',
            }),
          );
        }
        seen.add(name);
      }
      // To JavaScript it is not a key like any other.
      map.items = map.items.filter(({ key }) => !isScalar(key) || key.value !== '__proto__');
      return undefined;
    },
    Seq: (_, seq, ancestors) => (isTooDeep(ancestors) ? tooDeep(seq) : undefined),
    Scalar: (step, scalar, ancestors) => {
      const { value, source = '', type } = scalar;
      if (type === 'PLAIN' && typeof value === 'number' && leadingZero.test(source) && step !== 'key') {
        findings.push(
          finding(formatPath(pathOf(scalar, ancestors)), offsetOfPair(scalar, ancestors), {
            message: `${source} without quotes is a number that begins with 0, which YAML 1.1 and 1.2 read differently`,
            given: source,
            allowed: `${value}, or '${source}' in quotes for a text`,
          }),
        );
        return undefined;
      }
      const control = typeof value === 'string' ? unreadable.exec(value)?.[0] : undefined;
      if (control === undefined || step === 'key') return undefined;
      const rest = { message: `the value has the control character ${control}`, given: value as string };
      findings.push(
        finding(formatPath(pathOf(scalar, ancestors)), scalar.range![0], { ...rest, allowed: 'printable characters' }),
      );
      return undefined;
    },
    Alias: (_, alias, ancestors) => {
      const anchor = alias.resolve(document);
      const text = `*${alias.source}`;
      if (anchor !== undefined && ancestors.includes(anchor)) {
        return whole(
          alias,
          text,
          `the alias ${text} is inside the value that it names`,
          'an alias for a value elsewhere',
        );
      }
      if (anchor !== undefined) return undefined;
      findings.push(
        finding(formatPath(pathOf(alias, ancestors)), alias.range![0], {
          message: `${text} without quotes is a YAML alias, and there is no anchor of that name`,
          given: text,
          allowed: `'${text}' in quotes`,
        }),
      );
      return Object.assign(document.createNode(text), { range: alias.range! });
    },
  });
  if (findings.every(({ path }) => path !== '')) {
    visit(document, {
      Value: (_, node) =>
        node.tag === undefined || coreTags.includes(node.tag)
          ? undefined
          : whole(
              node,
              node.tag,
              `there is the tag ${node.tag.replace('tag:yaml.org,2002:', '!!')}`,
              'values without tags',
            ),
    });
  }
  return findings;

  function tooDeep(node: Node) {
    return whole(
      node,
      'nested values',
      `values are nested more than ${DEEPEST} levels deep`,
      `at most ${DEEPEST} levels`,
    );
  }
}

const isTooDeep = (ancestors: Ancestors): boolean =>
  ancestors.filter((outer) => isMap(outer) || isSeq(outer)).length >= DEEPEST;

type Ancestors = readonly (Document | Node | Pair)[];

function pathOf(node: Node, ancestors: Ancestors): Path {
  return ancestors.flatMap((outer, index): Path => {
    const inner = ancestors[index + 1] ?? node;
    if (isSeq(outer)) return [outer.items.indexOf(inner)];
    return isPair(outer) && isScalar(outer.key) ? [String(outer.key.value)] : [];
  });
}

/** Of a value with a key, where the key stands. */
function offsetOfPair(node: Node, ancestors: Ancestors): number {
  const outer = ancestors.at(-1);
  return (isPair(outer) && isScalar(outer.key) ? outer.key : node).range![0];
}

function offsetOf(document: Document.Parsed, path: Path): number {
  let offset = document.contents?.range[0] ?? 0;
  for (const { at } of steps(document, path)) offset = at ?? offset;
  return offset;
}

/** The node at a path; undefined where the text has none. */
function nodeAt(document: Document.Parsed, path: Path): unknown {
  const passed = [...steps(document, path)];
  return passed.length === path.length ? (path.length === 0 ? document.contents : passed.at(-1)!.node) : undefined;
}

/** Made once for a mapping: thousands of its keys may be wrong, and each is looked up. */
const indexes = new WeakMap<YAMLMap, ReadonlyMap<string, Pair>>();

function pairsByKey(map: YAMLMap): ReadonlyMap<string, Pair> {
  let index = indexes.get(map);
  if (index === undefined) {
    // Of a key that is given twice, the first one stays.
    const pairs = map.items.flatMap((pair) => (isScalar(pair.key) ? [[String(pair.key.value), pair] as const] : []));
    indexes.set(map, (index = new Map(pairs.reverse())));
  }
  return index;
}

/** What a path leads through, as far as the text has it: the value, and where it begins, which is its key. */
function* steps(
  document: Document.Parsed,
  path: Path,
): Iterable<{ readonly at: number | undefined; readonly node: unknown }> {
  let node: unknown = document.contents;
  for (const step of path) {
    if (node instanceof Alias) node = node.resolve(document);
    if (isMap(node)) {
      const pair = pairsByKey(node).get(String(step));
      if (pair === undefined) return;
      node = pair.value;
      yield { at: (pair.key as Node).range?.[0], node };
    } else if (isSeq(node)) {
      const item = node.items[Number(step)] as Node | undefined;
      if (item === undefined) return;
      node = item;
      yield { at: item.range?.[0], node };
    } else return;
  }
}
