/** The live sale on one screen: legible from three metres, calm while nothing needs a hand. */

import type { Signal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { Formats } from "../i18n/format";
import type { Words } from "../i18n/words";
import type { Dashboard, GateCount, OrderLine } from "../live/messages";
import type { Chart } from "../map/chart";
import { Icon } from "../ui/icon";
import { fills, partsOf } from "./heat";
import { HeatMap } from "./heat_map";
import { PerMinute } from "./per_minute";
import type { WatchState } from "./watch_socket";

export interface ShowData {
  show: number;
  live_url: string;
  chart_url: string;
  currency: string;
  time_zone: string;
  capacity: number;
  /** When the sale opens, in the venue's zone, in words. */
  opens: string;
}

export interface Room {
  data: ShowData;
  words: Words;
  formats: Formats;
  chart: Signal<Chart | null>;
  figures: Signal<Dashboard | null>;
  state: Signal<WatchState>;
  refusal: Signal<string | null>;
  clock(unixMs: number): string;
}

export function WarRoom({ room }: { room: Room }) {
  const { words, formats } = room;
  const { t } = words;
  const figures = room.figures.value;
  const chart = room.chart.value;
  const parts = useMemo(() => (chart ? partsOf(chart) : []), [chart]);
  if (!figures) return <Waiting room={room} />;
  const running = figures.per_minute.at(-1) ?? 0;
  const hour = figures.per_minute.reduce((sum, count) => sum + count, 0);
  return (
    <div class="stack stack--l">
      <Notice room={room} figures={figures} />
      <dl class="war__figures">
        <Figure name={t("organiser.sold")} value={formats.number(figures.sold)} note={share(figures.sold, figures, formats)} main />
        <Figure name={t("organiser.revenue")} value={formats.money(figures.revenue)} note={t("organiser.orders", { n: figures.orders })} main />
        <Figure name={t("organiser.held")} value={formats.number(figures.held)} note={share(figures.held, figures, formats)} />
        <Figure name={t("organiser.free")} value={formats.number(figures.free)} note={share(figures.free, figures, formats)} />
        <Figure name={t("organiser.viewers")} value={formats.number(figures.viewers)} />
      </dl>
      <div class="war__grid">
        <section class="card war__map" aria-labelledby="war-map">
          <h2 id="war-map" class="war__title">{t("organiser.map")}</h2>
          {chart ? <HeatMap chart={chart} parts={parts} fills={fills(figures)} words={words} /> : <div class="skeleton war__map-wait" />}
        </section>
        <section class="card" aria-labelledby="war-minutes">
          <h2 id="war-minutes" class="war__title">{t("organiser.per_minute")}</h2>
          <dl class="war__pair num">
            <div><dt class="small muted">{t("organiser.this_minute")}</dt><dd>{formats.number(running)}</dd></div>
            <div><dt class="small muted">{t("organiser.last_hour")}</dt><dd>{formats.number(hour)}</dd></div>
          </dl>
          <PerMinute minutes={figures.per_minute} now={figures.now_ms} label={t("organiser.per_minute")} clock={room.clock} />
        </section>
        <section class="card" aria-labelledby="war-orders">
          <h2 id="war-orders" class="war__title">{t("organiser.last_orders")}</h2>
          <LastOrders orders={figures.last_orders} room={room} />
        </section>
        <section class="card" aria-labelledby="war-gates">
          <h2 id="war-gates" class="war__title">
            {t("organiser.gates")} <span class="num muted">{t("organiser.admitted")} {formats.number(figures.admitted)}</span>
          </h2>
          <Gates gates={figures.gates} room={room} />
        </section>
      </div>
    </div>
  );
}

function share(part: number, figures: Dashboard, formats: Formats): string {
  const all = figures.free + figures.held + figures.sold;
  return all > 0 ? `${formats.number(Math.round((part / all) * 1000) / 10)} %` : "";
}

function Figure({ name, value, note = "", main = false }: { name: string; value: string; note?: string; main?: boolean }) {
  return (
    <div class={`war__stat${main ? " war__stat--main" : ""}`}>
      <dt class="stat__label">{name}</dt>
      <dd class="num"><span class="war__value">{value}</span> <span class="muted">{note}</span></dd>
    </div>
  );
}

/** Shown only when something is not as it should be. */
function Notice({ room, figures }: { room: Room; figures: Dashboard }) {
  const { t } = room.words;
  if (room.state.value === "reconnecting") {
    return (
      <p class="banner banner--warn" role="status">
        <Icon name="offline" />{t("organiser.reconnecting", { time: room.formats.clock(figures.now_ms) })}
      </p>
    );
  }
  if (room.state.value === "refused" && room.refusal.value) return <Refused room={room} code={room.refusal.value} />;
  if (figures.phase === "paused") return <p class="banner banner--warn" role="status"><Icon name="alert" />{t("organiser.state.paused")}</p>;
  if (figures.phase === "before") {
    return <p class="banner banner--info"><Icon name="clock" />{t("organiser.state.before", { when: room.data.opens })}</p>;
  }
  return null;
}

function Refused({ room, code }: { room: Room; code: string }) {
  const key = `organiser.refused.${code}`;
  return <p class="banner banner--error" role="alert"><Icon name="alert" />{room.words.t(room.words.has(key) ? key : "organiser.refused.unavailable")}</p>;
}

function Waiting({ room }: { room: Room }) {
  const { t } = room.words;
  const names = ["organiser.sold", "organiser.revenue", "organiser.held", "organiser.free", "organiser.viewers"];
  return (
    <div class="stack stack--l">
      {room.refusal.value ? <Refused room={room} code={room.refusal.value} /> : <p class="muted" role="status">{t("organiser.waiting")}</p>}
      <dl class="war__figures" aria-hidden="true">
        {names.map((name) => (
          <div key={name} class="war__stat"><dt class="stat__label">{t(name)}</dt><dd><span class="war__value skeleton">000</span></dd></div>
        ))}
      </dl>
    </div>
  );
}

function LastOrders({ orders, room }: { orders: readonly OrderLine[]; room: Room }) {
  const { words, formats } = room;
  if (orders.length === 0) return <p class="war__empty muted">{words.t("organiser.no_orders")}</p>;
  return (
    <ol class="war__orders num" role="list">
      {orders.map((order) => (
        <li key={order.ref}>
          <span class="muted">{formats.clock(order.at_ms)}</span>
          <span>{words.t("organiser.tickets", { n: order.tickets })}</span>
          <span class="end">{formats.money(order.amount)}</span>
        </li>
      ))}
    </ol>
  );
}

function Gates({ gates, room }: { gates: readonly GateCount[]; room: Room }) {
  const { words, formats } = room;
  if (gates.length === 0) return <p class="war__empty muted">{words.t("organiser.no_gates")}</p>;
  return (
    <table class="table table--dense">
      <thead>
        <tr>
          <th scope="col">{words.t("organiser.gates")}</th>
          <th scope="col" class="end">{words.t("organiser.admitted")}</th>
          <th scope="col" class="end">{words.t("organiser.last_minute")}</th>
          <th scope="col" class="end">{words.t("organiser.refused")}</th>
        </tr>
      </thead>
      <tbody>
        {gates.map((gate) => (
          <tr key={gate.gate}>
            <th scope="row">{gate.gate}</th>
            <td class="num">{formats.number(gate.admitted)}</td>
            <td class="num">{formats.number(gate.last_minute)}</td>
            <td class="num">{formats.number(gate.refused)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
