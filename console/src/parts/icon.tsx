import type { ReactElement } from 'react'

/** Our own strokes on a grid of 20: the icon package of Fluent UI would weigh more than everything else together. */
const PATHS = {
  overview: 'M3 17V9m5 8V3m5 14v-6m4 6V6',
  deals: 'M3 6.5h14v9.5a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V6.5ZM7 6.5V4.2c0-.7.5-1.2 1.2-1.2h3.6c.7 0 1.2.5 1.2 1.2v2.3M3 11h14',
  attention: 'M10 3.2 17.4 16a1 1 0 0 1-.9 1.5h-13a1 1 0 0 1-.9-1.5L10 3.2ZM10 8.5v4M10 14.8v.2',
  runs: 'M16.5 10a6.5 6.5 0 1 1-2-4.7M17 2.8v3.4h-3.4',
  audit: 'M5 3h7l3.5 3.5V17h-10.500V3ZM8 9.500h5M8 12.500h5M12 3v3.500h3.500',
  mapping: 'M3 5.500h4.500c5 0 0 9 5 9H17M14.500 12 17 14.500 14.500 17M3 14.500h3M14 5.500h3',
  connections: 'M8 12l4-4M7 9 4.800 11.200a2.800 2.800 0 0 0 4 4L11 13M13 11l2.200-2.200a2.800 2.800 0 0 0-4-4L9 7',
  users:
    'M7.500 9.500a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM2.500 16.500c0-2.800 2.200-4.500 5-4.500s5 1.700 5 4.500M13 4a3 3 0 0 1 0 5.500M14.500 12.300c1.800.6 3 2.100 3 4.200',
  sandbox: 'M3 4h6v12H3zM11 4h6v12h-6zM5 7.500h2M5 10h2M13 7.500h2M13 10h2',
  check: 'M4.500 10.500 8.300 14.300 15.500 6.500',
  clock: 'M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM10 6.500V10l2.500 1.800',
  stop: 'M6.800 3h6.400L17 6.800v6.400L13.200 17H6.800L3 13.200V6.800L6.800 3ZM7.500 7.500l5 5M12.500 7.500l-5 5',
  unlinked:
    'M7.500 12.500 5.600 14.400a2.600 2.600 0 0 1-3.600-3.700L4 8.700M12.500 7.500l1.900-1.900a2.600 2.600 0 0 1 3.600 3.700L16 11.300M6 3v2M3 6h2M14 15v2M15 14h2',
  external: 'M8 4H5a1 1 0 0 0-1 1v10a1 1 0 0 0 1 1h10a1 1 0 0 0 1-1v-3M11.500 4H16v4.500M16 4l-6.500 6.500',
  menu: 'M3 5.500h14M3 10h14M3 14.500h14',
  close: 'M5 5l10 10M15 5 5 15',
  search: 'M9 14.500a5.500 5.500 0 1 0 0-11 5.500 5.500 0 0 0 0 11ZM13 13l4 4',
  download: 'M10 3v9.500M6.500 9.500 10 13l3.500-3.500M4 16.500h12',
  chevron: 'M7.500 4.500 13 10l-5.500 5.500',
  left: 'M12.500 4.500 7 10l5.500 5.500',
  settings:
    'M4 6.500h7M14.500 6.500H16M4 13.500h1.500M9 13.500h7M12.700 8.200a1.700 1.700 0 1 0 0-3.400 1.700 1.700 0 0 0 0 3.400ZM7.200 15.200a1.700 1.700 0 1 0 0-3.400 1.700 1.700 0 0 0 0 3.400Z',
  person: 'M10 9.500a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM4 17c0-3 2.600-5 6-5s6 2 6 5',
  bolt: 'M11 2.500 4.500 11.500H10l-1 6 6.500-9H10l1-6Z',
  lock: 'M5 9h10v8H5zM7 9V6.500a3 3 0 0 1 6 0V9M10 12v2',
  share: 'M4 10.500V16h12v-5.500M10 12.500V3M6.500 6.500 10 3l3.500 3.500',
  pause: 'M7 4.500v11M13 4.500v11',
  star: 'M10 3l2.100 4.500 4.900.6-3.600 3.400.9 4.900L10 14l-4.300 2.400.9-4.900L3 8.100l4.900-.6L10 3Z',
  info: 'M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM10 9v4.500M10 6.400v.2',
  trash: 'M4 5.500h12M8 5.500V3.500h4v2M5.500 5.500l.8 11h7.400l.8-11M8.500 8.500v5M11.500 8.500v5',
  plus: 'M10 4v12M4 10h12',
  pencil: 'M4 16l.8-3.500L13.300 4a1.400 1.400 0 0 1 2 0l.7.700a1.400 1.400 0 0 1 0 2L7.500 15.200 4 16Z',
  send: 'M3 10 17 3.500 13 17l-3.500-5.500L3 10ZM9.500 11.500 17 3.500',
} as const
export type IconName = keyof typeof PATHS

/** A picture beside a word; it says nothing that the word does not. */
export function Icon({ name, size = 20 }: { readonly name: IconName; readonly size?: number }): ReactElement {
  return (
    <svg
      className="icon"
      width={size}
      height={size}
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  )
}

export function Logo({ size = 28 }: { readonly size?: number }): ReactElement {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" fill="#0f6cbd" />
      <path d="M19.5 10.2A7 7 0 1 0 19.5 21.8" fill="none" stroke="#fff" strokeWidth="3" strokeLinecap="round" />
      <circle cx="21.5" cy="16" r="3.4" fill="#9bd3ff" />
    </svg>
  )
}
