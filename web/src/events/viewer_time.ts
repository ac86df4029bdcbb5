/** The viewer's own clock for a moment given with the venue's offset. */

/** Time on the viewer's clock, or "" when it shows the same as the venue's. `iso` carries the venue's offset: 2026-12-04T19:30+01:00. */
export function viewerTime(iso: string, locale: string, zone?: string): string {
  const at = new Date(iso);
  const offset = /([+-])(\d\d):(\d\d)$/.exec(iso);
  if (Number.isNaN(at.getTime()) || !offset) return "";
  const venue = (offset[1] === "-" ? -1 : 1) * (Number(offset[2]) * 60 + Number(offset[3]));
  if (venue === viewerOffset(at, zone)) return "";
  const sameDay = day(new Date(at.getTime() + venue * 60_000), "UTC") === day(at, zone);
  const shape: Intl.DateTimeFormatOptions = { hour: "numeric", minute: "2-digit", timeZoneName: "short" };
  if (!sameDay) Object.assign(shape, { weekday: "short" });
  return new Intl.DateTimeFormat(locale, { ...shape, timeZone: zone }).format(at);
}

/** Minutes east of Greenwich on the viewer's clock at that moment. */
function viewerOffset(at: Date, zone?: string): number {
  const parts = Object.fromEntries(
    new Intl.DateTimeFormat("en", {
      year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", hourCycle: "h23", timeZone: zone,
    })
      .formatToParts(at)
      .map((part) => [part.type, Number(part.value)]),
  ) as Record<string, number>;
  const there = Date.UTC(parts.year!, parts.month! - 1, parts.day, parts.hour, parts.minute);
  return Math.round((there - at.getTime()) / 60_000);
}

function day(at: Date, zone?: string): string {
  return new Intl.DateTimeFormat("en", { year: "numeric", month: "numeric", day: "numeric", timeZone: zone }).format(at);
}
