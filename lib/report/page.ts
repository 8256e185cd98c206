/** One HTML file that needs nothing else: no script, no request, readable in light and dark. */
import { html, Html } from './html.ts';

export interface Section {
  readonly heading: string;
  readonly body: Html;
  /**
   * Shown as a line that opens on a click; for what only few readers want to see.
   * @default false
   */
  readonly folded?: boolean;
}

export interface Page {
  readonly title: string;
  readonly sections: readonly Section[];
}

/** @example page({ title: 'Plan', sections: [{ heading: 'Actions', body: html`<p>none</p>` }] }) */
export function page({ title, sections }: Page): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <title>${title}</title>
        <style>
          ${new Html(STYLE)}
        </style>
      </head>
      <body>
        <main>
          <h1>${title}</h1>
          ${sections.map(section)}
        </main>
      </body>
    </html> `.text;
}

function section({ heading, body, folded = false }: Section): Html {
  return folded
    ? html`<details>
        <summary>${heading}</summary>
        ${body}
      </details>`
    : html`<section>
        <h2>${heading}</h2>
        ${body}
      </section>`;
}

// The colours of series are those of Okabe and Ito, which colour-blind readers can tell apart.
const STYLE = `
:root {
  color-scheme: light dark;
  --ink: #1b1f24; --faint: #6b7280; --line: #d6dae0; --ground: #ffffff; --raised: #f5f6f8;
  --series-1: #0072b2; --series-2: #b35900; --series-3: #007a5a; --series-4: #a6447f; --series-5: #6b5b00; --series-6: #0f7ea8;
  --limit: #c0262d; --band: #0072b2;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e6e8eb; --faint: #9aa3ad; --line: #3a424c; --ground: #14171b; --raised: #1d2228;
    --series-1: #56b4e9; --series-2: #e69f00; --series-3: #2bc49a; --series-4: #e295c3; --series-5: #f0e442; --series-6: #8fd3ee;
    --limit: #ff6b6b; --band: #56b4e9;
  }
}
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }
table { border-collapse: collapse; margin: 0.5rem 0; display: block; overflow-x: auto; }
th, td { text-align: left; vertical-align: top; padding: 0.25rem 0.75rem 0.25rem 0; border-bottom: 1px solid var(--line); }
td:first-child { white-space: nowrap; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
figure { margin: 1rem 0; }
svg { display: block; width: 100%; height: auto; }
.wide svg { max-width: 960px; } .narrow svg { max-width: 480px; }
.narrow { display: none; }
@media (max-width: 767px) {
  .wide { display: none; } .narrow { display: block; }
  thead { display: none; }
  tr { display: block; border-bottom: 1px solid var(--line); padding: 0.4rem 0; }
  td, td:first-child { display: flex; border: 0; padding: 0.1rem 0; white-space: normal; overflow-wrap: anywhere; }
  td.number { text-align: left; }
  td:empty { display: none; }
  td::before { content: attr(data-head); flex: 0 0 38%; padding-right: 0.75rem; color: var(--faint); }
}
details { border-bottom: 1px solid var(--line); padding: 0.4rem 0; }
summary { cursor: pointer; }
code, pre { font: 13px/1.45 ui-monospace, "DejaVu Sans Mono", monospace; }
.faint { color: var(--faint); } .bad { color: var(--limit); }
`;
