import type { FC } from "hono/jsx";

/** Line icons, 20 by 20, in the colour of the text. They only accompany words, so screen readers pass over them. */
const PATHS = {
  key: "M9.5 10a3.5 3.5 0 1 1-7 0 3.5 3.5 0 0 1 7 0M9.5 10h8v3M13.7 10v2.4",
  menu: "M3 5.5h14M3 10h14M3 14.5h14",
  sun: "M10 6.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7M10 1.5v2M10 16.5v2M1.5 10h2M16.5 10h2M4 4l1.4 1.4M14.6 14.6 16 16M16 4l-1.4 1.4M5.4 14.6 4 16",
  moon: "M16.5 12.2A7 7 0 0 1 7.8 3.5a7 7 0 1 0 8.7 8.7",
  screen: "M2.5 3.5h15v10h-15zM7 17h6M10 13.5V17",
  leave: "M8 3.5H4.5a1 1 0 0 0-1 1v11a1 1 0 0 0 1 1H8M12.5 13.5 16 10l-3.5-3.5M16 10H7.5",
  search: "M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11M13 13l4 4",
  lock: "M5 9h10v7.5H5zM7 9V6.5a3 3 0 0 1 6 0V9",
  alert: "M10 3 2.5 16.5h15zM10 8v4M10 14.3v.01",
  compass: "M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15M13 7l-1.8 4.2L7 13l1.8-4.2z",
  check: "M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15M6.8 10.2l2.2 2.2 4.2-4.6",
  plus: "M10 4v12M4 10h12",
  trash: "M4 5.5h12M8 5.5V3.5h4v2M5.5 5.5l.7 11h7.6l.7-11M8.5 8.5v5M11.5 8.5v5",
  pencil: "M3.5 16.5l.8-3.6L13.5 3.7l2.8 2.8-9.2 9.2zM11.7 5.5l2.8 2.8",
  pause: "M7 4.5v11M13 4.5v11",
  play: "M6.5 4v12l9-6z",
  rotate: "M16 8.5A6.3 6.3 0 0 0 4.5 7M4 11.5A6.3 6.3 0 0 0 15.5 13M4.3 3.5V7h3.5M15.7 16.5V13h-3.5",
  copy: "M7 7h9.5v9.5H7zM4.5 13h-1V3.5H13v1",
  keys: "M8 12.5a3 3 0 1 1-6 0 3 3 0 0 1 6 0M8 12.5h9v2.5M14 12.5v2M7 6.5a2.5 2.5 0 1 1 4 0M11.3 6.5H17M15.5 6.5v1.8",
  robot: "M4 8h12v8.5H4zM10 8V4.5M8.5 3.5h3M7.5 11.5v1.5M12.5 11.5v1.5M1.5 11v2.5M18.5 11v2.5",
  chart: "M3 3v14h14M6.5 13.5V10M10 13.5V6.5M13.5 13.5V9",
  list: "M7.5 5h9.5M7.5 10h9.5M7.5 15h9.5M3 5h1M3 10h1M3 15h1",
  building: "M4.5 17V3.5h7V17M11.5 8h4v9M2.5 17h15M7 6.5h2M7 9.5h2M7 12.5h2",
  person: "M10 9.5a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4M3.5 17c.7-3.2 3.2-5 6.5-5s5.8 1.8 6.5 5",
  people:
    "M7.5 9.5a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6M2 16.5c.5-2.8 2.6-4.3 5.5-4.3s5 1.5 5.5 4.3M13 4.2a2.6 2.6 0 0 1 0 5M15 12.6c1.7.6 2.7 1.9 3 3.9",
  hook: "M10 11.5v5M6.5 16.5h7M10 11.5a4 4 0 1 0-4-4M10 7.5v.01",
  download: "M10 3v9.5M6 9l4 4 4-4M3.5 16.5h13",
  chevron: "M7.5 4.5 13 10l-5.5 5.5",
} as const;

export type IconName = keyof typeof PATHS;

export const Icon: FC<{ name: IconName }> = ({ name }) => (
  <svg class="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
    <path d={PATHS[name]} />
  </svg>
);

/** The product's sign. */
export const Brand: FC = () => (
  <span class="brand">
    <svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
      <rect width="32" height="32" rx="7" />
      <path d="M9 25V13a7 7 0 0 1 14 0v12M9 14.5h14M9 19.5h14M13.7 6.6V25M18.3 6.6V25" />
    </svg>
    Portcullis
  </span>
);
