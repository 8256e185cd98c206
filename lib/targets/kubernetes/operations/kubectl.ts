/** The cluster as an operator reaches it: by kubectl, with the operator's own configuration and rights. */
import { spawn } from 'node:child_process';
import { OperationFailure } from '../../../operations/failure.ts';

interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Kubectl {
  /** @throws OperationFailure when kubectl is not there, or says no */
  run(words: readonly string[], options?: { readonly input?: string; readonly seconds?: number }): Promise<string>;
  /** Whatever kubectl says. */
  ask(words: readonly string[], options?: { readonly input?: string; readonly seconds?: number }): Promise<Outcome>;
}

export function kubectl(namespace: string): Kubectl {
  const ask: Kubectl['ask'] = (words, { input, seconds } = {}) =>
    new Promise((resolve, reject) => {
      const child = spawn('kubectl', [`--namespace=${namespace}`, ...words], {
        stdio: 'pipe',
        ...(seconds === undefined ? {} : { timeout: seconds * 1000, killSignal: 'SIGKILL' as const }),
      });
      let stdout = '';
      let stderr = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      child.on('error', ({ message }) => reject(new OperationFailure(`kubectl does not run: ${message}`)));
      child.on('close', (status) => resolve({ status: status ?? 137, stdout, stderr }));
      // It may be gone before it has read all.
      child.stdin.on('error', () => {});
      child.stdin.end(input ?? '');
    });
  return {
    ask,
    async run(words, options) {
      const { status, stdout, stderr } = await ask(words, options);
      if (status === 0) return stdout;
      throw new OperationFailure(`kubectl ${words[0]}: ${(stderr || stdout).trim() || `ended with ${status}`}`);
    },
  };
}
