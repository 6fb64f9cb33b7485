import { expect, test } from 'vitest';
import { testWith } from '#lib/testing/peers.ts';
import { findBubblewrap } from './bubblewrap.ts';

testWith('bwrap')('bubblewrap is found where it works', async () => {
  expect(await findBubblewrap(process.env.PATH ?? '')).toEqual({ program: 'bwrap' });
});

test('a computer without bubblewrap is told what to install', async () => {
  expect(await findBubblewrap('/nowhere')).toEqual({ reason: expect.stringMatching(/not installed.*package bubblewrap|on Linux only/) });
});
