/** The room on one screen: who waits, who is in, how fast, and whether the checkout bears it. Quiet while nothing needs a hand. */

import type { Signal as State } from "@preact/signals";
import type { Formats } from "../i18n/format";
import type { Words } from "../i18n/words";
import { Icon } from "../ui/icon";
import type { RoomFigures, Signal } from "./figures";
import { arrivalsPerMinute, conversion, lineMinutes, noShowShare } from "./figures";
import type { StreamState } from "./figures_stream";
import type { FlowRow } from "./flow";
import { Flow } from "./flow";
import { Trail } from "./trail";

/** Steps of the flow on screen: ten minutes of ten seconds. */
const STEPS = 60;
/** Phases in which the line moves, and can be slower than it might. */
const SERVING: ReadonlySet<string> = new Set(["open", "draining"]);

export interface Board {
  words: Words;
  formats: Formats;
  figures: State<RoomFigures | null>;
  state: State<StreamState>;
}

export function RoomBoard({ board }: { board: Board }) {
  const { words, formats } = board;
  const { t } = words;
  const figures = board.figures.value;
  if (!figures) return <Waiting board={board} />;
  const percent = (share: number | null) => (share === null ? "–" : `${formats.number(Math.round(share * 1000) / 10)} %`);
  const minutes = lineMinutes(figures);
  return (
    <div class="stack stack--l">
      <Notice board={board} figures={figures} />
      <dl class="room-figures">
        <Figure name={t("rooms.live.waiting")} value={formats.number(figures.waiting)} note={figures.phase === "open" && minutes !== null ? t("rooms.live.line_minutes", { n: minutes }) : ""} main />
        <Shopping board={board} figures={figures} />
        <Figure name={t("rooms.live.admitted")} value={formats.number(figures.admitted)} note={figures.called > 0 ? t("rooms.live.called_now", { n: figures.called }) : ""} />
        <Figure name={t("rooms.live.arrivals")} value={formats.number(figures.arrivals)} />
        <Figure name={t("rooms.live.no_shows")} value={formats.number(figures.no_shows)} note={noShowShare(figures) === null ? "" : percent(noShowShare(figures))} />
        <Figure name={t("rooms.live.left")} value={formats.number(figures.left)} />
        <Figure name={t("rooms.live.conversion")} value={percent(conversion(figures))} note={t("rooms.live.orders", { n: figures.orders })} />
        <Figure name={t("rooms.live.seats_left")} value={figures.seats_left === null ? "–" : formats.number(figures.seats_left)} />
      </dl>
      <div class="room-grid">
        <section class="card room-card" aria-labelledby="flow">
          <h2 id="flow" class="room-card__title">{t("rooms.live.flow")}</h2>
          <Flow flow={figures.flow} steps={STEPS} rows={rowsOf(figures, board)} />
        </section>
        <section class="card room-card" aria-labelledby="health">
          <h2 id="health" class="room-card__title">{t("rooms.live.health")} {SERVING.has(figures.phase) && <HealthBadge board={board} figures={figures} />}</h2>
          <Health board={board} figures={figures} />
        </section>
        <section class="card room-card" aria-labelledby="abuse">
          <h2 id="abuse" class="room-card__title">{t("rooms.live.abuse")}</h2>
          <dl class="facts">
            {figures.abuse.map(([key, count]) => <div key={key}><dt>{t(`rooms.abuse.${key}`)}</dt><dd>{formats.number(count)}</dd></div>)}
          </dl>
        </section>
        <section class="card room-card" aria-labelledby="trail">
          <h2 id="trail" class="room-card__title">{t("rooms.live.trail")}</h2>
          <Trail entries={figures.trail} words={words} formats={formats} />
        </section>
      </div>
    </div>
  );
}

function rowsOf(figures: RoomFigures, { words }: Board): FlowRow[] {
  // Who comes in a minute may be a hundred times who is let in: they are measured apart, the other two together.
  const perMinute = { arrivals: arrivalsPerMinute(figures), called: figures.called_min, admitted: figures.admitted_min };
  const told = (n: number | null) => (n === null ? "" : words.t("rooms.live.per_minute", { n }));
  return ([["arrivals", 1, [1]], ["called", 2, [2, 3]], ["admitted", 3, [2, 3]]] as const).map(([key, column, beside]) => ({
    key,
    column,
    most: Math.max(1, ...figures.flow.flatMap((step) => beside.map((one) => step[one]))),
    name: words.t(`rooms.flow.${key}`),
    perMinute: told(perMinute[key]),
  }));
}

function Figure({ name, value, note = "", main = false }: { name: string; value: string; note?: string; main?: boolean }) {
  return (
    <div class={`room-stat${main ? " room-stat--main" : ""}`}>
      <dt class="stat__label">{name}</dt>
      <dd class="num"><span class="room-stat__value">{value}</span> <span class="muted small">{note}</span></dd>
    </div>
  );
}

