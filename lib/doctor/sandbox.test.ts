import { expect, test } from 'vitest';
import { sandboxAdvice } from './sandbox.ts';

test('the advice says what is missing, why, and what to mind', () => {
  expect(sandboxAdvice('bubblewrap exists on Linux only')).toMatch(
    /without a sandbox: .* The reason: bubblewrap exists on Linux only\. .* run only images and units that you trust\.$/,
  );
});
