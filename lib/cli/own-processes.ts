/** Whether there is a process with this number: what commands name after themselves may be left by one that was killed. */
export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
