/** What is yours, until when, at what price, and the way on. A sheet at the bottom of a phone, a panel at the side of a desk. */

import { useEffect, useRef, useState } from "preact/hooks";
import { countdown } from "../i18n/format";
import type { HoldView } from "../live/messages";
import { seatLabel } from "../map/chart";
import { Icon } from "../ui/icon";
import type { Desk } from "./desk";
import { graveNotes } from "./seat_card";

const WARN_MS = 120_000;

export function HoldPanel({ desk }: { desk: Desk }) {
  const { t } = desk.words;
  const [open, setOpen] = useState(false);
  const hold = desk.hold.value;
  const wide = useWide();
  if (!hold) {
    return (
      <section class="hold hold--empty" aria-labelledby="hold-title">
        <h2 id="hold-title">{t("hold.title")}</h2>
        <p class="muted">{t("hold.empty")}</p>
      </section>
    );
  }
  const count = hold.seats.length + hold.areas.reduce((sum, area) => sum + area.qty, 0);
  const shown = wide || open;
  return (
    <section class={`hold${shown ? " hold--open" : ""}`} aria-labelledby="hold-title">
      <div class="hold__head">
        <h2 id="hold-title">
          <button type="button" class="hold__toggle" aria-expanded={shown} disabled={wide} onClick={() => setOpen(!open)}>
            {t(hold.areas.length ? "hold.title_places" : "hold.title_n", { n: count })}
            <Icon name={open ? "down" : "up"} />
          </button>
        </h2>
        <Clock desk={desk} hold={hold} />
      </div>
      {shown && <Lines desk={desk} hold={hold} />}
      <div class="hold__foot">
        <p class="hold__total">
          <strong class="num">{desk.formats.money(desk.total(hold))}</strong>
          <span class="muted tiny">{desk.facts.fees.length ? t("hold.fees_included") : t("hold.no_fees")}</span>
        </p>
        {hold.state === "paying" ? (
          <a class="btn btn--primary" href={desk.facts.checkout_url}>{t("hold.back_to_payment")}</a>
        ) : (
          <a class="btn btn--primary" href={desk.facts.checkout_url} aria-disabled={desk.busy.value}>{t("hold.continue")}</a>
        )}
      </div>
    </section>
  );
}

/** The end as a time of day, and how long that is. Spoken at two minutes and at one, and never in between. */
function Clock({ desk, hold }: { desk: Desk; hold: HoldView }) {
  const { t } = desk.words;
  const left = desk.left(hold);
  const short = left < WARN_MS;
  const said = useRef(Infinity);
  useEffect(() => {
    for (const mark of [WARN_MS, 60_000]) {
      if (left <= mark && said.current > mark && left > 0) desk.say(t("hold.minutes_left", { n: Math.ceil(left / 60_000) }));
    }
    said.current = left;
  });
  return (
    <p class={`clock${short ? " clock--short" : ""}`}>
      <Icon name="clock" />
      <span class="clock__left num" aria-hidden="true">{countdown(left)}</span>
      <span class="small muted num">{t("hold.until", { time: desk.formats.clock(desk.endsAt(hold)) })}</span>
      {hold.extendable && left < 5 * 60_000 && hold.state === "active" && (
        <button type="button" class="link small" onClick={() => desk.extend()}>{t("hold.extend")}</button>
      )}
    </p>
  );
}

function Lines({ desk, hold }: { desk: Desk; hold: HoldView }) {
  const { t } = desk.words;
  const { chart, state, formats } = desk;
  const fixed = hold.state === "paying";
  return (
    <div class="hold__body">
      <ul class="hold__lines">
        {inOrder(desk, hold.seats).map((seat) => {
          const prices = state.prices[chart.category[seat.k]!] ?? [];
          const name = desk.seatName(seat.k);
          const notes = graveNotes(desk, seat.k);
          return (
            <li class="line" key={seat.k}>
              <span class="line__name">{name}</span>
              <span class="line__price num">{formats.money(desk.price(seat.amount))}</span>
              {prices.length > 1 && !fixed ? (
                <select
                  class="select select--small line__type"
                  aria-label={t("hold.type_of", { seat: name })}
                  value={seat.type}
                  onChange={(event) => desk.retype(seat.k, Number(event.currentTarget.value))}
                >
                  {prices.map((price) => (
                    <option key={price.type} value={price.type}>{desk.typeName(price.type)}, {formats.money(desk.price(price.amount))}</option>
                  ))}
                </select>
              ) : (
                <span class="muted small line__type">{desk.typeName(seat.type)}</span>
              )}
              {!fixed && (
                <button type="button" class="line__remove" aria-label={t("hold.remove", { seat: name })} onClick={() => desk.dropSeat(seat.k)}>
                  <Icon name="cross" />
                </button>
              )}
              {notes.length > 0 && <span class="small line__notes">{notes.join(" · ")}</span>}
            </li>
          );
        })}
        {hold.areas.map((area) => {
          const name = chart.areas[area.a]?.name ?? "";
          return (
            <li class="line" key={`${area.a}:${area.type}`}>
              <span class="line__name">{name}</span>
              <span class="line__price num">{formats.money(desk.price(area.amount) * area.qty)}</span>
              <span class="muted small line__type">{area.qty} × {desk.typeName(area.type)}</span>
              {!fixed && (
                <button type="button" class="line__remove" aria-label={t("hold.remove", { seat: name })} onClick={() => desk.dropArea(area.a, area.type, area.qty)}>
                  <Icon name="cross" />
                </button>
              )}
            </li>
          );
        })}
      </ul>
      {!fixed && hold.seats.length + hold.areas.length > 1 && (
        <button type="button" class="link small hold__clear" onClick={() => desk.dropAll()}>{t("hold.clear")}</button>
      )}
    </div>
  );
}

/** By row, then by printed number: rows are often numbered against their order. */
function inOrder(desk: Desk, seats: HoldView["seats"]): HoldView["seats"] {
  const { chart } = desk;
  return [...seats].sort((a, b) => chart.row[a.k]! - chart.row[b.k]! || seatLabel(chart, a.k).localeCompare(seatLabel(chart, b.k), undefined, { numeric: true }));
}

function useWide(): boolean {
  const query = "(min-width: 900px)";
  const [wide, setWide] = useState(matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const change = () => setWide(list.matches);
    list.addEventListener("change", change);
    return () => list.removeEventListener("change", change);
  }, []);
  return wide;
}
