import tseslint from 'typescript-eslint'

/** `any` and `as` are holes in the types: each needs a comment on its line, or the line above, that says why it is safe. */
const explainedHoles = {
  meta: { type: 'suggestion', schema: [], messages: { why: 'Say why "{{what}}" is right here, in a comment on this line or the one above.' } },
  create(context) {
    const commented = new Set(context.sourceCode.getAllComments().flatMap((comment) => {
      const lines = []
      for (let line = comment.loc.start.line; line <= comment.loc.end.line; line += 1) lines.push(line)
      return lines
    }))
    const demand = (node, what) => {
      // A long expression may carry the comment where it starts, at the assertion, or where it ends.
      const { start, end } = node.loc
      if ([start.line - 1, start.line, end.line - 1, end.line].some((line) => commented.has(line))) return
      context.report({ node, messageId: 'why', data: { what } })
    }
    return {
      TSAnyKeyword: (node) => demand(node, 'any'),
      TSAsExpression(node) {
        const { typeAnnotation: type } = node
        if (type.type === 'TSTypeReference' && type.typeName.name === 'const') return
        demand(node, 'as')
      },
    }
  },
}

const syntax = [
  { selector: 'TSEnumDeclaration', message: 'No enums: use a union of strings.' },
  { selector: 'TSModuleDeclaration[kind="namespace"]', message: 'No namespaces: a file is the module.' },
  { selector: 'TSParameterProperty', message: 'No parameter properties: write the field down.' },
  { selector: 'TSNonNullExpression', message: 'No "!": handle the missing case, or say why it cannot be.' },
  { selector: 'CallExpression[callee.object.name="eval"], CallExpression[callee.name="eval"], NewExpression[callee.name="Function"]', message: 'No code from text.' },
]

const style = {
  semi: ['error', 'never'],
  quotes: ['error', 'single', { avoidEscape: true, allowTemplateLiterals: true }],
  'comma-dangle': ['error', 'always-multiline'],
  'eol-last': 'error',
  'no-trailing-spaces': 'error',
  'no-tabs': 'error',
  'max-len': ['error', { code: 140, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreRegExpLiterals: true, ignoreComments: true, ignoreUrls: true }],
  'max-lines': ['error', 400],
  'no-console': 'error',
  'no-eval': 'error',
  'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx', 'hack'], location: 'start' }],
  'no-var': 'error',
  'prefer-const': 'error',
  eqeqeq: ['error', 'always', { null: 'ignore' }],
}

const types = {
  '@typescript-eslint/no-floating-promises': 'error',
  '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false, attributes: false, properties: false } }],
  '@typescript-eslint/await-thenable': 'error',
  '@typescript-eslint/only-throw-error': 'error',
  '@typescript-eslint/prefer-promise-reject-errors': 'error',
  '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
  '@typescript-eslint/no-unnecessary-type-assertion': 'error',
  '@typescript-eslint/no-for-in-array': 'error',
  '@typescript-eslint/restrict-plus-operands': 'error',
  '@typescript-eslint/no-unsafe-argument': 'error',
  '@typescript-eslint/no-unsafe-assignment': 'error',
  '@typescript-eslint/no-unsafe-call': 'error',
  '@typescript-eslint/no-unsafe-member-access': 'error',
  '@typescript-eslint/no-unsafe-return': 'error',
  '@typescript-eslint/no-explicit-any': 'off', // Allowed where a comment says why; see cosell/explained-holes.
  '@typescript-eslint/consistent-type-imports': 'error',
  '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'all' }],
  'cosell/explained-holes': 'error',
}

export default tseslint.config(
  { ignores: ['**/dist/**', '.dist-*/**', '**/node_modules/**', 'coverage/**', '.tmp/**', 'data/**'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['src/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts', 'vitest.config.ts', 'console/src/**/*.{ts,tsx}', 'console/vite.config.ts'],
    extends: [tseslint.configs.base, tseslint.configs.eslintRecommended],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { cosell: { rules: { 'explained-holes': explainedHoles } } },
    rules: { ...style, ...types, 'max-lines-per-function': ['error', 60], 'no-restricted-syntax': ['error', ...syntax] },
  },
  // A describe() may be as long as its file, and a test may reach into what it made itself: a wrong guess fails there and then.
  {
    files: ['**/*.test.ts', 'test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      'max-lines-per-function': 'off',
      'cosell/explained-holes': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
    },
  },
  // Those who speak to a terminal.
  { files: ['src/cli/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts'], rules: { 'no-console': 'off' } },
  { files: ['**/*.mjs', '**/*.cjs'], rules: { ...style, 'no-console': 'off' } },
)
