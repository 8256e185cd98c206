/** The pipeline's shell through shellcheck. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { describeWith } from '../requirements.ts';
import { pipeline, shellSteps } from './pipeline-files.ts';

describeWith(['checkers'], 'shellcheck', () => {
  it.each(readdirSync(pipeline).filter((name) => name.endsWith('.sh')))('finds nothing in %s', (name) => {
    execFileSync('shellcheck', [join(pipeline, name)]);
  });

  it.each(shellSteps())('finds nothing in the script of %s', (_, script) => {
    // The settings are known where the pipeline runs only.
    const options = ['--shell=bash', '--exclude=SC1091', '-'];
    const { status, stdout } = spawnSync('shellcheck', options, { input: script, encoding: 'utf8' });
    expect(stdout).toBe('');
    expect(status).toBe(0);
  });
});
