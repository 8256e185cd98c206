/** Component figures from the processor time that calls took. Arithmetic only. */
import { counted } from '../config-file/counted.ts';
import type { FigureName, Measurements } from '../planner/component-figures.ts';

/** What the processes of one program did for so much work. */
export interface ProcessorWork {
  readonly figure: FigureName;
  /** As it stands in the source: `Kamailio`. */
  readonly program: string;
  /** Work done, in units of which a core does this many a second: set-ups, or seconds of calls. */
  readonly work: number;
  /** Name of that unit: `set-ups`. */
  readonly unit: string;
  /** Processor time in seconds that it took, what the program takes without work left out. */
  readonly processorSeconds: number;
  /**
   * Cores that the figure is for.
   * @default 1
   */
  readonly cores?: number;
}

/** The least processor time, in seconds, of which a hundredth of a second, the kernel's resolution, is a small part. */
export const LEAST_PROCESSOR_SECONDS = 0.5;

/**
 * @param where what was measured on, with the date: the first words of the source
 * @returns the figures, and of what took too little processor time to be one, why
 */
export function figuresOf(
  works: readonly ProcessorWork[],
  where: string,
): { readonly figures: Measurements; readonly notes: readonly string[] } {
  const figures: Measurements = {};
  const notes: string[] = [];
  for (const { figure, program, work, unit, processorSeconds, cores = 1 } of works) {
    const seconds = `${rounded(processorSeconds)} s`;
    if (processorSeconds < LEAST_PROCESSOR_SECONDS) {
      notes.push(`${figure}: ${program} took ${seconds} of processor time, too little to tell; place more calls`);
      continue;
    }
    const perCore = work / processorSeconds;
    const times = cores === 1 ? '' : `, times ${counted(cores, 'core')}`;
    figures[figure] = {
      value: rounded(perCore * cores),
      source: `${where}: ${rounded(work)} ${unit} took ${seconds} of ${program}’s processor time${times}; a full core is extrapolated`,
    };
  }
  return { figures, notes };
}

const rounded = (value: number): number => Number(value.toPrecision(3));
