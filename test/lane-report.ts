/** What `npm test` wants to know of a run of vitest, written by a reporter that it loads. */
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Reporter, TestModule } from 'vitest/node';

/** A test file, and its tests by their full names. */
export interface FileReport {
  /** Absolute path. Undefined for errors that came from no file. */
  readonly file: string | undefined;
  readonly passed: readonly string[];
  /** Also what failed outside of every test: a hook of the file, or a promise that nobody waited for. */
  readonly failed: readonly string[];
  readonly skipped: readonly string[];
}

/** The environment variable with the path of the JSON file to write: an array of {@link FileReport}. */
export const reportVariable = 'CELLSTAMP_LANE_REPORT';

type Errors = Parameters<NonNullable<Reporter['onTestRunEnd']>>[1];

export default class LaneReport implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], uncaught: Errors): void {
    const reports = [...modules.map(reportOf), ...uncaught.map(outsideOfTests)];
    writeFileSync(process.env[reportVariable]!, JSON.stringify(reports));
  }
}

function reportOf(module: TestModule): FileReport {
  const named = (state: 'passed' | 'failed' | 'skipped') =>
    [...module.children.allTests(state)].map(({ fullName }) => fullName);
  const failed = named('failed');
  const broken = module.state() === 'failed' && failed.length === 0;
  return {
    file: module.moduleId,
    passed: named('passed'),
    failed: broken ? [relative(process.cwd(), module.moduleId)] : failed,
    skipped: named('skipped'),
  };
}

function outsideOfTests(error: Errors[number]): FileReport {
  const file = error['VITEST_TEST_PATH'] as string | undefined;
  const where = file === undefined ? 'outside of every file' : relative(process.cwd(), file);
  return { file, passed: [], failed: [`${where}: ${error.name}: ${error.message}`], skipped: [] };
}
