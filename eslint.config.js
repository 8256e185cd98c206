import tseslint from 'typescript-eslint';

/** Rooms of lib/, lowest floor first; a room imports from its own files and from the rooms named beside it. */
const mayImport = {
  'config-file': [],
  report: [],
  fleet: ['config-file'],
  observability: ['fleet'],
  software: ['config-file', 'fleet', 'observability'],
  planner: ['config-file', 'fleet'],
  'user-agent': [],
  'planner-files': ['config-file', 'fleet', 'observability', 'planner'],
  operations: ['config-file', 'fleet', 'software'],
  'targets/aws': ['config-file', 'fleet', 'observability', 'software', 'operations'],
  'targets/kubernetes': ['config-file', 'fleet', 'observability', 'software', 'operations'],
  'targets/local': ['config-file', 'fleet', 'software', 'operations'],
  cli: [
    'config-file',
    'fleet',
    'software',
    'planner',
    'planner-files',
    'user-agent',
    'report',
    'operations',
    'targets/aws',
    'targets/kubernetes',
    'targets/local',
  ],
};
const rooms = Object.keys(mayImport);
const pure = ['report', 'fleet', 'observability', 'software', 'planner'];

/** Matches an import of the room from any other one; targets name one another without their common folder. */
const importOf = (room) => `^(\\.\\./)+(${room}|${room.replace(/^targets\//, '')})/`;

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
  { ignores: ['dist/', 'site/', 'cdktf.out/', '**/cdktf.out/', 'node_modules/'] },
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
  {
    // A rejection that nobody waits for ends a program, and fails a run of tests without saying which.
    files: ['{lib,stacks,examples,test,bench,scripts}/**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: { '@typescript-eslint/no-floating-promises': 'error' },
  },
  // Arrows point one way: cli -> targets -> operations -> software -> observability -> fleet -> config-file.
  ...rooms.map((room) => ({
    files: [`lib/${room}/**`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            ...rooms
              .filter((other) => other !== room && !mayImport[room].includes(other))
              .map((other) => ({
                regex: importOf(other),
                message: `lib/${room} may import from ${mayImport[room].join(', ') || 'no other room of lib'} only.`,
              })),
            ...(pure.includes(room)
              ? [
                  {
                    // A hash is arithmetic; all else of Node.js touches the machine.
                    regex: '^(node:(?!crypto$)|cdktf|constructs|@cdktf|@pulumi)',
                    message: 'Pure code: no file system, processes, cdktf or Pulumi.',
                  },
                  {
                    regex: '/config-file/(read-text|cell-folder|checked-file|lock|user-name)\\.ts$',
                    message: 'Pure code: the caller reads the files.',
                  },
                ]
              : []),
          ],
        },
      ],
      ...(pure.includes(room) ? noClockNoChance : {}),
    },
  })),
);
