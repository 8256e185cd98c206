import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { CommandFailure } from '../failure.ts';
import { printJson } from '../output.ts';

export function addGrafanaDashboards(program: Command): Command {
  return program
    .command('grafana-dashboards')
    .description('Writes the dashboards for Grafana, a file each: fleet, cell, call quality, front and planner.')
    .option('--output <folder>', 'where the files go; those of before are replaced', 'dashboards')
    .option('--json', 'print the names of the files as JSON')
    .addHelpText(
      'after',
      `
Example:
  $ npx cellstamp grafana-dashboards --output /var/lib/grafana/dashboards

They are the same for all fleets: in Grafana you choose the Prometheus, the cell, the trunk. What they show is recorded by the rules that
\`npx cellstamp prometheus-config CELL --rules\` prints. Needs the package @grafana/grafana-foundation-sdk. See docs/dashboards.md.`,
    )
    .action(write);
}

interface Options {
  readonly output: string;
  readonly json?: true;
}

async function write({ output, json }: Options): Promise<void> {
  const { grafanaDashboards } = await withSdk(() => import('../../software/grafana.ts'));
  mkdirSync(output, { recursive: true });
  const files = grafanaDashboards().map((dashboard) => {
    const path = join(output, `${dashboard.uid}.json`);
    writeFileSync(path, `${JSON.stringify(dashboard, undefined, 2)}\n`);
    return { path, title: dashboard.title };
  });
  if (json) printJson(files);
  else for (const { path, title } of files) console.log(`${path}  ${title}`);
}

/** @throws CommandFailure when the SDK is not installed: it is large, and nothing else needs it */
async function withSdk<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ERR_MODULE_NOT_FOUND' || !message.includes('grafana-foundation-sdk')) throw error;
    throw new CommandFailure(
      'the dashboards are made by a package that is not installed: npm install @grafana/grafana-foundation-sdk',
      2,
    );
  }
}
