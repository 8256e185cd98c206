import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { barChart, html, lineChart, page, table, timeline, type LineChart } from '../../lib/report/index.ts';

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
    expect(table(['cell', 'calls'], [['euw1-a', 1246]]).text).toMatch(
      /<td data-head="cell">euw1-a<\/td>\s*<td class="number" data-head="calls">1,246<\/td>/,
    );
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
      /<title id="calls-narrow-title">Calls<\/title><desc id="calls-narrow-description">calls of a day<\/desc>/,
    );
  });

  it('has a gap where nothing is known', () => {
    const moves = (values: readonly number[]) =>
      [...chart({ lines: [{ name: 'measured', values }] }).matchAll(/ d="([^"]*)"/g)]
        .map(([, path]) => path)
        .join()
        .split('M').length;
    // One in each of its two versions.
    expect(moves([1, 2, Number.NaN, 4])).toBe(moves([1, 2, 3, 4]) + 2);
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

describe('a bar chart', () => {
  const frame = { id: 'full', title: 'Full', description: 'how full', unit: '%' };
  const scale = (text: string) => [...text.matchAll(/text-anchor="end"[^>]*>([\d.,]+)</g)].map(([, value]) => value);

  it('writes every name, however long', () => {
    const categories = ['nothing changes', 'one host of every pool less', 'ten percent more', 'a cell is gone'];
    const text = barChart({ ...frame, categories, bars: [{ name: 'full', values: [1, 2, 3, 4] }] }).text;
    for (const name of categories) expect(text).toContain(`>${name}<`);
  });

  it('has an axis of round numbers, in whole ones where it counts', () => {
    const limits = [{ value: 100, text: 'full' }];
    const over = barChart({ ...frame, limits, categories: ['a'], bars: [{ name: 'full', values: [162.544] }] }).text;
    expect(over).toContain('>full<');
    expect(scale(over)).toContain('150');
    expect(scale(over)).not.toContain('162.544');
    const counted = barChart({ ...frame, categories: ['a'], bars: [{ name: 'full', values: [2] }] }).text;
    expect(scale(counted)).toEqual(['0', '1', '2']);
  });
});

describe('a timeline', () => {
  const rows = [
    { name: 'stamp euw1-c', from: start, to: start + 24 * HOUR },
    { name: 'hold euw1-a', from: start + 12 * HOUR },
  ];
  const text = timeline({
    id: 'when',
    title: 'When',
    description: 'when',
    rows,
    marks: [{ at: start, text: 'now' }],
  }).text;
  const heightOf = (name: string) =>
    Number(new RegExp(`translate\\([\\d.]+ ([\\d.]+)\\)"[^>]*>${name}<`).exec(text)![1]);

  it('has a row for each, in order, below the names of moments', () => {
    expect(heightOf('now')).toBeLessThan(heightOf('stamp euw1-c'));
    expect(heightOf('stamp euw1-c')).toBeLessThan(heightOf('hold euw1-a'));
  });

  it('draws a line only where something takes a while', () => {
    expect(text.match(/<path d="M[^"]*L[^"]*"[^>]*stroke-width="3"/g)).toHaveLength(2);
  });
});
