export { internalPorts } from '../spec/fixed.ts';
