import tseslint from 'typescript-eslint';

/** Folders of lib/, lowest layer first; a folder imports from its own and from the lower rows named beside it. */
const mayImport = {
  page: [],
  spec: [],
  cell: ['spec'],
  front: ['spec', 'cell'],
  software: ['spec', 'cell', 'front'],
  capacity: ['spec', 'cell'],
  files: ['spec'],
  calls: ['spec', 'cell'],
  planning: ['spec', 'cell', 'capacity', 'files'],
  operations: ['spec', 'cell', 'front', 'software'],
  aws: ['spec', 'cell', 'front', 'software', 'operations'],
  kubernetes: ['spec', 'cell', 'front', 'software', 'operations'],
  local: ['spec', 'cell', 'front', 'software', 'operations', 'files'],
  cli: [
    'spec',
    'cell',
    'front',
    'software',
    'capacity',
    'files',
    'calls',
    'planning',
    'page',
    'operations',
    'aws',
    'kubernetes',
    'local',
  ],
};
const folders = Object.keys(mayImport);
const pure = ['page', 'spec', 'cell', 'front', 'software', 'capacity'];

const noClockNoChance = {
  'no-restricted-properties': [
    'error',
    { object: 'Math', property: 'random', message: 'Pure code: pass a random source in.' },
    { object: 'Date', property: 'now', message: 'Pure code: pass the time in.' },
    { object: 'performance', property: 'now', message: 'Pure code: pass the time in.' },
  ],
  'no-restricted-globals': ['error', 'process', 'fetch', 'setTimeout', 'setInterval'],
  'no-restricted-syntax': [
    'error',
    { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: 'Pure code: pass the time in.' },
  ],
};

export default tseslint.config(
  { ignores: ['dist/', 'cdktf.out/', '**/cdktf.out/', 'node_modules/'] },
  ...tseslint.configs.recommended,
  {
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      // A program's function takes the cell and the host even where it needs neither.
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      eqeqeq: 'error',
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: false } }],
    },
  },
  // Arrows point one way: cli -> targets -> operations -> software -> cell, front -> spec.
  ...folders.map((folder) => ({
    files: [`lib/${folder}/**`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            ...folders
              .filter((other) => other !== folder && !mayImport[folder].includes(other))
              .map((other) => ({
                regex: `^(\\.\\./)+${other}/`,
                message: `lib/${folder} may import from ${mayImport[folder].join(', ') || 'no other folder of lib'} only.`,
              })),
            ...(pure.includes(folder)
              ? [
                  {
                    // A hash is arithmetic; all else of Node.js touches the machine.
                    regex: '^(node:(?!crypto$)|cdktf|constructs|@cdktf|@pulumi)',
                    message: 'Pure code: no file system, processes, cdktf or Pulumi.',
                  },
                ]
              : []),
          ],
        },
      ],
      ...(pure.includes(folder) ? noClockNoChance : {}),
    },
  })),
);
