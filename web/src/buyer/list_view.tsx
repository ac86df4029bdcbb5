/**
 * "Choose from a list": sections, then the seats of one section as a grid. The same state as the map, without needing to see it:
 * arrows follow the geometry, a row's letter jumps to it, unavailable seats stay reachable and say why.
 */

import { useEffect, useRef, useState } from "preact/hooks";
import { Attribute, seatLabel } from "../map/chart";
import type { SeatMap } from "../map/map";
import { categoryFits, cheapestIn, Shown } from "../map/state";
import { tiersOf } from "../map/palette";
import { Icon } from "../ui/icon";
import type { Desk } from "./desk";
import type { Step } from "./grid_walk";
import { rowByLetter, seatsOf, walk } from "./grid_walk";
import { spokenSeat } from "./seat_card";

interface Props {
  desk: Desk;
  map: SeatMap | null;
  onArea: (area: number) => void;
}

export function ListView({ desk, map, onArea }: Props) {
  const [section, setSection] = useState<number | null>(null);
  if (section !== null) return <SectionGrid desk={desk} section={section} map={map} onBack={() => setSection(null)} />;
  return <SectionList desk={desk} onSection={setSection} onArea={onArea} />;
}

function SectionList({ desk, onSection, onArea }: { desk: Desk; onSection: (section: number) => void; onArea: (area: number) => void }) {
  const { t } = desk.words;
  desk.tick.value;
  const { chart, state, formats } = desk;
  const stepFree = (ranges: [number, number][]) => ranges.some(([k0]) => (chart.attributes[k0]! & Attribute.stepFree) !== 0);
  const price = (amount: number | null) => (amount === null ? t("map.sold_out") : t("map.from", { price: formats.money(desk.price(amount)) }));
  return (
    <div class="list">
      <h2 class="list__title" id="list-title">{t("list.title")}</h2>
      <ul class="list__sections" aria-labelledby="list-title">
        {chart.areas.map((area, a) => {
          const left = state.remaining[a]!;
          const cheapest = left > 0 && categoryFits(state, area.category) ? state.prices[area.category]![0]!.amount : null;
          return (
            <li key={`a${a}`}>
              <button type="button" class="list__section" disabled={left === 0} onClick={() => onArea(a)}>
                <span class="list__name">{area.name}<small>{t("list.standing")}</small></span>
                <span class="num">{t("map.left", { n: left })}</span>
                <span class="num list__price">{price(cheapest)}</span>
              </button>
            </li>
          );
        })}
        {chart.sections.filter((one) => one.seats > 0).map((one) => {
          const floor = chart.floors.length > 1 && chart.floors[one.floor] !== one.name ? chart.floors[one.floor] : "";
          const about = [floor, one.entrance, stepFree(one.ranges) ? t("seat.step_free") : ""].filter(Boolean).join(" · ");
          return (
            <li key={one.index}>
              <button type="button" class="list__section" onClick={() => onSection(one.index)}>
                <span class="list__name">{one.name}{about && <small>{about}</small>}</span>
                <span class="num">{t("map.left", { n: state.freeOf[one.index]! })}</span>
                <span class="num list__price">{price(cheapestIn(state, one.index))}</span>
              </button>
            </li>
          );
        })}
      </ul>
    </div>
  );
}

const KEYS: Record<string, Step> = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down", Home: "home", End: "end" };
const STATES = ["free", "held", "sold", "off", "yours", "asked"];

function SectionGrid({ desk, section, map, onBack }: { desk: Desk; section: number; map: SeatMap | null; onBack: () => void }) {
  const { t } = desk.words;
  desk.tick.value;
  desk.basket.value;
  const { chart, state } = desk;
  const one = chart.sections[section]!;
  const [focus, setFocus] = useState(() => chart.drawn[chart.rows[one.rows[0]]!.first]!);
  const grid = useRef<HTMLDivElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const tiers = tiersOf(chart, state.prices);

  useEffect(() => {
    heading.current?.focus();
    map?.showSection(section);
    return () => map?.mirror(null);
  }, [section]);

  const go = (k: number) => {
    setFocus(k);
    map?.mirror({ kind: "seat", k });
    grid.current?.querySelector<HTMLElement>(`[data-k="${k}"]`)?.focus();
  };
  const rtl = document.documentElement.dir === "rtl";
  const onKey = (event: KeyboardEvent) => {
    if (event.altKey || event.metaKey) return;
    let step = KEYS[event.key];
    if (event.ctrlKey) step = event.key === "Home" ? "top" : event.key === "End" ? "bottom" : undefined;
    // In a page that runs from right to left the grid does too.
    if (rtl && (step === "left" || step === "right")) step = step === "left" ? "right" : "left";
    if (step) go(walk(chart, one, focus, step));
    else if (event.key === " " || event.key === "Enter") desk.toggle(focus);
    else if (/^[\p{L}\p{N}]$/u.test(event.key) && !event.ctrlKey) {
      const found = rowByLetter(chart, one, event.key);
      if (found === null) return;
      go(found);
    } else return;
    event.preventDefault();
  };

  return (
    <div class="list">
      <div class="list__head">
        <button type="button" class="btn btn--small btn--quiet" onClick={onBack}><Icon name="back" />{t("list.all")}</button>
        <h2 ref={heading} tabIndex={-1} class="list__title">{one.name}</h2>
        <span class="muted small num">{t("map.left", { n: state.freeOf[section]! })}</span>
      </div>
      <p class="muted small" id="grid-help">{t("list.help")}</p>
      <div class="seat-grid" ref={grid} role="grid" aria-label={one.name} aria-describedby="grid-help" aria-rowcount={one.rows[1] - one.rows[0]} onKeyDown={onKey}>
        {Array.from({ length: one.rows[1] - one.rows[0] }, (_, i) => {
          const row = one.rows[0] + i;
          return (
            <div class="seat-grid__row" role="row" aria-rowindex={i + 1} key={row}>
              <span class="seat-grid__label" role="rowheader">{chart.rows[row]!.label}</span>
              {seatsOf(chart, row).map((k, at) => {
                const shown = state.shown[k]!;
                const gap = at > 0 && chart.run[k] !== chart.run[seatsOf(chart, row)[at - 1]!];
                const accessible = (chart.attributes[k]! & 3) !== 0;
                return (
                  <span
                    key={k}
                    role="gridcell"
                    data-k={k}
                    tabIndex={k === focus ? 0 : -1}
                    aria-selected={shown === Shown.yours}
                    aria-disabled={shown !== Shown.free && shown < Shown.yours}
                    aria-label={spokenSeat(desk, k)}
                    class={`cell cell--${STATES[shown]} tier-${tiers[chart.category[k]!]! + 1}${gap ? " cell--gap" : ""}${accessible ? " cell--accessible" : ""}`}
                    onClick={() => {
                      go(k);
                      desk.toggle(k);
                    }}
                    onFocus={() => k !== focus && setFocus(k)}
                  >
                    {shown === Shown.yours ? "✓" : shown === Shown.free ? seatLabel(chart, k) : ""}
                  </span>
                );
              })}
            </div>
          );
        })}
      </div>
    </div>
  );
}
