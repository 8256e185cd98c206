/** What a cell must be like to be reached through the front. */
import { widestEdgeSourcePrefix } from '../schema/fixed.ts';
import { parseRange } from '../range.ts';
import type { Rule } from '../../config-file/rule.ts';
import type { CellSpec } from '../schema/cell-types.ts';

/** Edges of the front speak with cells over UDP alone. */
const edgesReachTheCell: Rule<CellSpec> = {
  severity: 'error',
  reads: ['sbc.transports'],
  *check({ sbc }) {
    if (sbc.transports.udp !== 'off') return;
    yield {
      path: ['sbc', 'transports', 'udp'],
      message: 'the edges of the front reach a cell over UDP only, and it is off',
      allowed: 'a port, for example 5060; or no file front.yaml',
    };
  },
};

/** A cell finds a tenant by a wider range; an edge has single addresses, and would not know which cell to ask. */
const edgesKnowTheSources: Rule<CellSpec> = {
  severity: 'error',
  reads: ['tenants'],
  *check({ tenants }) {
    for (const [index, { name, sources }] of tenants.entries()) {
      for (const [place, text] of sources.entries()) {
        const { prefix } = parseRange(text);
        if (prefix >= widestEdgeSourcePrefix) continue;
        yield {
          path: ['tenants', index, 'sources', place],
          message: `${text} of ${name} is too wide for the edges of the front, which know a source by single addresses`,
          allowed: `/${widestEdgeSourcePrefix} to /32, several of them if need be; or no file front.yaml`,
        };
      }
    }
  },
};

export const behindFrontRules: readonly Rule<CellSpec>[] = [edgesReachTheCell, edgesKnowTheSources];
