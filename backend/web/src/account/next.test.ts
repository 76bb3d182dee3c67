import { expect, test } from 'vitest'

import { ownPath } from './next'

const HERE = 'https://atlas.example'

test('a path of this page is where one goes on', () => {
  for (const path of ['/', '/watchlist', '/etf/069500?tab=1#prices', '/c/a%2Fb']) expect(ownPath(path, HERE)).toBe(path)
})

test('nothing leads to another site, however it is written', () => {
  const traps = [
    'https://evil.example', '//evil.example', '/\\evil.example', '/\t/evil.example', '/\n//evil.example', '/.//evil.example', '/a/..//evil.example',
    '/%2e//evil.example', 'javascript:alert(1)', ' //evil.example', '\\\\evil.example', 'evil.example', '', '//', '///evil.example', '/\\/evil.example',
  ]
  for (const trap of traps) {
    const path = ownPath(trap, HERE)
    expect(new URL(path, HERE).origin, trap).toBe(HERE)
    expect(path.startsWith('//'), trap).toBe(false)
  }
  expect(ownPath(null, HERE)).toBe('/')
})

test('signing in leads to no further signing in', () => {
  for (const path of ['/login', '/login/?next=%2Flogin', '/register']) expect(ownPath(path, HERE)).toBe('/')
})
