/** The scripts are run by the real shell. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { answer, furtherParts, shellScripts } from '../../../../lib/targets/aws/operations/shell-script.ts';

const id = 'test4711';
const run = (script: string) => spawnSync('sh', ['-c', script], { encoding: 'utf8', maxBuffer: 2 ** 26 });
const left = () => existsSync(`/run/cellstamp-input-${id}`);
afterEach(() => void run(`rm -rf /run/cellstamp-input-${id}`));

describe.skipIf(process.getuid?.() !== 0)('a command as shell scripts', () => {
  it('gets its words as they are', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' }).filter((word) => !word.includes('\0'))), (words) => {
        const argv = ['printf', '%s\\n', ...words];
        const [script, ...more] = shellScripts({ does: 'print', argv }, id);
        expect(more).toEqual([]);
        expect(run(script!).stdout).toBe(words.length === 0 ? '\n' : words.map((word) => `${word}\n`).join(''));
      }),
      { numRuns: 100 },
    );
  });

  it('gets its input as it is, in one script where that is short enough, and leaves nothing', () => {
    const input = `it's "quoted" $HOME \`id\` – ü\n\n`;
    const scripts = shellScripts({ does: 'copy', argv: ['cat'], input }, id);
    expect(scripts).toHaveLength(1);
    expect(run(scripts[0]!)).toMatchObject({ status: 0, stdout: input, stderr: '' });
    expect(left()).toBe(false);
  });

  it('gets a long input in parts, each below what one call takes, also when a part comes twice', () => {
    const input = randomBytes(150_000).toString('hex');
    const scripts = shellScripts({ does: 'count', argv: ['sha256sum'], input }, id);
    expect(scripts.length).toBeGreaterThan(3);
    for (const script of scripts) expect(script.length).toBeLessThan(64_000);
    for (const script of [scripts[0]!, ...scripts.slice(0, -1)]) expect(run(script).status).toBe(0);
    const { stdout } = spawnSync('sha256sum', { input, encoding: 'utf8' });
    expect(run(scripts.at(-1)!).stdout).toBe(stdout);
    expect(left()).toBe(false);
  });

  it('does not run when a part is missing', () => {
    const scripts = shellScripts({ does: 'copy', argv: ['cat'], input: randomBytes(90_000).toString('hex') }, id);
    for (const script of scripts.slice(1, -1)) run(script);
    const { status, stdout } = run(scripts.at(-1)!);
    expect({ failed: status !== 0, stdout }).toEqual({ failed: true, stdout: '' });
  });

  it.each([0, 10, 150_000])(
    'gives an output of %i bytes in answers that are short enough, and leaves nothing',
    (length) => {
      const input = randomBytes(length).toString('hex');
      const [file, whole] = [`/run/cellstamp-output-${id}`, `${input}\n`];
      writeFileSync(file, whole);
      for (const command of [
        { does: 'print', argv: ['cat', file], isLong: true },
        { does: 'copy', argv: ['cat'], input: whole, isLong: true },
      ]) {
        const first = shellScripts(command, id)
          .map((script) => run(script).stdout)
          .at(-1)!;
        const parts = [first, ...furtherParts(first, id).map((script) => run(script).stdout)];
        expect(Math.max(...parts.map((part) => part.length))).toBeLessThan(24_000);
        expect(answer(parts)).toBe(whole);
        expect(left()).toBe(false);
        expect(answer(parts.slice(0, -1))).toBeUndefined();
      }
      rmSync(file);
    },
  );

  it('ends as the command does', () => {
    const failing = { does: 'fail', argv: ['sh', '-c', 'exit 7'], isLong: true };
    expect([run(shellScripts(failing, id)[0]!).status, left()]).toEqual([7, false]);
    expect([run(shellScripts({ ...failing, input: 'x' }, id)[0]!).status, left()]).toEqual([7, false]);
    expect(run(shellScripts({ does: 'fail', argv: ['sh', '-c', 'exit 7'] }, id)[0]!).status).toBe(7);
    expect(run(shellScripts({ does: 'fail', argv: ['sh', '-c', 'exit 7'], input: 'x' }, id)[0]!).status).toBe(7);
    expect(left()).toBe(false);
  });
});
