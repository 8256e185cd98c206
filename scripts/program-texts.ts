/**
 * The module through which programs in other languages than TypeScript get into the library. Each lies beside its TypeScript as a file
 * of its own language, which editors and checkers know. The library may not read files (what bundles it would have to find
 * them, and CommonJS and ES modules find them differently), so the module has their texts.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Every folder below which there are some; it gets the module. */
export const programFolders = ['lib/software', 'lib/targets/kubernetes', 'lib/targets/local/front'] as const;

/** Their paths in a folder. */
export function programPaths(folder: string): readonly string[] {
  const paths = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  return paths.filter((path) => /\.(py|c)$/.test(path)).sort();
}

/** The module of a folder. */
export function programTexts(folder: string): string {
  const programs = programPaths(folder).map((path) => {
    const name = basename(path, extname(path)).replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    const text = readFileSync(join(root, folder, path), 'utf8');
    // One line each: to be read, and compared, where it lies.
    return `/** ${path} */\nexport const ${name} = ${JSON.stringify(text)};\n`;
  });
  return `// Made from the programs themselves: npx tsx scripts/write-schemas.ts\n${programs.join('\n')}`;
}
