import { version } from 'react';
import { version as domVersion } from 'react-dom';
import { expect, test } from 'vitest';

test('this is the React that is meant', () => {
  const major = process.env['REACT'];
  expect([version.split('.')[0], domVersion.split('.')[0]]).toEqual([major, major]);
});
