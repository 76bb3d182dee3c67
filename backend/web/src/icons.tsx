import type { ReactNode } from 'react'

const SHAPES = {
  send: <path d="M12 19V5M5.5 11.5 12 5l6.5 6.5" />,
  stop: <rect x="6.5" y="6.5" width="11" height="11" rx="2.5" fill="currentColor" stroke="none" />,
  check: <path d="m5 12.5 4.5 4.5L19 7.5" />,
  chevron: <path d="m9 6 6 6-6 6" />,
  copy: (
    <>
      <rect x="8.5" y="8.5" width="11" height="11" rx="2.5" />
      <path d="M15.5 8.5V7A2.5 2.5 0 0 0 13 4.5H7A2.5 2.5 0 0 0 4.5 7v6A2.5 2.5 0 0 0 7 15.5h1.5" />
    </>
  ),
  download: <path d="M12 4.5v10.5M7.5 11l4.5 4.5 4.5-4.5M5 19.5h14" />,
  sun: (
    <>
      <circle cx="12" cy="12" r="4" />
      <path d="M12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21M5.6 5.6l1.1 1.1M17.3 17.3l1.1 1.1M5.6 18.4l1.1-1.1M17.3 6.7l1.1-1.1" />
    </>
  ),
  moon: <path d="M20 14.2A8 8 0 0 1 9.8 4a8 8 0 1 0 10.2 10.2Z" />,
  plus: <path d="M12 5.5v13M5.5 12h13" />,
  alert: (
    <>
      <path d="M12 4 2.8 19.5h18.4L12 4Z" />
      <path d="M12 10v4.5M12 17v.1" />
    </>
  ),
  question: (
    <>
      <circle cx="12" cy="12" r="8.5" />
      <path d="M9.6 9.6a2.5 2.5 0 1 1 3.5 2.5c-.8.4-1.1.9-1.1 1.7M12 16.6v.1" />
    </>
  ),
  info: (
    <>
      <circle cx="12" cy="12" r="8.5" />
      <path d="M12 11.2v5M12 7.8v.1" />
    </>
  ),
  retry: <path d="M19.5 12a7.5 7.5 0 1 1-2.2-5.3L19.5 9M19.5 4.5V9H15" />,
  calendar: (
    <>
      <rect x="4" y="5.5" width="16" height="14.5" rx="2.5" />
      <path d="M4 10h16M8.5 3.5v4M15.5 3.5v4" />
    </>
  ),
  clock: (
    <>
      <circle cx="12" cy="12" r="8.5" />
      <path d="M12 7.5V12l3 2" />
    </>
  ),
  model: (
    <>
      <rect x="6" y="6" width="12" height="12" rx="2.5" />
      <path d="M9.5 3v3M14.5 3v3M9.5 18v3M14.5 18v3M3 9.5h3M3 14.5h3M18 9.5h3M18 14.5h3" />
    </>
  ),
  verified: (
    <>
      <path d="M12 3.2 19 6v5.2c0 4.4-2.9 7.9-7 9.6-4.1-1.7-7-5.2-7-9.6V6l7-2.8Z" />
      <path d="m8.8 12 2.3 2.3 4.2-4.4" />
    </>
  ),
  holders: (
    <>
      <circle cx="12" cy="12" r="2.8" />
      <circle cx="5" cy="6" r="1.9" />
      <circle cx="19" cy="6" r="1.9" />
      <circle cx="12" cy="20" r="1.9" />
      <path d="m6.5 7.3 3.3 2.9M17.5 7.3l-3.3 2.9M12 14.8v3.3" />
    </>
  ),
  fee: (
    <>
      <circle cx="7.5" cy="7.5" r="2.7" />
      <circle cx="16.5" cy="16.5" r="2.7" />
      <path d="M18 6 6 18" />
    </>
  ),
  trades: <path d="M7.5 19V5M4 8.5 7.5 5 11 8.5M16.5 5v14M13 15.5l3.5 3.5 3.5-3.5" />,
  basket: (
    <>
      <path d="M12 3.5a8.5 8.5 0 1 0 8.5 8.5H12V3.5Z" />
      <path d="M15.5 3.9a8.5 8.5 0 0 1 4.6 4.6h-4.6V3.9Z" />
    </>
  ),
  chat: <path d="M5 5.5h14a1.5 1.5 0 0 1 1.5 1.5v8a1.5 1.5 0 0 1-1.5 1.5h-7L7.5 20v-3.5H5A1.5 1.5 0 0 1 3.5 15V7A1.5 1.5 0 0 1 5 5.5Z" />,
  bell: <path d="M6.5 16.5V11a5.5 5.5 0 0 1 11 0v5.5l1.5 1.5H5l1.5-1.5ZM10 20.5h4M12 5.5V3.8" />,
  history: (
    <>
      <path d="M4.5 12a7.5 7.5 0 1 0 2.2-5.3L4.5 9M4.5 4.5V9H9" />
      <path d="M12 8v4.2l2.8 1.8" />
    </>
  ),
  settings: (
    <>
      <path d="M4 7.5h8M17 7.5h3M4 16.5h3M12 16.5h8" />
      <circle cx="14.5" cy="7.5" r="2.5" />
      <circle cx="9.5" cy="16.5" r="2.5" />
    </>
  ),
  star: <path d="m12 3.6 2.6 5.3 5.8.8-4.2 4.1 1 5.8-5.2-2.7-5.2 2.7 1-5.8-4.2-4.1 5.8-.8L12 3.6Z" />,
  search: (
    <>
      <circle cx="10.8" cy="10.8" r="6" />
      <path d="m15.3 15.3 4.2 4.2" />
    </>
  ),
  person: (
    <>
      <circle cx="12" cy="8.2" r="3.7" />
      <path d="M4.8 20a7.2 7.2 0 0 1 14.4 0" />
    </>
  ),
  eye: (
    <>
      <path d="M2.8 12S6.2 5.8 12 5.8 21.2 12 21.2 12 17.8 18.2 12 18.2 2.8 12 2.8 12Z" />
      <circle cx="12" cy="12" r="2.8" />
    </>
  ),
  eyeOff: <path d="M9.6 6.1A9.3 9.3 0 0 1 12 5.8c5.8 0 9.2 6.2 9.2 6.2a16 16 0 0 1-2.7 3.4M6.2 7.7A15.6 15.6 0 0 0 2.8 12S6.2 18.2 12 18.2a9 9 0 0 0 4.6-1.3M10 10a2.8 2.8 0 0 0 4 4M4 4l16 16" />,
  back: <path d="m15 6-6 6 6 6" />,
  close: <path d="M6.5 6.5l11 11M17.5 6.5l-11 11" />,
  trash: <path d="M5 7h14M9.5 7V4.8h5V7M7 7l.8 12.2h8.4L17 7M10.3 10.5v5.5M13.7 10.5v5.5" />,
  thumbUp: <path d="M7.5 11v8.5H4.2V11h3.3Zm0 0 3.6-7.2c1.6 0 2.5 1 2.5 2.4v3.6h4.6a1.9 1.9 0 0 1 1.9 2.2l-1 5.8a1.9 1.9 0 0 1-1.9 1.7H7.5" />,
  thumbDown: <path d="M16.5 13V4.5h3.3V13h-3.3Zm0 0-3.6 7.2c-1.6 0-2.5-1-2.5-2.4v-3.6H5.8a1.9 1.9 0 0 1-1.9-2.2l1-5.8a1.9 1.9 0 0 1 1.9-1.7h9.7" />,
  reading: (
    <>
      <path d="M4.5 6.5h15M4.5 11h9.5M4.5 15.5h6" />
      <circle cx="16.5" cy="16" r="3.2" />
      <path d="m18.9 18.4 1.8 1.8" />
    </>
  ),
  sortUp: <path d="m7 14.5 5-5 5 5" />,
  sortDown: <path d="m7 9.5 5 5 5-5" />,
  sortable: <path d="m8 9.5 4-4 4 4M8 14.5l4 4 4-4" />,
} satisfies Record<string, ReactNode>

export type IconName = keyof typeof SHAPES

/** A decorative line icon; whatever holds it says in words what it means. */
export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg
      className="icon" width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.8"
      strokeLinecap="round" strokeLinejoin="round" aria-hidden="true" focusable="false"
    >
      {SHAPES[name]}
    </svg>
  )
}

export function Logo({ size = 30 }: { size?: number }) {
  return (
    <svg className="logo" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="9" className="logo-field" />
      <path className="logo-edges" d="M16 15 9 22M16 15l8 6M16 15l3-7" />
      <g className="logo-nodes">
        <circle cx="16" cy="15" r="3.6" />
        <circle cx="8.6" cy="22.4" r="2.6" />
        <circle cx="24" cy="21.2" r="2.6" />
        <circle cx="19.4" cy="7.4" r="2.2" />
      </g>
    </svg>
  )
}
