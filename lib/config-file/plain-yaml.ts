/**
 * Reads the YAML that people write in spec files most of the time: keys and words, one a line, lists, and short lists and
 * groups in brackets. Such a text means the same to the YAML parser, which takes some twenty times as long: with a fleet of a
 * thousand cells of 500 tenants each, the synthesis of one of them takes 2.3 s of CPU time instead of 4.6 s, and 1.7 s where it is
 * alone (docs/benchmarks.md, synth). Everything else is left to the parser.
 */

type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value };

interface YamlLine {
  readonly indent: number;
  readonly text: string;
}

/** Says that a text needs the real parser. */
class Other extends Error {}

const other = (): never => {
  throw new Other();
};

const key = String.raw`([A-Za-z][A-Za-z0-9-]*|'[^'\n]+')`;
const keyLine = new RegExp(`^${key}:(?: (.+))?$`);
const flowPair = new RegExp(`^${key}: (.+)$`);
/** Words, integers, addresses and ranges, versions with three parts, port ranges; and texts in quotes without escapes. */
const word = /^[A-Za-z][A-Za-z0-9._@/-]*$/;
const integer = /^(0|[1-9]\d{0,14})$/;
const dotted = /^(\d+(\.\d+){2,}(\/\d+)?|\d+-\d+)$/;
const quoted = /^('[^']*'|"[^"\\]*")$/;
/** What YAML 1.2 does not read as text, or reads as a group, an alias, a tag. */
const notText = /^(null|true|false)$/i;

/** A tab, another kind of space or one at the end of a line means something to the parser; it also finds what nobody can read. */
const special = /[^\n\x20-\x7e\xa1-\u2029\u202f-\u2065\u206a-\uffff]| (?:\n|$)/;

/** @returns undefined for a text that needs the YAML parser */
export function readPlainYaml(text: string): Readonly<Record<string, unknown>> | undefined {
  const lines: YamlLine[] = [];
  if (special.test(text)) return undefined;
  for (const line of text.split('\n')) {
    const content = line.trimStart();
    if (content !== '' && !content.startsWith('#')) lines.push({ indent: line.length - content.length, text: content });
  }
  if (lines.length === 0 || lines[0]!.indent !== 0) return undefined;
  try {
    const reader = new Reader(lines);
    const value = reader.block(0);
    return reader.atEnd() && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch (error) {
    if (error instanceof Other) return undefined;
    throw error;
  }
}

class Reader {
  private readonly lines: YamlLine[];
  private at = 0;

  constructor(lines: readonly YamlLine[]) {
    this.lines = [...lines];
  }

  atEnd(): boolean {
    return this.at === this.lines.length;
  }

  /** The group or list whose lines begin at this indentation. */
  block(indent: number): Value {
    return this.lines[this.at]?.text.startsWith('- ') ? this.list(indent) : this.group(indent);
  }

  private list(indent: number): Value {
    const items: Value[] = [];
    while (this.here(indent) && this.lines[this.at]!.text.startsWith('- ')) {
      const text = this.lines[this.at]!.text.slice(2);
      if (keyLine.test(text)) {
        // The item is a group whose first line stands behind the hyphen.
        this.lines[this.at] = { indent: indent + 2, text };
        items.push(this.group(indent + 2));
      } else {
        items.push(scalar(text));
        this.at++;
      }
    }
    return items;
  }

  private group(indent: number): Value {
    const group: Record<string, Value> = {};
    while (this.here(indent) && !this.lines[this.at]!.text.startsWith('- ')) {
      const [, name, value] = keyLine.exec(this.lines[this.at]!.text) ?? other();
      this.at++;
      put(group, name!, value === undefined ? this.nested(indent) : inline(value));
    }
    return group;
  }

  /** What stands below a key without a value; a list may stand at the key's own indentation. */
  private nested(indent: number): Value {
    const next = this.lines[this.at] ?? other();
    const least = next.text.startsWith('- ') ? indent : indent + 1;
    return next.indent >= least ? this.block(next.indent) : other();
  }

  private here(indent: number): boolean {
    const line = this.lines[this.at];
    if (line === undefined || line.indent < indent) return false;
    return line.indent === indent || other();
  }
}

function put(group: Record<string, Value>, name: string, value: Value): void {
  const plain = name.startsWith("'") ? name.slice(1, -1) : name;
  if (Object.hasOwn(group, plain) || plain === '__proto__') other();
  group[plain] = value;
}

function inline(text: string): Value {
  const list = /^\[(.*)\]$/.exec(text)?.[1];
  if (list !== undefined) return parts(list).map(scalar);
  const group = /^\{(.*)\}$/.exec(text)?.[1];
  if (group === undefined) return scalar(text);
  const value: Record<string, Value> = {};
  for (const part of parts(group)) {
    const [, name, each] = flowPair.exec(part) ?? other();
    put(value, name!, scalar(each!));
  }
  return value;
}

/** What stands between the commas of brackets. */
function parts(text: string): readonly string[] {
  if (text.trim() === '') return [];
  // A comma or bracket in quotes would be part of a text.
  if (/'[^']*[,[\]{}][^']*'|"[^"]*[,[\]{}][^"]*"/.test(text)) other();
  return text.split(',').map((part) => part.trim());
}

function scalar(text: string): Value {
  const first = text.charCodeAt(0);
  if (first === 0x22 || first === 0x27) return quoted.test(text) ? text.slice(1, -1) : other();
  if (first < 0x41) return integer.test(text) ? Number(text) : dotted.test(text) ? text : other();
  if (text === 'true' || text === 'false') return text === 'true';
  return word.test(text) && !notText.test(text) ? text : other();
}
