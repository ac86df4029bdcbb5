/**
 * "Choose from a list": sections, then the seats of one section as a grid. The same state as the map, without needing to see it:
 * arrows follow the geometry, a row's letter jumps to it, unavailable seats stay reachable and say why.
 */

import { useEffect, useRef, useState } from "preact/hooks";
import { ACCESSIBLE, Attribute, seatLabel } from "../map/chart";
import type { SeatMap } from "../map/map";
import { areaFits, fittingIn, isFiltered, NO_FILTER, seatFits, Shown } from "../map/state";
import { tiersOf } from "../map/palette";
import { Icon } from "../ui/icon";
import type { Desk } from "./desk";
import type { Step } from "./grid_walk";
import { rowByLetter, seatsOf, walk } from "./grid_walk";
import { blockFigures, spokenSeat } from "./seat_card";

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
  const { chart, state } = desk;
  const stepFree = (ranges: [number, number][]) => ranges.some(([k0]) => (chart.attributes[k0]! & Attribute.stepFree) !== 0);
  const figures = (target: Parameters<typeof blockFigures>[1]) => {
    const [left, price] = blockFigures(desk, target);
    return price ? <><span class="num">{left}</span><span class="num list__price">{price}</span></> : <span class="num list__price list__price--none">{left}</span>;
  };
  const filtered = isFiltered(state);
  const areas = chart.areas.filter((_, a) => !filtered || areaFits(state, a));
  const seated = chart.sections.filter((one) => one.seats > 0);
  const sections = seated.filter((one) => !filtered || fittingIn(state, one.index) > 0);
  const others = chart.areas.length - areas.length + seated.length - sections.length;
  return (
    <div class="list">
      <h2 class="list__title" id="list-title">{t("list.title")}</h2>
      <ul class="list__sections" aria-labelledby="list-title">
        {areas.map((area) => (
          <li key={`a${area.index}`}>
            <button type="button" class="list__section" disabled={state.remaining[area.index] === 0} onClick={() => onArea(area.index)}>
              <span class="list__name">{area.name}<small>{t("list.standing")}</small></span>
              {figures({ kind: "area", area: area.index })}
            </button>
          </li>
        ))}
        {sections.map((one) => {
          const floor = chart.floors.length > 1 && chart.floors[one.floor] !== one.name ? chart.floors[one.floor] : "";
          const about = [floor, one.entrance, stepFree(one.ranges) ? t("seat.step_free") : ""].filter(Boolean).join(" · ");
          return (
            <li key={one.index}>
              <button type="button" class="list__section" onClick={() => onSection(one.index)}>
                <span class="list__name">{one.name}{about && <small>{about}</small>}</span>
                {figures({ kind: "section", section: one.index })}
              </button>
            </li>
          );
        })}
      </ul>
      {others > 0 && (
        <p class="list__rest muted">
          {t("list.others", { n: others })} <button type="button" class="link" onClick={() => desk.narrow(NO_FILTER)}>{t("legend.clear")}</button>
        </p>
      )}
    </div>
  );
}

const KEYS: Record<string, Step> = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down", Home: "home", End: "end" };
const STATES = ["free", "held", "sold", "off", "yours", "asked"];

function SectionGrid({ desk, section, map, onBack }: { desk: Desk; section: number; map: SeatMap | null; onBack: () => void }) {
  const { t } = desk.words;
  desk.tick.value;
  desk.basket.value;
  desk.filter.value;
  const { chart, state } = desk;
  const one = chart.sections[section]!;
  const [focus, setFocus] = useState(() => firstSeat(desk, section));
  const walked = useRef<number | null>(null);
  const grid = useRef<HTMLDivElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const tiers = tiersOf(chart, state.prices);

  useEffect(() => {
    heading.current?.focus();
    // What was filtered for may be at the far end.
    if (isFiltered(state)) grid.current?.querySelector(`[data-k="${focus}"]`)?.scrollIntoView({ block: "center", inline: "nearest" });
    map?.showSection(section);
    return () => {
      map?.mirror(null);
      // Back on the map they find the seat they were at.
      if (walked.current !== null) map?.showSeats([walked.current]);
    };
  }, [section]);

  const go = (k: number) => {
    setFocus(walked.current = k);
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
        <span class="muted small num">{blockFigures(desk, { kind: "section", section })[0]}</span>
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
                const accessible = (chart.attributes[k]! & ACCESSIBLE) !== 0;
                const unfit = shown === Shown.free && !seatFits(state, k);
                return (
                  <span
                    key={k}
                    role="gridcell"
                    data-k={k}
                    tabIndex={k === focus ? 0 : -1}
                    aria-selected={shown === Shown.yours}
                    aria-disabled={shown !== Shown.free && shown < Shown.yours}
                    aria-label={spokenSeat(desk, k)}
                    class={`cell cell--${STATES[shown]} tier-${tiers[chart.category[k]!]! + 1}${gap ? " cell--gap" : ""}${accessible ? " cell--accessible" : ""}${unfit ? " cell--unfit" : ""}`}
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

/** Where the grid is entered: at the first free seat that passes the filter, without one at the first seat. */
function firstSeat({ chart, state }: Desk, section: number): number {
  const { rows: [from, to] } = chart.sections[section]!;
  if (isFiltered(state)) {
    for (let row = from; row < to; row++) for (const k of seatsOf(chart, row)) if (state.shown[k] === Shown.free && seatFits(state, k)) return k;
  }
  return chart.drawn[chart.rows[from]!.first]!;
}
