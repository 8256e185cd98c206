import { UserError } from '../../config-file/user-error.ts';

/** What went wrong on this machine. */
export class LocalFailure extends UserError {
  override readonly name = 'LocalFailure';

  constructor(message: string, status: 1 | 2 = 1) {
    super(message, status);
  }
}