/** How full the floor is: the number, the cap and a bar. */
function Shopping({ board, figures }: { board: Board; figures: RoomFigures }) {
  const { words, formats } = board;
  const full = figures.cap > 0 ? Math.min(1, figures.shopping / figures.cap) : 0;
  return (
    <div class="room-stat room-stat--main">
      <dt class="stat__label">{words.t("rooms.live.shopping")}</dt>
      <dd class="num">
        <span class="room-stat__value">{formats.number(figures.shopping)}</span> <span class="muted small">{words.t("rooms.live.of_cap", { n: figures.cap })}</span>
        <span class="meter room-stat__meter"><span ref={(bar) => bar?.style.setProperty("inline-size", `${full * 100}%`)} /></span>
      </dd>
    </div>
  );
}

function HealthBadge({ board, figures }: { board: Board; figures: RoomFigures }) {
  const { t } = board.words;
  const trouble = figures.health.some((signal) => signal.state === "trouble");
  const silent = figures.health.length === 0 || figures.health.every((signal) => signal.state === "silent");
  const [tone, icon, key] = trouble ? (["warn", "alert", "trouble"] as const) : silent ? (["", "clock", "silent"] as const) : (["ok", "check", "ok"] as const);
  return <span class={`badge${tone ? ` badge--${tone}` : ""}`}><Icon name={icon} />{t(`rooms.health.${key}`)}</span>;
}

function Health({ board, figures }: { board: Board; figures: RoomFigures }) {
  const { words, formats } = board;
  const limited = figures.limit_per_min !== null && figures.limit_per_min < figures.rate_per_min;
  return (
    <div class="stack stack--s">
      {limited && <p class="small"><strong>{words.t("rooms.live.limited", { n: figures.limit_per_min ?? 0 })}</strong></p>}
      <dl class="facts">
        {figures.health.map((signal) => (
          <div key={signal.key}>
            <dt>{words.t(`rooms.signal.${signal.key}`)}</dt>
            <dd class={`room-signal room-signal--${signal.state}`}>{valueOf(signal, words, formats)}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

/** The unit is part of the signal's name: `…_ms`, `…_share`, else a plain number. */
function valueOf(signal: Signal, words: Words, formats: Formats): string {
  if (signal.value === null) return words.t("rooms.health.nothing");
  const written = (value: number) => {
    if (signal.key.endsWith("_ms")) return `${formats.number(Math.round(value))} ms`;
    if (signal.key.endsWith("_share")) return `${formats.number(Math.round(value * 1000) / 10)} %`;
    return formats.number(Math.round(value));
  };
  return signal.limit === null || signal.state === "ok" ? written(signal.value) : words.t("rooms.health.over", { value: written(signal.value), limit: written(signal.limit) });
}

/** Shown only when something is not as it should be. */
function Notice({ board, figures }: { board: Board; figures: RoomFigures }) {
  const { t } = board.words;
  if (board.state.value === "refused") return <p class="banner banner--error" role="alert"><Icon name="alert" />{t("rooms.live.refused")}</p>;
  if (board.state.value === "over") return <p class="banner banner--info" role="status"><Icon name="check" />{t("rooms.live.over")}</p>;
  if (board.state.value !== "live") {
    return <p class="banner banner--warn" role="status"><Icon name="offline" />{t("rooms.live.stale", { time: board.formats.clock(figures.at_ms) })}</p>;
  }
  if (figures.paused) return <p class="banner banner--warn" role="status"><Icon name="alert" />{t("rooms.live.paused", { n: figures.waiting })}</p>;
  if (figures.sold_out) return <p class="banner banner--info" role="status"><Icon name="ticket" />{t("rooms.live.sold_out")}</p>;
  if (figures.reason && figures.reason !== "organiser" && SERVING.has(figures.phase)) {
    const stopped = figures.held;
    return <p class={`banner banner--${stopped ? "warn" : "info"}`} role="status"><Icon name={stopped ? "alert" : "clock"} />{t(`rooms.reason.${figures.reason}`)}</p>;
  }
  return null;
}

function Waiting({ board }: { board: Board }) {
  const { t } = board.words;
  const names = ["waiting", "shopping", "admitted", "arrivals", "no_shows", "left", "conversion", "seats_left"];
  return (
    <div class="stack stack--l">
      <p class="muted" role="status">{t(board.state.value === "refused" ? "rooms.live.refused" : "rooms.live.connecting")}</p>
      <dl class="room-figures" aria-hidden="true">
        {names.map((name, index) => (
          <div key={name} class={`room-stat${index < 2 ? " room-stat--main" : ""}`}>
            <dt class="stat__label">{t(`rooms.live.${name}`)}</dt>
            <dd><span class="room-stat__value skeleton">0000</span></dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
