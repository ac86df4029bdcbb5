/** The map's place on the page: the canvases' host, the card, zoom buttons and the little overview. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Box, Chart } from "../map/chart";
import { view } from "../map/camera";
import type { Surface } from "../map/gl_renderer";
import type { Target } from "../map/map";
import { SeatMap } from "../map/map";
import { Icon } from "../ui/icon";
import type { Desk } from "./desk";
import { SeatCard, spokenTarget } from "./seat_card";

interface Props {
  desk: Desk;
  surface: Surface | null;
  onArea: (area: number) => void;
  onMap: (map: SeatMap) => void;
}

export function MapView({ desk, surface, onArea, onMap }: Props) {
  const { t } = desk.words;
  const host = useRef<HTMLDivElement>(null);
  const card = useRef<HTMLDivElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const map = useRef<SeatMap | null>(null);
  const [pointed, setPointed] = useState<Target | null>(null);
  const [zoomed, setZoomed] = useState(false);
  const [hint, setHint] = useState(false);

  // In the layout phase: an ordinary effect waits for a frame that shows nothing yet.
  useLayoutEffect(() => {
    const made = new SeatMap(host.current!, desk.chart, desk.state, {
      surface,
      speech: {
        money: (amount) => desk.formats.money(desk.price(amount)),
        number: desk.formats.number,
        from: (price) => t("map.from", { price }),
        soldOut: t("map.sold_out"),
        left: (n) => t("map.left", { n }),
        stage: t("map.stage"),
      },
      events: {
        choose: (target) => (target.kind === "area" ? onArea(target.area) : target.kind === "seat" && desk.toggle(target.k)),
        point: (target, x, y, how) => {
          setPointed(target);
          if (target) placeCard(card.current!, host.current!, x, y);
          if (target && how === "keys") desk.say(spokenTarget(desk, target));
        },
        moved: (far) => {
          setZoomed(far);
          placeFrame(frame.current, desk.chart, view(made.camera));
        },
        hint: () => {
          setHint(true);
          setTimeout(() => setHint(false), 1600);
        },
      },
    });
    map.current = made;
    onMap(made);
    const off = desk.onChange((colours) => (colours ? made.coloursChanged() : made.seatsChanged()));
    const offFound = desk.found.subscribe((seats) => seats.length && made.showSeats(seats));
    return () => {
      off();
      offFound();
      made.dispose();
    };
  }, []);

  return (
    <div class="map-frame">
      <div
        ref={host}
        class="map"
        tabIndex={0}
        role="application"
        aria-roledescription={t("map.role")}
        aria-label={t("map.label")}
        aria-describedby="map-help"
      />
      <p id="map-help" class="visually-hidden">{t("map.help")}</p>
      <div ref={card} class="seat-card" hidden={!pointed} aria-hidden="true">
        {pointed && <SeatCard desk={desk} target={pointed} />}
      </div>
      {hint && <p class="map-hint">{t("map.wheel_hint")}</p>}
      <div class="zoom" role="group" aria-label={t("map.zoom")}>
        <button type="button" class="zoom__button" aria-label={t("map.whole")} hidden={!zoomed} onClick={() => map.current?.showWhole()}><Icon name="whole" /></button>
        <button type="button" class="zoom__button" aria-label={t("map.zoom_in")} onClick={() => map.current?.zoomBy(1.8)}><Icon name="plus" /></button>
        <button type="button" class="zoom__button" aria-label={t("map.zoom_out")} onClick={() => map.current?.zoomBy(1 / 1.8)}><Icon name="minus" /></button>
      </div>
      <div class="mini" hidden={!zoomed} aria-hidden="true">
        {zoomed && <MiniMap chart={desk.chart} />}
        <div ref={frame} class="mini__frame" />
      </div>
    </div>
  );
}

/** The venue's outlines, drawn once. */
function MiniMap({ chart }: { chart: Chart }) {
  const [x0, y0, x1, y1] = chart.bounds;
  const path = (outline: Float32Array) => {
    let d = "";
    for (let i = 0; i + 1 < outline.length; i += 2) d += `${i ? "L" : "M"}${Math.round(outline[i]!)} ${Math.round(outline[i + 1]!)}`;
    return d && `${d}Z`;
  };
  return (
    <svg class="mini__map" viewBox={`${x0} ${y0} ${x1 - x0} ${y1 - y0}`}>
      <path class="mini__sections" d={[...chart.sections, ...chart.areas].map(({ outline }) => path(outline)).join("")} />
      <path class="mini__stage" d={chart.focal.map(({ outline }) => path(outline)).join("")} />
    </svg>
  );
}

function placeFrame(element: HTMLElement | null, chart: Chart, [a, b, c, d]: Box): void {
  if (!element) return;
  const [x0, y0, x1, y1] = chart.bounds;
  const share = (value: number, from: number, to: number) => Math.min(100, Math.max(0, ((value - from) / (to - from)) * 100));
  const [left, top] = [share(a, x0, x1), share(b, y0, y1)];
  element.style.inset = `${top}% ${100 - share(c, x0, x1)}% ${100 - share(d, y0, y1)}% ${left}%`;
}

/** Beside the seat and inside the map; above it when there is room, so that a finger does not cover it. */
function placeCard(card: HTMLElement, host: HTMLElement, x: number, y: number): void {
  const [w, h] = [Math.min(280, host.clientWidth - 16), 96];
  const left = Math.min(host.clientWidth - w - 8, Math.max(8, x - w / 2));
  const top = y > h + 28 ? y - 20 : y + 24;
  card.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)${y > h + 28 ? " translateY(-100%)" : ""}`;
}
