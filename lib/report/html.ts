/** HTML text in which whatever was not written here is escaped. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

type Part = Html | string | number | readonly Part[];

const ESCAPED: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as it may stand in HTML and SVG, in an attribute too. Control characters, which neither may hold, are left out. */
export const escaped = (text: string): string =>
  text.replace(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/g, '').replace(/[&<>"']/g, (character) => ESCAPED[character]!);

/** @example html`<td>${'a < b'}</td>`.text // '<td>a &lt; b</td>' */
export function html(literals: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(literals.reduce((all, literal, i) => all + written(parts[i - 1]!) + literal));
}

function written(part: Part): string {
  if (part instanceof Html) return part.text;
  return typeof part === 'object' ? part.map(written).join('\n') : escaped(String(part));
}

/** A number as a reader takes it in: `1,246`. */
export const count = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: 3 });

/** A table with a row of headings; columns of numbers are set to the right. On a phone each row is a list with the headings beside. */
export function table(head: readonly string[], rows: readonly (readonly Part[])[]): Html {
  const cell = (part: Part, column: number): Html =>
    typeof part === 'number'
      ? html`<td class="number" data-head="${head[column]!}">${count(part)}</td>`
      : html`<td data-head="${head[column]!}">${part}</td>`;
  return html`<table>
    <thead>
      <tr>
        ${head.map((text) => html`<th scope="col">${text}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        (row) =>
          html`<tr>
            ${row.map(cell)}
          </tr>`,
      )}
    </tbody>
  </table>`;
}
