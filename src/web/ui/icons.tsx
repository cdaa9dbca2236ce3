// Line icons, 24 units square, drawn with the text's colour.
import type { JSX } from 'preact';

const paths = {
  overview: 'M3 12h4l3 8 4-16 3 8h4',
  sessions: 'M16 19v-1a4 4 0 0 0-4-4H7a4 4 0 0 0-4 4v1M9.5 10a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7M21 19v-1a4 4 0 0 0-3-3.9M16 3.2a3.5 3.5 0 0 1 0 6.6',
  calls: 'M4 7h13l-3-3M20 17H7l3 3',
  log: 'M4 6h16M4 12h16M4 18h10',
  tools: 'M14.7 6.3a4 4 0 0 0-5.2 5.2L4 17l3 3 5.5-5.5a4 4 0 0 0 5.2-5.2L15 12l-3-3z',
  resources: 'M14 3H6v18h12V7zM14 3v4h4M9 13h6M9 17h6',
  prompts: 'M21 12a8 8 0 0 1-8 8H4l1.8-3.2A8 8 0 1 1 21 12',
  connect: 'M9 15l6-6M8 9l-3 3a4 4 0 0 0 6 6l3-3M16 15l3-3a4 4 0 0 0-6-6l-3 3',
  docs: 'M4 5a2 2 0 0 1 2-2h13v16H6a2 2 0 0 0-2 2zM4 19V5M8 7h7M8 11h7',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  check: 'M5 12l5 5 9-10',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14M16 16l4 4',
  back: 'M15 5l-7 7 7 7',
  leave: 'M10 4H5v16h5M14 8l4 4-4 4M18 12H9',
  alert: 'M12 4l9 16H3zM12 10v4M12 17v.1',
  external: 'M14 4h6v6M20 4l-9 9M18 14v6H4V6h6',
} as const;

export type IconName = keyof typeof paths;

export const Icon = ({ name }: { name: IconName }): JSX.Element => (
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    <path d={paths[name]} />
  </svg>
);

export const Logo = (): JSX.Element => (
  <svg class="logo" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    <rect width="32" height="32" rx="7" />
    <circle cx="12.5" cy="15" r="6" />
    <path d="M17.8 18l3.4 2" />
    <circle cx="23.4" cy="21.2" r="1.8" />
  </svg>
);
