import { useCallback, useEffect, useState } from 'react'

export type Theme = 'light' | 'dark'

const STORAGE_KEY = 'etf-atlas.theme'
const systemDark = window.matchMedia('(prefers-color-scheme: dark)')

function chosen(): Theme | null {
  const theme = document.documentElement.dataset.theme
  return theme === 'light' || theme === 'dark' ? theme : null
}

/** The colours in use, and the switch between them. The system's choice holds until a person makes one. */
export function useTheme(): [Theme, () => void] {
  const [theme, setTheme] = useState<Theme>(() => chosen() ?? (systemDark.matches ? 'dark' : 'light'))

  useEffect(() => {
    const follow = () => chosen() ?? setTheme(systemDark.matches ? 'dark' : 'light')
    systemDark.addEventListener('change', follow)
    return () => systemDark.removeEventListener('change', follow)
  }, [])

  useEffect(() => {
    // The browser's own bar takes the colour of the page.
    const canvas = getComputedStyle(document.body).backgroundColor
    for (const meta of document.querySelectorAll<HTMLMetaElement>('meta[name="theme-color"]')) meta.content = canvas
  }, [theme])

  const toggle = useCallback(() => {
    const next = theme === 'dark' ? 'light' : 'dark'
    document.documentElement.dataset.theme = next
    try {
      localStorage.setItem(STORAGE_KEY, next)
    } catch (error) {
      console.warn('the choice of colours cannot be kept', error)
    }
    setTheme(next)
  }, [theme])

  return [theme, toggle]
}

/** The colours in use by the names of their custom properties, for what is not drawn by style sheets. */
export function useSchemeColours(): (name: string) => string {
  const [read, setRead] = useState(() => reader())
  useEffect(() => {
    const again = () => setRead(() => reader())
    const observer = new MutationObserver(again)
    observer.observe(document.documentElement, { attributeFilter: ['data-theme'] })
    systemDark.addEventListener('change', again)
    return () => {
      observer.disconnect()
      systemDark.removeEventListener('change', again)
    }
  }, [])
  return read
}

function reader(): (name: string) => string {
  // light-dark() is only resolved where a colour is used.
  const probe = document.createElement('span')
  probe.hidden = true
  document.body.append(probe)
  const found = new Map<string, string>()
  for (const name of ['--accent', '--accent-soft', '--warm', '--down', '--ink-faint', '--line']) {
    probe.style.color = `var(${name})`
    found.set(name, getComputedStyle(probe).color)
  }
  probe.remove()
  return (name) => found.get(name) ?? 'currentcolor'
}
