import { expect, test } from 'vitest';
import { parseDockerfile } from './dockerfile.ts';

test('instructions are read with comments, continuations and quotes', () => {
  const { base, steps } = parseDockerfile(
    [
      '# a comment',
      'FROM node:20-alpine',
      'env A=1 \\',
      '  # in between',
      '  B="two words"',
      'COPY a b /app/',
      'EXPOSE 80 81/tcp',
      'CMD ["node", "x y"]',
    ].join('\n'),
  );
  expect(base).toBe('node:20-alpine');
  expect(steps).toMatchObject([
    {
      line: 3,
      instruction: 'ENV',
      pairs: [
        ['A', '1'],
        ['B', 'two words'],
      ],
    },
    { instruction: 'COPY', sources: ['a', 'b'], destination: '/app/' },
    { instruction: 'EXPOSE', ports: ['80/tcp', '81/tcp'] },
    { instruction: 'CMD', argv: ['node', 'x y'] },
  ]);
});

test.each([
  ['FROM node:20\nRUN npm install', "Dockerfile, line 2: RUN is not offered by the tutorial's own builder."],
  ['COPY a b', 'Dockerfile, line 1: the first instruction must be FROM.'],
  ['FROM node:20\n\nCMD node server.js', 'Dockerfile, line 3: write the command as a list of strings'],
  ['FROM node:20\nENV A=$B', 'Dockerfile, line 2: variables are not replaced here'],
  ['FROM node:20\nENV A', 'Dockerfile, line 2: NAME=VALUE'],
  ['FROM node:20\nWORKDIR app', 'Dockerfile, line 2: WORKDIR needs an absolute path.'],
  ['FROM node:20\nEXPOSE http', 'Dockerfile, line 2: EXPOSE needs TCP port numbers.'],
  ['FROM node:20\nCOPY a b c', 'Dockerfile, line 2: with several sources'],
  ['# nothing', 'The Dockerfile is empty'],
])('%j is answered with the line and what to do', (text, message) => {
  expect(() => parseDockerfile(text)).toThrow(message);
});
