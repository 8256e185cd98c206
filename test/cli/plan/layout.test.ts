/** Pages in a real browser, on a phone, a tablet and a desk, in light and dark. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { planPage } from '../../../lib/cli/plan/page.ts';
import { simulationPage } from '../../../lib/cli/plan/simulation-page.ts';
import { plan } from '../../../lib/planner/plan.ts';
import type { SimulationResult } from '../../../lib/planner/simulation/result.ts';
import { colours, launchBrowser, layoutOf, widths } from '../../page-layout.ts';
import { describeWith } from '../../requirements.ts';
import { blueprint, busyFleet, cellOf, HOUR, NOW, tenantsOf } from '../../planner/plan/fleets.ts';

/** With a stamp, schedules of media hosts and long names. */
function busyPlan(): string {
  const input = busyFleet('euw1-growing-a');
  return planPage(input, plan(input));
}

/** Twenty cells, so that names of bars stand upright. */
function manyCells(): string {
  const cells = Array.from({ length: 20 }, (_, n) => cellOf(`euw1-cell-${n}`, { calls: () => 40 + 9 * n }));
  const tenants = cells.flatMap(({ spec }, n) => tenantsOf(spec.name, 2, 20 + 4 * n));
  const input = { now: NOW, cells, tenants, blueprints: [blueprint()] };
  return planPage(input, plan(input));
}

function simulation(): string {
  const result = (decider: string, more: number): SimulationResult => ({
    decider,
    callsOffered: 81_234_567,
    callsBlocked: 1203 + more,
    blockedBy: { waiting: 3, lostRegion: 0, full: 1200 + more },
    minutesShort: 1300 + more,
    shortages: [],
    tenantHoursWaiting: 12,
    cellHours: 800,
    weightedCellHours: 123_456 + more,
    cost: 98_765.4321,
    stamps: 3,
    failedStamps: 0,
    retirements: 0,
    moves: 4,
    scaleUps: 5,
    scaleDowns: 6,
    reversals: 0,
    holds: 0,
    hours: Array.from({ length: 200 }, (_, hour) => ({
      at: NOW + hour * HOUR,
      calls: 12_000 + 900 * Math.sin(hour / 4) + 10 * hour + more,
      capacity: 15_000 + more,
      cells: 4,
      short: hour % 50 === 0 ? 1 : 0,
    })),
    log: [20, 22, 150].map((hour, n) => ({
      step: hour,
      at: NOW + hour * HOUR,
      action: { do: 'stamp', name: `euw1-cell-${n}`, kind: 'standard', because: 'it gets too full' },
    })),
  });
  return simulationPage('spring', [result('gradeOfService', 0), result('reactive', 700)]);
}

describeWith(['chromium'], 'pages in a browser', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cellstamp-pages-'));
  let browser: Browser;
  const pages = { plan: busyPlan, 'plan of many cells': manyCells, simulation };

  beforeAll(async () => {
    for (const [name, made] of Object.entries(pages)) writeFileSync(join(folder, `${name}.html`), made());
    browser = await launchBrowser();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });

  it.each(
    Object.keys(pages).flatMap((name) =>
      widths.flatMap((width) => colours.map((colours) => ({ name, width, colours }))),
    ),
  )('$name at $width px in $colours: text can be read, lies over no other and is not cut off', async (how) => {
    const page = await browser.newPage({ viewport: { width: how.width, height: 900 }, colorScheme: how.colours });
    await page.goto(`file://${join(folder, `${how.name}.html`)}`);
    const { texts, ...wrong } = await layoutOf(page);
    await page.close();
    expect(texts).toBeGreaterThan(20);
    expect(wrong).toEqual({ small: [], overlapping: [], clipped: [], faint: [], sideways: 0 });
  });
});
