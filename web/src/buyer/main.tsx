/** The seat page: fetch chart and state side by side, then build desk, panels and map around them. */

import "./seats.css";
import { render } from "preact";
import { useState } from "preact/hooks";
import { flavour, Formats } from "../i18n/format";
import { dataBlock, pageWords } from "../i18n/words";
import { decodeChart } from "../map/chart";
import type { Surface } from "../map/gl_renderer";
import { openSurface } from "../map/gl_renderer";
import type { SeatMap } from "../map/map";
import type { ChartDocument } from "../map/wire";
import { Icon } from "../ui/icon";
import { Banners, LiveRegion, Toasts } from "./banners";
import { measure } from "./bench";
import { BestForm } from "./best_form";
import { Desk } from "./desk";
import { Dialogs } from "./dialogs";
import type { ShowFacts } from "./facts";
import { HoldPanel } from "./hold_panel";
import { Legend } from "./legend";
import { ListView } from "./list_view";
import { MapView } from "./map_view";

function SeatPage({ desk, surface }: { desk: Desk; surface: Surface | null }) {
  const { t } = desk.words;
  const [view, setView] = useState<"map" | "list">("map");
  const [area, setArea] = useState<number | null>(null);
  const [map, setMap] = useState<SeatMap | null>(null);
  return (
    <div class="seats__body">
      <div class="seats__banners"><Banners desk={desk} /></div>
      <BestForm desk={desk} />
      <div class={`seats__main seats__main--${view}`}>
        <div class="seats__switch">
          <div class="segmented" role="group" aria-label={t("list.how")}>
            <button type="button" aria-pressed={view === "map"} onClick={() => setView("map")}><Icon name="map" />{t("list.map")}</button>
            <button type="button" aria-pressed={view === "list"} onClick={() => setView("list")}><Icon name="list" />{t("list.choose")}</button>
          </div>
        </div>
        <div class="seats__views">
          <div class="seats__view" hidden={view !== "map"}>
            <MapView
              desk={desk}
              surface={surface}
              onArea={setArea}
              onMap={(made) => {
                setMap(made);
                measure(made, desk);
              }}
            />
          </div>
          {view === "list" && <div class="seats__view seats__view--list"><ListView desk={desk} map={map} onArea={setArea} /></div>}
        </div>
        <Legend desk={desk} />
      </div>
      <HoldPanel desk={desk} />
      <Dialogs desk={desk} area={area} onAreaDone={() => setArea(null)} />
      <Toasts desk={desk} />
      <LiveRegion desk={desk} />
    </div>
  );
}

async function get(url: string): Promise<Response> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return response;
}

async function boot(): Promise<void> {
  const root = document.getElementById("seats")!;
  const facts = dataBlock<ShowFacts>("show");
  const words = pageWords();
  try {
    const arriving = Promise.all([
      get(facts.chart_url).then((response) => response.json() as Promise<ChartDocument>),
      get(facts.state_url).then((response) => response.arrayBuffer()),
    ]);
    // Opening WebGL takes as long as the network does, so they share the wait. `?plain` draws without it.
    const surface = new URLSearchParams(location.search).has("plain") ? null : openSurface();
    const formats = new Formats(flavour(words.locale, navigator.languages), facts.currency);
    const [document_, snapshot] = await arriving;
    performance.mark("map:data-ready");
    const desk = new Desk(facts, decodeChart(document_), words, formats);
    desk.open();
    desk.load(snapshot);
    root.replaceChildren();
    render(<SeatPage desk={desk} surface={surface} />, root);
  } catch (error) {
    console.error(error);
    const problem = document.getElementById("seats-problem") as HTMLTemplateElement | null;
    if (problem) root.replaceChildren(problem.content.cloneNode(true));
    root.querySelector("button")?.addEventListener("click", () => location.reload());
  }
}

void boot();
