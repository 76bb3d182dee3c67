// Applies the chosen colours before the first paint.
try {
  const theme = localStorage.getItem('etf-atlas.theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
} catch {
  // Storage is switched off in this browser: the system's colours apply.
}
