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
} from 'yaml';
import { formatPath, type Finding, type Path } from './finding.ts';
import { readPlainYaml } from './plain-yaml.ts';

export interface Position {
  /** From 1; 0 in what stands in no file. */
  readonly line: number;
  /** From 1; 0 in what stands in no file. */
  readonly column: number;
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
  const lineAt = (offset: number) => text.split('\n')[positionAt(offset).line - 1]?.trim() ?? '';

  const syntax = [...document.errors, ...document.warnings].map(({ code, message, pos: [offset] }): Finding => ({
    severity: 'error',
    file,
    ...positionAt(offset),
    path: '',
    message:
      code === 'MULTIPLE_DOCS'
        ? 'the file goes on after ---'
        : `this is no YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}`,
    given: lineAt(offset),
    allowed: allowedSyntax[code] ?? 'YAML 1.2',
  }));
  const tidied = tidy(document, (path, offset, rest) => ({
    severity: 'error',
    file,
    ...positionAt(offset),
    path,
    ...rest,
  }));
  const findings = syntax.length === 0 ? [...tidied] : syntax;
  let value: unknown;
  try {
    value = syntax.length === 0 ? document.toJS() : undefined;
  } catch (error) {
    // The parser counts what aliases of aliases grow to, and gives up before memory does.
    if (!(error instanceof ReferenceError)) throw error;
    const rest = { path: '', message: 'aliases stand for too much', given: lineAt(0), allowed: 'few aliases' };
    findings.push({ severity: 'error', file, line: 1, column: 1, ...rest });
  }
  return {
    file,
    value,
    findings,
    locate: (path) => positionAt(offsetOf(document, path)),
    written: (path) => {
      const node = document.getIn(path, true);
      return isScalar(node) ? (node.source ?? String(node.value)) : undefined;
    },
  };
}

const allowedSyntax: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'spaces',
  MULTIPLE_DOCS: 'one document a file',
  BAD_SCALAR_START: 'a text that begins so in quotes',
  MISSING_CHAR: 'every quote and bracket closed',
  TAG_RESOLVE_FAILED: 'values without tags',
  BLOCK_AS_IMPLICIT_KEY: 'one key a line, the keys of a group indented alike',
};

/**
 * Makes keys texts as they are written (`+4930123456` would be a number), and finds repeated keys and aliases without an
 * anchor, which are then taken for the text that was most likely meant (`*43`).
 */
function tidy(
  document: Document.Parsed,
  finding: (path: string, offset: number, rest: Pick<Finding, 'message' | 'given' | 'allowed'>) => Finding,
): readonly Finding[] {
  const findings: Finding[] = [];
  visit(document, {
    Map: (_, map, ancestors) => {
      const seen = new Set<string>();
      for (const pair of map.items as Pair<Node, Node | null>[]) {
        const { key } = pair;
        if (!isScalar(key)) {
          const given = String(key);
          findings.push(
            finding(formatPath(pathOf(map, ancestors)), key.range![0], {
              message: `the key ${given} is no text`,
              given,
              allowed: 'a word as a key',
            }),
          );
          pair.key = document.createNode(given);
          continue;
        }
        key.value = key.source ?? String(key.value);
        const name = key.value as string;
        if (seen.has(name)) {
          findings.push(
            finding(formatPath([...pathOf(map, ancestors), name]), key.range![0], {
              message: `the key is given twice`,
              given: name,
              allowed: 'each key once',
            }),
          );
        }
        seen.add(name);
      }
    },
    Alias: (_, alias, ancestors) => {
      if (alias.resolve(document) !== undefined) return undefined;
      const text = `*${alias.source}`;
      findings.push(
        finding(formatPath(pathOf(alias, ancestors)), alias.range![0], {
          message: `${text} without quotes is a YAML alias, and there is no anchor of that name`,
          given: text,
          allowed: `'${text}' in quotes`,
        }),
      );
      return document.createNode(text);
    },
  });
  return findings;
}

type Ancestors = readonly (Document | Node | Pair)[];

function pathOf(node: Node, ancestors: Ancestors): Path {
  return ancestors.flatMap((outer, index): Path => {
    const inner = ancestors[index + 1] ?? node;
    if (isSeq(outer)) return [outer.items.indexOf(inner)];
    return isPair(outer) && isScalar(outer.key) ? [String(outer.key.value)] : [];
  });
}

function offsetOf(document: Document.Parsed, path: Path): number {
  let node: unknown = document.contents;
  let offset = document.contents?.range[0] ?? 0;
  for (const step of path) {
    if (node instanceof Alias) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === String(step));
      if (pair === undefined) break;
      offset = (pair.key as Node).range![0];
      node = pair.value;
    } else if (isSeq(node)) {
      const item = node.items[Number(step)] as Node | undefined;
      if (item === undefined) break;
      offset = item.range?.[0] ?? offset;
      node = item;
    } else break;
  }
  return offset;
}
