/** Where nodes and lines of a YAML text begin and end, for edits that cut and paste it. */
import { isMap, isSeq, type Node, type Pair } from 'yaml';

/** The end of what a node says, before blank lines and comments below it. */
export function contentEnd(node: Node): number {
  if (!(isMap(node) || isSeq(node)) || node.flow || node.items.length === 0) return node.range![1];
  const last = node.items.at(-1);
  if (!isMap(node)) return contentEnd(last as Node);
  const { key, value } = last as Pair<Node, Node | null>;
  return contentEnd(value ?? key);
}

export const lineStart = (text: string, at: number): number => text.lastIndexOf('\n', at - 1) + 1;

/** The start of the next line; a text in several lines (`|`) ends there already. */
export function lineEnd(text: string, at: number): number {
  if (text[at - 1] === '\n') return at;
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end + 1;
}
