/** The few icons that scripts draw; the same lines as templates/partials/icons.html. */

const PATHS = {
  check: "M4.5 12.5l5 5 10-11",
  cross: "M6 6l12 12M18 6L6 18",
  alert: "M12 8v5M12 16.5v.01M10.3 4.2L2.7 17.5a2 2 0 001.7 3h15.2a2 2 0 001.7-3L13.7 4.2a2 2 0 00-3.4 0z",
  clock: "M12 7v5l3 2M12 21a9 9 0 100-18 9 9 0 000 18z",
  map: "M9 5L4 7v12l5-2 6 2 5-2V5l-5 2zM9 5v12M15 7v12",
  list: "M9 6h11M9 12h11M9 18h11M4.5 6v.01M4.5 12v.01M4.5 18v.01",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  whole: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  wheelchair: "M10 4.5v.01M10 8v6h5l2.5 5M10 10.5h4M8 12.5a4.5 4.5 0 105.8 5",
  back: "M14.5 5l-7 7 7 7",
  next: "M9.5 5l7 7-7 7",
  down: "M5 9l7 7 7-7",
  up: "M5 15l7-7 7 7",
  offline: "M3 3l18 18M5 12.5a10 10 0 014-2.3M2.5 9a15 15 0 014-2.600M19 12.500a10 10 0 00-3-2M21.5 9A15 15 0 0011 5.500M12 18.500v.01",
  ticket: "M4 6h16v4a2 2 0 000 4v4H4v-4a2 2 0 000-4zM14 6v2M14 11v2M14 16v2",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
