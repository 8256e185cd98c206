/** What `planning.yaml` says about a server of the Prometheus HTTP API. */
import { z } from 'zod';
import { text } from '../../config-file/fields.ts';
import { awsRegion } from '../../fleet/schema/targets/aws.ts';
import { secretSchema } from '../values.ts';
import { MEASURES } from './queries.ts';

const query = z.union([z.literal('off'), z.string().min(1).max(10_000)]).optional();

export const prometheusSchema = z.strictObject({
  url: z
    .url({ protocol: /^https?$/ })
    .describe('Address of the server, with the path before /api/v1, for example http://127.0.0.1:9090.'),
  auth: z
    .strictObject({
      basic: z
        .strictObject({
          username: z.string().min(1).max(200).describe('User name.'),
          password: secretSchema.describe('Where the password is.'),
        })
        .optional()
        .describe('HTTP basic authentication. Default: not used.'),
      bearer: secretSchema.optional().describe('Where the bearer token is. Default: not used.'),
      sigv4: z
        .strictObject({
          region: awsRegion.describe('AWS region of the workspace.'),
          profile: z
            .string()
            .min(1)
            .max(200)
            .optional()
            .describe('Profile of the AWS configuration. Default: what the AWS SDK’s chain of credentials finds.'),
        })
        .optional()
        .describe('AWS Signature Version 4 for Amazon Managed Service for Prometheus. Default: not used.'),
    })
    .prefault({})
    .describe('How this planner says who it is; at most one way.'),
  timeoutSeconds: z.number().min(0.1).max(600).default(30).describe('Seconds that an answer may take.'),
  cellLabel: text(/^[a-zA-Z_][a-zA-Z0-9_]*$/, 'must be the name of a label, for example cell')
    .default('cell')
    .describe('Label that names the cell; the configuration of the scrape sets it.'),
  queries: z
    .strictObject(
      Object.fromEntries(
        Object.entries(MEASURES).map(([name, { what, promql }]) => [
          name,
          query.describe(
            `PromQL for ${what}, one series a cell; $cell stands for the label and $step for 5m; off: not asked. ${
              promql === undefined ? 'Default: not asked, no generated host exposes it.' : `Default: ${promql}`
            }`,
          ),
        ]),
      ) as Record<keyof typeof MEASURES, typeof query>,
    )
    .prefault({})
    .describe('Queries in place of those over what the generated hosts expose.'),
});

export type PrometheusSettings = z.output<typeof prometheusSchema>;
