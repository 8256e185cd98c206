/** A cell or a front that is on AWS: its section `aws:` is there. */
import { SpecError } from '../spec-error.ts';

interface MaybeOnAws {
  readonly name: string;
  readonly aws?: object | undefined;
}

export type OnAws<Spec extends MaybeOnAws> = Spec & { readonly aws: NonNullable<Spec['aws']> };

export function isOnAws<Spec extends MaybeOnAws>(spec: Spec): spec is OnAws<Spec> {
  return spec.aws !== undefined;
}

/**
 * What a spec says of AWS.
 * @throws SpecError when it is not on AWS
 */
export function awsOf<Spec extends MaybeOnAws>(spec: Spec): NonNullable<Spec['aws']> {
  if (isOnAws(spec)) return spec.aws;
  throw new SpecError(`${spec.name} can't be built on AWS`, [
    {
      severity: 'error',
      path: 'aws',
      message: 'is missing',
      given: 'nothing',
      allowed: 'a section, aws: {} for its defaults',
    },
  ]);
}
