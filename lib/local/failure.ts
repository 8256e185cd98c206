/** What went wrong on this machine, in words for whoever typed the command: shown without a stack trace. */
export class LocalFailure extends Error {
  override readonly name = 'LocalFailure';
}
