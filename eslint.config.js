import tseslint from 'typescript-eslint'

export default tseslint.config(
  { ignores: ['dist', 'site', 'native/build', 'node_modules', 'packages'] },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      'max-params': ['error', 3],
      'no-console': 'error',
      'no-restricted-properties': [
        'error',
        {
          object: 'process',
          property: 'exit',
          message: 'Return a status: the world is a parameter.',
        },
        { object: 'process', property: 'cwd', message: 'The directory is part of Io.' },
      ],
    },
  },
  {
    // The edge where the process becomes an Io
    files: ['src/cli/main.ts'],
    rules: { 'no-restricted-properties': 'off' },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      // node:test's functions return promises that its runner awaits
      '@typescript-eslint/no-floating-promises': 'off',
    },
  },
)
