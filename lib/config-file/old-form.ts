/**
 * Forms that files had before: keys that moved into the section of a target, or got another name. They are still taken, with a
 * warning for each value that names its new place; `rewrite-form.ts` rewrites a file.
 */
import { formatPath, type Finding, type Path } from './finding.ts';
import type { Source } from './source.ts';
import { valueAt } from './value-findings.ts';

/** A key that has moved or has another name. `*` stands for every entry of a list. */
interface MovedKey {
  readonly from: readonly string[];
  readonly to: readonly string[];
  /** What the warning says. */
  readonly why: string;
}

export interface OldForm {
  readonly keys: readonly MovedKey[];
  /** A file with no section of a target is from before there were any, and so is for AWS. */
  readonly meansAws: boolean;
}

/** A file that never had another form. */
export const onlyForm: OldForm = { keys: [], meansAws: false };

/** A value at its old place, and where it belongs. */
export interface MovedValue {
  readonly from: Path;
  readonly to: Path;
  readonly why: string;
}

/** The values that stand at old places, in the order of the form's keys. */
export function movedValues(value: unknown, { keys }: OldForm): readonly MovedValue[] {
  return keys.flatMap(({ from, to, why }) =>
    placesOf(value, from)
      .filter((path) => has(value, path))
      .map((path) => ({ from: path, to: to.map((step, at) => (step === '*' ? path[at]! : step)), why })),
  );
}

/** Whether a file is for AWS without saying so: it names no target, or something that only AWS understands. */
export function meansAws(value: unknown, form: OldForm): boolean {
  if (!form.meansAws || !isRecord(value) || value['aws'] !== undefined) return false;
  const namesTarget = value['local'] !== undefined || value['kubernetes'] !== undefined;
  return !namesTarget || movedValues(value, form).length > 0;
}

/** A source with every value at its new place. What is said of a value is still located where the text has it. */
export function inSections(source: Source, form: OldForm): Source {
  const moved = movedValues(source.value, form);
  const lacksSection = meansAws(source.value, form);
  if (moved.length === 0 && !lacksSection) return source;
  const findings: Finding[] = [];
  const found = (severity: Finding['severity'], path: Path, rest: Pick<Finding, 'message' | 'given' | 'allowed'>) =>
    findings.push({ severity, file: source.file, ...source.locate(path), path: formatPath(path), ...rest });
  let value = lacksSection ? withValue(source.value, ['aws'], {}) : source.value;
  if (lacksSection && moved.length === 0) {
    const allowed = 'aws: {}; or kubernetes: with its settings; or local: {} for this machine alone';
    found('warning', [], {
      message: 'no target is named; without one a file is taken to be for AWS',
      given: 'nothing',
      allowed,
    });
  }
  const origins = new Map<string, Path>();
  for (const { from, to, why } of moved) {
    const one = valueAt(value, from);
    const place = formatPath(to);
    const given = (source.written(from) ?? JSON.stringify(one)) || 'nothing';
    value = withoutKey(value, from);
    if (one === undefined) continue;
    if (has(value, to)) {
      found('error', from, { message: `is given twice, here and as ${place}`, given, allowed: `${place} alone` });
      continue;
    }
    found('warning', from, { message: why, given, allowed: place });
    value = withValue(value, to, one);
    origins.set(place, from);
  }
  const written = (path: Path): Path => {
    const length = path.findLastIndex((_, at) => origins.has(formatPath(path.slice(0, at + 1)))) + 1;
    return length === 0 ? path : [...origins.get(formatPath(path.slice(0, length)))!, ...path.slice(length)];
  };
  return {
    file: source.file,
    value,
    findings: [...source.findings, ...findings],
    locate: (path) => source.locate(written(path)),
    written: (path) => source.written(written(path)),
  };
}

/** Every path that a pattern stands for in a value; `*` is each place of a list. */
function placesOf(value: unknown, pattern: readonly string[]): readonly Path[] {
  return pattern.reduce<readonly Path[]>(
    (paths, step) =>
      paths.flatMap((path) => {
        if (step !== '*') return [[...path, step]];
        const list = valueAt(value, path);
        return Array.isArray(list) ? list.map((_, at) => [...path, at]) : [];
      }),
    [[]],
  );
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function has(value: unknown, path: Path): boolean {
  const outer = valueAt(value, path.slice(0, -1));
  return isRecord(outer) && Object.hasOwn(outer, path.at(-1)!);
}

/** A copy with a value at a path. Where something else than a group stands on the way, that stays for its own check to find. */
function withValue(value: unknown, [step, ...rest]: Path, added: unknown): unknown {
  if (step === undefined) return added;
  if (Array.isArray(value))
    return value.map((one, at) => (at === step ? withValue(one, rest, added) : (one as unknown)));
  if (value !== undefined && !isRecord(value)) return value;
  return { ...value, [step]: withValue(value?.[step], rest, added) };
}

/** A copy without the key at the end of a path, which is there. */
function withoutKey(value: unknown, [step, ...rest]: Path): unknown {
  if (Array.isArray(value)) return value.map((one, at) => (at === step ? withoutKey(one, rest) : (one as unknown)));
  const { [step!]: inner, ...others } = value as Readonly<Record<string, unknown>>;
  return rest.length === 0 ? others : { ...(value as object), [step!]: withoutKey(inner, rest) };
}
