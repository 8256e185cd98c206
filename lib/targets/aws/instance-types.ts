/**
 * Instance types of EC2's general-purpose, compute- and memory-optimised families of the fifth generation and newer, and of
 * the burstable ones (EC2 Instance Types Guide, as of 2025). For telling a typing error in a plan; a type that is not here
 * may exist.
 */
const common = ['large', 'xlarge', '2xlarge', '4xlarge', '8xlarge', '12xlarge', '16xlarge'];
const metal48 = ['24xlarge', '48xlarge', 'metal-24xl', 'metal-48xl'];

const sizesOfFamilies: readonly (readonly [families: readonly string[], sizes: readonly string[]])[] = [
  [
    ['t2', 't3', 't3a', 't4g'],
    ['nano', 'micro', 'small', 'medium', 'large', 'xlarge', '2xlarge'],
  ],
  [
    ['c5', 'c5d'],
    ['large', 'xlarge', '2xlarge', '4xlarge', '9xlarge', '12xlarge', '18xlarge', '24xlarge', 'metal'],
  ],
  [['c5n'], ['large', 'xlarge', '2xlarge', '4xlarge', '9xlarge', '18xlarge', 'metal']],
  [
    ['m5', 'm5d', 'm5n', 'm5dn', 'r5', 'r5b', 'r5d', 'r5n', 'r5dn'],
    [...common, '24xlarge', 'metal'],
  ],
  [
    ['c5a', 'c5ad', 'm5a', 'm5ad', 'r5a', 'r5ad'],
    [...common, '24xlarge'],
  ],
  [
    ['m5zn', 'z1d'],
    ['large', 'xlarge', '2xlarge', '3xlarge', '6xlarge', '12xlarge', 'metal'],
  ],
  [
    ['c6i', 'c6id', 'c6in', 'm6i', 'm6id', 'm6in', 'm6idn', 'r6i', 'r6id', 'r6in', 'r6idn'],
    [...common, '24xlarge', '32xlarge', 'metal'],
  ],
  [
    ['c6a', 'm6a', 'r6a'],
    [...common, '24xlarge', '32xlarge', '48xlarge', 'metal'],
  ],
  [
    ['c6g', 'c6gd', 'm6g', 'm6gd', 'r6g', 'r6gd', 'c7g', 'c7gd', 'c7gn', 'm7g', 'm7gd', 'r7g', 'r7gd'],
    ['medium', ...common, 'metal'],
  ],
  [['c6gn'], ['medium', ...common]],
  [
    ['c7i', 'm7i', 'r7i'],
    [...common, ...metal48],
  ],
  [['c7i-flex', 'm7i-flex', 'c8i-flex', 'm8i-flex', 'r8i-flex'], common],
  [
    ['c7a', 'm7a', 'r7a'],
    ['medium', ...common, '24xlarge', '32xlarge', '48xlarge', 'metal-48xl'],
  ],
  [
    ['c8g', 'c8gd', 'c8gn', 'm8g', 'm8gd', 'r8g', 'r8gd', 'c8a', 'm8a', 'r8a'],
    ['medium', ...common, ...metal48],
  ],
  [
    ['c8i', 'c8id', 'm8i', 'm8id', 'r8i', 'r8id'],
    [...common, '24xlarge', '32xlarge', '48xlarge', '96xlarge', 'metal-48xl', 'metal-96xl'],
  ],
];

const known: ReadonlySet<string> = new Set(
  sizesOfFamilies.flatMap(([families, sizes]) =>
    families.flatMap((family) => sizes.map((size) => `${family}.${size}`)),
  ),
);

export function isKnownInstanceType(type: string): boolean {
  return known.has(type);
}
