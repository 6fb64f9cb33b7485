import { expect, test } from 'vitest';
import { sizeAfterKey, sizeAt } from './split-size.ts';

const limits = { min: 20, max: 80 };

test('a pane reaches from the pointer to the end of its container', () => {
  expect(sizeAt(900, { start: 0, length: 1200 }, limits)).toBe(25);
  expect(sizeAt(150, { start: 100, length: 200 }, limits)).toBe(75);
});

test('a pane keeps its limits wherever the pointer goes', () => {
  expect(sizeAt(-50, { start: 0, length: 1000 }, limits)).toBe(80);
  expect(sizeAt(5000, { start: 0, length: 1000 }, limits)).toBe(20);
});

test('a container without length gives the smallest pane', () => {
  expect(sizeAt(10, { start: 0, length: 0 }, limits)).toBe(20);
});

test('arrow keys move the bar, with Shift in larger steps, within the limits', () => {
  expect(sizeAfterKey('ArrowLeft', false, 40, limits)).toBe(42);
  expect(sizeAfterKey('ArrowUp', true, 40, limits)).toBe(50);
  expect(sizeAfterKey('ArrowRight', false, 40, limits)).toBe(38);
  expect(sizeAfterKey('ArrowDown', true, 25, limits)).toBe(20);
});

test('Home and End go to the limits; other keys are left alone', () => {
  expect(sizeAfterKey('Home', false, 40, limits)).toBe(80);
  expect(sizeAfterKey('End', false, 40, limits)).toBe(20);
  expect(sizeAfterKey('Tab', false, 40, limits)).toBeNull();
});
