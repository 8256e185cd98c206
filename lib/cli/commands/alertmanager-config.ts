import type { Command } from 'commander';
import { alertmanagerConfig } from '../../software/alertmanager.ts';

export function addAlertmanagerConfig(program: Command): Command {
  return program
    .command('alertmanager-config')
    .description('Prints the configuration of an Alertmanager: routes by severity, and which alerts hold others back.')
    .addHelpText(
      'after',
      `
Example:
  $ npx cellstamp alertmanager-config >alertmanager.yml

It is the same for all cells, whose rules \`npx cellstamp prometheus-config CELL --rules\` prints. P0 and P1 go to the receiver
cellstamp-page, P2 and P3 to cellstamp-ticket: add to each how it is reached. See docs/alerts.md.`,
    )
    .action(async () => {
      const { stringify } = await import('yaml');
      process.stdout.write(stringify(alertmanagerConfig(), { lineWidth: 0 }));
    });
}
