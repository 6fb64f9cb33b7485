import { expect, test } from 'vitest';
import { nameKeys, readKey } from './keys.ts';

const none = { ctrlKey: false, shiftKey: false, altKey: false, metaKey: false };
const press = (code: string, held: Partial<typeof none> = {}) => readKey({ ...none, key: code.replace('Key', ''), code, ...held });

test('Ctrl+Shift with C, V, F and L are the terminal’s own, wherever a keyboard has those letters', () => {
  const held = { ctrlKey: true, shiftKey: true };
  expect(['KeyC', 'KeyV', 'KeyF', 'KeyL'].map((code) => press(code, held))).toEqual(['copy', 'paste', 'search', 'reset']);
});

test('what programs need is typed: Ctrl+C, Ctrl+V, Ctrl+L, Alt and letters', () => {
  for (const code of ['KeyC', 'KeyV', 'KeyL', 'KeyF']) {
    expect(press(code, { ctrlKey: true })).toBeNull();
    expect(press(code, { altKey: true })).toBeNull();
    expect(press(code, { shiftKey: true })).toBeNull();
  }
  expect(press('KeyC', { ctrlKey: true, shiftKey: true, altKey: true })).toBeNull();
});

test('Cmd+C and Cmd+V are left to the browser, and are what a Mac’s learner reads', () => {
  expect(press('KeyC', { metaKey: true })).toBeNull();
  expect(nameKeys(true)).toMatchObject({ copy: '⌘C', paste: '⌘V' });
  expect(nameKeys(false)).toMatchObject({ copy: 'Ctrl+Shift+C', paste: 'Ctrl+Shift+V' });
});

test('F6 leaves the terminal', () => {
  expect(press('F6')).toBe('leave');
  expect(press('F6', { ctrlKey: true })).toBeNull();
});
