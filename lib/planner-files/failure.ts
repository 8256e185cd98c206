import { UserError } from '../config-file/user-error.ts';

/** Another plan came first, or is under way: what this one was made from no longer holds, and nothing of it was written. */
export class PlanConflict extends UserError {
  override readonly name = 'PlanConflict';

  constructor(message: string) {
    super(message, 1);
  }
}
