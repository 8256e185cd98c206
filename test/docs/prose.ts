/** Phrases that make a reader decode, and where text of the project is to be found. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TextlintKernel, type TextlintRuleModule } from '@textlint/kernel';
import markdown from '@textlint/textlint-plugin-markdown';
import ts from 'typescript';

interface Banned {
  readonly phrase: RegExp;
  /** What to write in its place. */
  readonly instead: string;
}

export const banned: readonly Banned[] = [
  { phrase: /\banew\b/i, instead: 'again, or recreate' },
  { phrase: /\b(is|are|was|were|be|been|being) told\b/i, instead: 'learns, receives, or is sent' },
  { phrase: /\bcame to\b/i, instead: 'the outcome' },
  { phrase: /\bso many\b/i, instead: 'the number itself, or "this number of"' },
  { phrase: /(?<!\bthere )\b(is|are|was|were) no (?!longer\b|more than\b)[a-z]/i, instead: 'is not a' },
  { phrase: /\bno more\b(?! than\b)/i, instead: 'no longer, or nothing else' },
  { phrase: /\bmust notice\b/i, instead: 'should be unaffected' },
  { phrase: /\bis too (much|many)\b/i, instead: 'is too large' },
  { phrase: /\bserves nobody\b/i, instead: 'carries no calls' },
  { phrase: /\bBrings a (cell|front) up\b/i, instead: 'starts' },
];

export interface Finding {
  readonly where: string;
  readonly text: string;
  readonly instead: string;
}

const rule: TextlintRuleModule = ({ Syntax, RuleError, report, getSource }) => ({
  [Syntax.Str](node) {
    const text = getSource(node);
    for (const { phrase, instead } of banned) {
      const found = phrase.exec(text.replaceAll('\n', ' '));
      if (found) report(node, new RuleError(`"${found[0]}": ${instead}`, { index: found.index }));
    }
  },
});

const kernel = new TextlintKernel();
// A CommonJS module, which not every loader unwraps.
const plugins = [{ pluginId: 'markdown', plugin: markdown.default ?? markdown }];

/** What is wrong in a page. Its code is left alone. */
export async function pageFindings(where: string, text: string): Promise<readonly Finding[]> {
  const rules = [{ ruleId: 'banned', rule }];
  const { messages } = await kernel.lintText(text, { ext: '.md', filePath: where, plugins, rules });
  return messages.map(({ message, loc }) => ({
    where: `${where}:${loc.start.line}`,
    text: text.split('\n')[loc.start.line - 1]!.trim(),
    instead: message,
  }));
}

/** What is wrong in text without markup. @param line of its beginning */
export function textFindings(where: string, text: string, line = 1): readonly Finding[] {
  return banned.flatMap(({ phrase, instead }) => {
    const found = phrase.exec(text.replaceAll('\n', ' '));
    if (!found) return [];
    const before = text.slice(0, found.index).split('\n').length;
    return [
      {
        where: `${where}:${line + before - 1}`,
        text: text.split('\n')[before - 1]!.trim(),
        instead: `"${found[0]}": ${instead}`,
      },
    ];
  });
}

/** Files below a folder with one of these endings. */
export const filesBelow = (folder: string, ...endings: readonly string[]): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => endings.some((ending) => path.endsWith(ending)))
    .map((path) => join(folder, path));

/** Words that a program can print or write: literals of more than two words, each with its line. */
export function wordsOf(path: string): readonly { readonly line: number; readonly text: string }[] {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  const found: { line: number; text: string }[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) {
      if (/\S+\s+\S+\s+\S/.test(node.text)) {
        found.push({ line: source.getLineAndCharacterOfPosition(node.getStart()).line + 1, text: node.text });
      }
    }
    node.forEachChild(visit);
  };
  visit(source);
  return found;
}

/** Comments of a TypeScript file, each with its line. */
export function commentsOf(path: string): readonly { readonly line: number; readonly text: string }[] {
  const text = readFileSync(path, 'utf8');
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found = new Map<number, { line: number; text: string }>();
  const visit = (node: ts.Node): void => {
    for (const { pos, end } of ts.getLeadingCommentRanges(text, node.getFullStart()) ?? []) {
      const words = text.slice(pos, end).replace(/^\s*(\/\/|\/?\*+\/?)/gm, (marks) => ' '.repeat(marks.length));
      found.set(pos, { line: source.getLineAndCharacterOfPosition(pos).line + 1, text: words });
    }
    node.forEachChild(visit);
  };
  visit(source);
  return [...found.values()];
}

/** What the project counts, in the plural. Units with a slash, as in "packets/s", stay as they are. */
const countedNouns =
  /^ ((?!has\b)[a-z]+ )?(tenants|users|calls|cells|hosts|trunks|files|lines|sessions|days|hours|minutes)(?![\w/-])/i;

/** Plurals behind a value that may be 1, where `counted` belongs. A constant is as large as it is, and a name is not a number. */
export function uncounted(path: string): readonly Finding[] {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  const found: Finding[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isTemplateSpan(node) && !/^[A-Z_]+(\.length)?$|role$|^tenant$/.test(node.expression.getText())) {
      const plural = countedNouns.exec(node.literal.text)?.[0];
      const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
      if (plural !== undefined) {
        const text = `\${${node.expression.getText()}}${plural}`;
        found.push({ where: `${path}:${line}`, text, instead: 'counted(...)' });
      }
    }
    node.forEachChild(visit);
  };
  visit(source);
  return found;
}
