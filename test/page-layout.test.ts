import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchBrowser, layoutOf } from './page-layout.ts';
import { describeWith } from './requirements.ts';

describeWith(['chromium'], 'what is wrong with the layout of a page', () => {
  let browser: Browser;
  beforeAll(async () => void (browser = await launchBrowser()));
  afterAll(() => browser?.close());

  const found = async (body: string) => {
    const page = await browser.newPage({ viewport: { width: 390, height: 900 } });
    await page.setContent(`<!doctype html><body style="margin: 0">${body}`);
    const layout = await layoutOf(page);
    await page.close();
    return layout;
  };

  const picture = encodeURIComponent('<svg xmlns="http://www.w3.org/2000/svg" width="100" height="9"></svg>');

  it('is found', async () => {
    const layout = await found(`
      <p style="font-size: 11px">tiny</p>
      <svg viewBox="0 0 2000 100" width="390"><text x="0" y="50" font-size="20">shrunk</text></svg>
      <p style="position: absolute; top: 300px">under</p><p style="position: absolute; top: 302px">over</p>
      <p style="position: absolute; top: 400px; width: 30px; overflow: hidden; white-space: nowrap">cut off here</p>
      <p style="position: absolute; top: 500px; left: 360px; white-space: nowrap">beyond the window</p>
      <p style="position: absolute; top: 600px; color: #ddd">pale</p>
      <img alt="chart" style="position: absolute; top: 700px; width: 50px" src="data:image/svg+xml,${picture}" />`);
    expect(layout).toMatchObject({ small: ['picture: chart', 'tiny', 'shrunk'], overlapping: ['under and over'] });
    expect(layout.clipped).toEqual(['cut off here', 'beyond the window']);
    expect(layout.faint).toEqual(['pale: rgb(221, 221, 221) on rgb(255, 255, 255)']);
    expect(layout.sideways).toBeGreaterThan(50);
  });

  it('is nothing on a page that is fine, in which wide parts scroll', async () => {
    const layout = await found(
      '<p>text</p><div style="overflow-x: auto; white-space: nowrap">' + 'wide '.repeat(200) + '</div>',
    );
    expect(layout).toMatchObject({ small: [], overlapping: [], clipped: [], faint: [], sideways: 0 });
  });
});
