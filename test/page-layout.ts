/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** Pages in a real browser, as a reader sees them: on a phone, a tablet and a desk, in light and dark. */
import { chromium, type Browser, type Page } from 'playwright-core';

/** What only this browser does by itself: ask other machines. */
const silent = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-quic'];

export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', ...silent] });

/** CSS pixels. */
export const widths = [390, 768, 1280];
export const colours = ['light', 'dark'] as const;

export interface Layout {
  /** Texts of less than 12 px, and pictures that have shrunk. */
  readonly small: readonly string[];
  /** Texts that lie over each other. */
  readonly overlapping: readonly string[];
  /** Texts that end outside of the window, or of what cuts them off, and can't be scrolled to. */
  readonly clipped: readonly string[];
  /** Texts that can hardly be told from what is behind them: a contrast of less than 3 to 1 (WCAG 2.2, large text). */
  readonly faint: readonly string[];
  /** Pixels that the whole page is wider than the window. */
  readonly sideways: number;
  /** Texts that were looked at. */
  readonly texts: number;
}

export const layoutOf = (page: Page): Promise<Layout> => page.evaluate(look);

/** Runs in the page. */
function look(): Layout {
  interface Piece {
    readonly text: string;
    readonly of: Element;
    readonly left: number;
    readonly right: number;
    readonly top: number;
    readonly bottom: number;
  }
  const window = document.documentElement;
  const small = new Set<string>();
  const clipped = new Set<string>();
  const overlapping = new Set<string>();
  const faint = new Set<string>();
  const pieces: Piece[] = [];

  for (const details of document.querySelectorAll('details')) details.open = true;

  const numbers = (colour: string) => (colour.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = (colour: string) => {
    const [red, green, blue] = numbers(colour).map((value) => {
      const part = value / 255;
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
  };
  const isOpaque = (colour: string) => (numbers(colour)[3] ?? 1) > 0.5 && colour !== 'none';
  const groundOf = (element: Element | null): string => {
    for (let at = element; at !== null; at = at.parentElement) {
      const { backgroundColor } = getComputedStyle(at);
      if (isOpaque(backgroundColor)) return backgroundColor;
      // A label of a diagram lies on the shape beside it.
      const shape = at.parentElement?.querySelector(':scope > rect, :scope > circle, :scope > path, :scope > polygon');
      if (at instanceof SVGElement && shape && shape !== at) {
        const { fill } = getComputedStyle(shape);
        if (/^rgb/.test(fill) && isOpaque(fill)) return fill;
      }
    }
    return 'rgb(255, 255, 255)';
  };
  const scaleOf = (element: Element) =>
    (element.closest<SVGGraphicsElement>('text, foreignObject')?.getScreenCTM()?.a ?? 1) || 1;

  /** How an element and those around it show a text: whether it can be scrolled to, or at which edges it is cut off. */
  const cutOff = (element: Element, box: Piece): boolean => {
    let { left, right } = { left: 0, right: window.clientWidth };
    for (let at: Element | null = element; at !== null && at !== document.body; at = at.parentElement) {
      const { overflowX } = getComputedStyle(at);
      if (overflowX === 'auto' || overflowX === 'scroll') return false;
      if (overflowX !== 'visible') {
        const frame = at.getBoundingClientRect();
        [left, right] = [Math.max(left, frame.left), Math.min(right, frame.right)];
      }
    }
    return box.left < left - 2 || box.right > right + 2;
  };

  for (const picture of document.images) {
    // Its text is as large as it should be where the picture is.
    if (picture.checkVisibility() && picture.width < picture.naturalWidth - 1) small.add(`picture: ${picture.alt}`);
  }

  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const text = node.textContent!.trim();
    const of = node.parentElement!;
    if (text === '' || of.closest('style, script, title, desc, noscript')) continue;
    const style = getComputedStyle(of);
    if (!of.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const boxes = [...range.getClientRects()].filter(({ width, height }) => width > 1 && height > 1);
    if (boxes.length === 0) continue;
    const name = text.slice(0, 60);
    if (parseFloat(style.fontSize) * scaleOf(of) < 11.95) small.add(name);
    const ink = of instanceof SVGElement ? style.fill : style.color;
    const [a, b] = [luminance(ink), luminance(groundOf(of))];
    if ((Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 3) faint.add(`${name}: ${ink} on ${groundOf(of)}`);
    for (const { left, right, top, bottom } of boxes) {
      const piece = { text: name, of, left, right, top, bottom };
      if (cutOff(of, piece)) clipped.add(name);
      pieces.push(piece);
    }
  }
  // What stays in its place while the page scrolls lies over it at times.
  const isFixed = (element: Element) => {
    for (let at: Element | null = element; at !== null; at = at.parentElement) {
      if (['fixed', 'sticky'].includes(getComputedStyle(at).position)) return true;
    }
    return false;
  };
  const lying = pieces.filter(({ of }) => !isFixed(of)).sort((one, other) => one.top - other.top);
  for (const [index, one] of lying.entries()) {
    for (let next = index + 1; next < lying.length && lying[next]!.top < one.bottom - 4; next++) {
      const other = lying[next]!;
      const wide = Math.min(one.right, other.right) - Math.max(one.left, other.left);
      const high = Math.min(one.bottom, other.bottom) - other.top;
      if (one.of !== other.of && wide > 2 && high > 4) overlapping.add(`${one.text} and ${other.text}`);
    }
  }
  return {
    small: [...small],
    overlapping: [...overlapping],
    clipped: [...clipped],
    faint: [...faint],
    sideways: window.scrollWidth - window.clientWidth,
    texts: pieces.length,
  };
}
