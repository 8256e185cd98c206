/**
 * The section `local:` of a cell and of the front: what only this machine understands. So far that is nothing, because every cell can be
 * run here. The section says that a cell is for this machine alone where there is none for another target.
 */
import { z } from 'zod';

export const local = z.strictObject({});
