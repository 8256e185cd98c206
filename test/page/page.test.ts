import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { html, lineChart, page, table, type LineChart } from '../../lib/page/index.ts';

const HOUR = 3_600_000;
const start = Date.UTC(2026, 0, 5);
const chart = (more: Partial<LineChart> = {}) =>
  lineChart({
    id: 'calls',
    title: 'Calls',
    description: 'calls of a day',
    unit: 'calls',
    times: [0, 1, 2, 3].map((hour) => start + hour * HOUR),
    lines: [{ name: 'measured', values: [1, 2, 3, 4] }],
    ...more,
  }).text;

describe('html', () => {
  it('keeps whatever text it is given from being markup', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const written = html`<p title="${text}">${text}</p>`.text;
        expect(written.match(/[<>]/g)).toHaveLength(4);
        expect(written.match(/"/g)).toHaveLength(2);
      }),
    );
  });

  it('sets numbers to the right, and text to the left', () => {
    expect(table(['cell', 'calls'], [['euw1-a', 7]]).text).toMatch(/<td>euw1-a<\/td>\s*<td class="number">7<\/td>/);
  });
});

describe('a page', () => {
  const text = page({
    title: 'A & B',
    sections: [
      { heading: 'Calls', body: html`${html`<p>here</p>`}` },
      { heading: 'More', body: html`<p>there</p>`, folded: true },
    ],
  });

  it('needs no script and nothing from elsewhere', () => {
    expect(text).not.toMatch(/<script|src=|https?:|url\(/);
    expect(text).toContain("default-src 'none'");
  });

  it('is read in light and in dark', () => {
    expect(text).toContain('prefers-color-scheme: dark');
  });

  it('folds what few want to see', () => {
    expect(text).toMatch(/<details>\s*<summary>More<\/summary>/);
  });
});

describe('a line chart', () => {
  it('is the same text for the same data, however many were drawn before', () => {
    expect(chart()).toBe(chart());
  });

  it('says in words what it shows', () => {
    expect(chart()).toMatch(
      /<title id="calls-title">Calls<\/title><desc id="calls-description">calls of a day<\/desc>/,
    );
  });

  it('has a gap where nothing is known', () => {
    const moves = (values: readonly number[]) =>
      [...chart({ lines: [{ name: 'measured', values }] }).matchAll(/ d="([^"]*)"/g)]
        .map(([, path]) => path)
        .join()
        .split('M').length;
    expect(moves([1, 2, Number.NaN, 4])).toBe(moves([1, 2, 3, 4]) + 1);
  });

  it('writes the names of moments that lie close together in rows of their own', () => {
    const marks = ['stamp euw1-c', 'needed'].map((text, n) => ({ at: start + n * 60_000, text }));
    const heights = ['stamp euw1-c', 'needed'].map(
      (name) =>
        new RegExp(`<text[^>]*transform="translate\\([\\d.]+ ([\\d.]+)\\)"[^>]*>${name}<`).exec(chart({ marks }))?.[1],
    );
    expect(heights.every((height) => height !== undefined)).toBe(true);
    expect(new Set(heights).size).toBe(2);
  });

  it('has room for its limit', () => {
    expect(chart({ limits: [{ value: 100, text: 'carries 100' }] })).toContain('carries 100');
  });
});
