import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { measurementsSchema } from '../../lib/planner/component-figures.ts';
import { writeFigures } from '../../lib/planner-files/figures-file.ts';
import { figuresOf, type ProcessorWork } from '../../lib/planner-files/measured-figures.ts';
import { folderOf } from './folder.ts';

const setups: ProcessorWork = {
  figure: 'sbcSetups',
  program: 'Kamailio',
  work: 600,
  unit: 'calls',
  processorSeconds: 1.5,
  cores: 2,
};

describe('figures from processor time', () => {
  it('are what the cores do in a second, with their arithmetic', () => {
    expect(figuresOf([setups], '2026-03-02, cell lab').figures).toEqual({
      sbcSetups: {
        value: 800,
        source:
          '2026-03-02, cell lab: 600 calls took 1.5 s of Kamailio’s processor time, times 2 cores; a full core is extrapolated',
      },
    });
  });

  it('are none where the kernel’s clock is too coarse for them', () => {
    const { figures, notes } = figuresOf([{ ...setups, processorSeconds: 0.04 }], 'here');
    expect(figures).toEqual({});
    expect(notes).toEqual(['sbcSetups: Kamailio took 0.04 s of processor time, too little to tell; place more calls']);
  });
});

describe('figures.yaml', () => {
  const measured = { sbcSetups: { value: 800, source: 'here' } };

  it('is made with what was measured', () => {
    const path = join(folderOf({}), 'figures.yaml');
    writeFigures(path, measured);
    expect(measurementsSchema.parse(parse(readFileSync(path, 'utf8')))).toEqual(measured);
  });

  it('keeps other figures and comments', () => {
    const path = join(folderOf({}), 'figures.yaml');
    const own =
      '# By hand.\nredisOperations: { value: 5, source: bench } # last year\nsbcSetups: { value: 1, source: old }\n';
    writeFileSync(path, own);
    writeFigures(path, measured);
    const text = readFileSync(path, 'utf8');
    expect(text).toMatch(/^# By hand\.\nredisOperations: \{ value: 5, source: bench \} # last year\nsbcSetups:/);
    expect(parse(text)).toEqual({ redisOperations: { value: 5, source: 'bench' }, ...measured });
  });

  it('stays as it is when something in it is wrong', () => {
    const path = join(folderOf({}), 'figures.yaml');
    writeFileSync(path, 'sbcSetup: { value: 1, source: old }\n');
    expect(() => writeFigures(path, measured)).toThrow(
      /figures\.yaml:1:1 error sbcSetup: there is no such key; did you mean "sbcSetups"\?; allowed: sbcSetups, /,
    );
    expect(readFileSync(path, 'utf8')).toBe('sbcSetup: { value: 1, source: old }\n');
    expect(existsSync(`${path}.new`)).toBe(false);
  });
});
