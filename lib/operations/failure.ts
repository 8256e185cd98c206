import { UserError } from '../config-file/user-error.ts';

/** An operation can't be done, or not to its end. */
export class OperationFailure extends UserError {
  override readonly name = 'OperationFailure';

  constructor(message: string, status: 1 | 2 = 1) {
    super(message, status);
  }
}
