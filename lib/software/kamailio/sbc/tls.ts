import { publicAuthorities } from '../common/tls.ts';

/** Profiles in tls.cfg of the connections that an SBC opens. */
export const towardsCarriers = `# Towards carriers that we connect to: their certificate must be from a public authority.
${publicAuthorities}`;
