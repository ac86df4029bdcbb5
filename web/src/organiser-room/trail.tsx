/** Who did what with the room, newest first: the audit log's own rows. */

import type { Formats } from "../i18n/format";
import type { Words } from "../i18n/words";
import type { TrailEntry } from "./figures";

export function Trail({ entries, words, formats }: { entries: readonly TrailEntry[]; words: Words; formats: Formats }) {
  if (entries.length === 0) return <p class="muted">{words.t("rooms.live.no_trail")}</p>;
  return (
    <ol class="room-trail" role="list">
      {entries.map((entry) => (
        <li key={`${entry.at_ms} ${entry.deed}`}>
          <span class="muted num">{formats.clock(entry.at_ms)}</span>
          <span>{said(entry, words)}<br /><span class="small muted">{entry.who || words.t("rooms.live.itself")}</span></span>
        </li>
      ))}
    </ol>
  );
}

function said(entry: TrailEntry, words: Words): string {
  const key = `rooms.deed.${entry.deed.replace("room.", "")}`;
  if (!words.has(key)) return entry.deed;
  const holes = Object.entries(entry.details).map(([name, value]) => [name, typeof value === "number" ? value : String(value ?? "–")]);
  return words.t(key, Object.fromEntries(holes) as Record<string, string | number>);
}
