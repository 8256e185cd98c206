/** What went wrong on this machine, in words for whoever typed the command: shown without a stack trace. */
export class LocalFailure extends Error {
  override readonly name = 'LocalFailure';
  /** 1: something is wrong; 2: it was asked for wrongly. */
  readonly status: 1 | 2;

  constructor(message: string, status: 1 | 2 = 1) {
    super(message);
    this.status = status;
  }
}
