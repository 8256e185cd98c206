/**
 * What went wrong in words for whoever typed the command: shown without a stack trace. Anything else that is thrown is a fault of the
 * program.
 */
export class UserError extends Error {
  override readonly name: string = 'UserError';
  /** Exit status of the command. 1: something is wrong; 2: it was asked for wrongly. */
  readonly status: 1 | 2;

  constructor(message: string, status: 1 | 2) {
    super(message);
    this.status = status;
  }
}
