// The post itself: camera, typing, the last scans and the counters. Hardware scanners work at any moment, whatever has the focus.

import { useEffect, useRef, useState } from "preact/hooks";
import type { Words } from "../i18n/words";
import { Icon } from "../ui/icon";
import type { DoorApi, DoorShow } from "./api";
import { Camera, cameraImpossible, readPhoto, type CameraTrouble } from "./camera";
import { connected, counters } from "./counters";
import { wake } from "./feedback";
import type { Gatehouse, Post, Verdict } from "./gatehouse";
import { Lookup } from "./lookup";
import { colourOf, headline, seatWords, Shape, VerdictScreen, why, type Times } from "./verdict";
import { Wedge } from "./wedge";

interface Props {
  house: Gatehouse;
  post: Post;
  shows: DoorShow[];
  api: DoorApi;
  words: Words;
  time: Times;
  number: (n: number) => string;
  onChange: () => void;
}

// A green verdict leaves by itself; what needs a decision stays until somebody made it.
const GREEN_MS = 2500;

export function ScanView({ house, post, shows, api, words, time, number, onChange }: Props) {
  const { t } = words;
  const [looking, setLooking] = useState(false);
  const [photoless, setPhotoless] = useState(false);
  const show = shows.find((one) => one.id === post.show);
  const gate = show?.gates.find((one) => one.id === post.gate);
  const verdict = house.verdict.value;
  const now = counters.value;
  const here = now?.gates.find((one) => one.id === post.gate);

  useWedge((code) => void house.present(code, "wedge"));
  useEffect(() => {
    if (!verdict || colourOf(verdict) !== "green") return;
    const timer = setTimeout(() => house.dismiss(), GREEN_MS);
    return () => clearTimeout(timer);
  }, [verdict]);

  async function photo(file: File | undefined): Promise<void> {
    if (!file) return;
    const code = await readPhoto(file).catch(() => null);
    setPhotoless(code === null);
    if (code !== null) await house.present(code, "photo");
  }

  return (
    <div class="door__post">
      <header class="door__bar">
        <div class="door__place">
          <h1 class="door__show truncate">{show?.title}</h1>
          <span class="small muted truncate">{`${gate?.name ?? ""} · ${t(`door.way.${post.direction}`)}`}</span>
        </div>
        <button type="button" class="btn btn--small" onClick={onChange}>{t("door.change")}</button>
      </header>
      {!connected.value && <p class="banner banner--warn"><Icon name="offline" /> {t("door.offline")}</p>}
      <dl class="door__counters" aria-live="off">
        <Count label={t("door.admitted")} value={now ? `${number(now.admitted)}` : "–"} of={now && t("door.of", { n: number(now.tickets) })} />
        <Count label={t("door.inside")} value={now ? number(now.inside) : "–"} />
        <Count label={t("door.here")} value={here ? number(here.admitted) : "–"} of={here && here.refused > 0 ? t("door.turned_away", { n: number(here.refused) }) : null} />
      </dl>
      <CameraPanel words={words} onCode={(code) => void house.present(code, "camera")} />
      <TypedForm words={words} onCode={(code) => void house.present(code, "typed")} />
      <div class="cluster">
        <button type="button" class="btn" onClick={() => setLooking(true)}>{t("door.lookup")}</button>
        <label class="btn">
          {t("door.photo")}
          <input type="file" accept="image/*" class="visually-hidden" onChange={(event) => void photo(event.currentTarget.files?.[0])} />
        </label>
      </div>
      {photoless && <p class="banner banner--warn"><Icon name="alert" /> {t("door.photo_none")}</p>}
      <Recent house={house} words={words} time={time} />
      {looking && (
        <Lookup
          api={api}
          show={post.show}
          words={words}
          time={time}
          onClose={() => setLooking(false)}
          onChoose={(chosen) => {
            setLooking(false);
            void house.present(chosen, "lookup");
          }}
        />
      )}
      {house.asking.value && <p class="door__asking" role="status">{t("door.asking")}</p>}
      {verdict && (
        <VerdictScreen
          verdict={verdict}
          words={words}
          time={time}
          here={post.show}
          showName={(id) => shows.find((one) => one.id === id)?.title ?? null}
          onDismiss={() => house.dismiss()}
          onUndo={(taken) => void house.undo(taken)}
        />
      )}
    </div>
  );
}

function Count({ label, value, of }: { label: string; value: string; of?: string | null }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd class="num">{value}{of && <span class="door__of"> {of}</span>}</dd>
    </div>
  );
}

function CameraPanel({ words: { t }, onCode }: { words: Words; onCode: (code: string) => void }) {
  const video = useRef<HTMLVideoElement>(null);
  const camera = useRef<Camera | null>(null);
  const [trouble, setTrouble] = useState<CameraTrouble | null>(cameraImpossible());
  const [on, setOn] = useState(false);
  useEffect(() => () => camera.current?.stop(), []);

  async function toggle(): Promise<void> {
    wake();
    if (on) {
      camera.current?.stop();
      setOn(false);
      return;
    }
    camera.current = new Camera(video.current!, onCode);
    setOn(true);
    const stopped = await camera.current.start();
    setTrouble(stopped);
    if (stopped) setOn(false);
  }

  return (
    <section class="door__camera" data-on={on || undefined}>
      <video ref={video} playsInline muted hidden={!on} />
      {on && <div class="door__frame" aria-hidden="true" />}
      {trouble ? (
        <p class="door__trouble"><Icon name="alert" /> {t(`door.camera.${trouble}`)}</p>
      ) : (
        <button type="button" class={`btn ${on ? "btn--small" : "btn--primary"}`} onClick={() => void toggle()}>{t(on ? "door.camera.stop" : "door.camera.start")}</button>
      )}
    </section>
  );
}

function TypedForm({ words: { t }, onCode }: { words: Words; onCode: (code: string) => void }) {
  const [text, setText] = useState("");
  return (
    <form
      class="door__typed"
      onSubmit={(event) => {
        event.preventDefault();
        wake();
        onCode(text);
        setText("");
      }}
    >
      <label class="field">
        <span class="field__label">{t("door.type")}</span>
        <input
          class="input num"
          value={text}
          maxLength={400}
          autocomplete="off"
          autocapitalize="characters"
          spellcheck={false}
          enterkeyhint="go"
          placeholder="3K7QM-2XPA-9DR4"
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="btn" disabled={text.trim() === ""}>{t("door.check")}</button>
    </form>
  );
}

function Recent({ house, words, time }: { house: Gatehouse; words: Words; time: Times }) {
  const { t } = words;
  const list = house.recent.value;
  if (list.length === 0) return <p class="muted small">{t("door.waiting")}</p>;
  return (
    <section>
      <h2 class="overline">{t("door.recent")}</h2>
      <ol class="door__recent">
        {list.map((verdict) => (
          <li key={keyOf(verdict)} class={`door__line door__line--${colourOf(verdict)}`}>
            <Shape colour={colourOf(verdict)} />
            <div>
              <strong>{verdict.kind === "answer" && verdict.answer.ticket ? seatWords(verdict.answer.ticket, t) : headline(verdict, words)}</strong>
              <span class="small muted">
                {[verdict.kind === "answer" ? time(verdict.answer.at_ms) : time(verdict.atMs), verdict.kind === "answer" && verdict.undone ? t("door.undone") : why(verdict, words, time)]
                  .filter(Boolean)
                  .join(" · ")}
              </span>
            </div>
            {verdict.kind === "answer" && verdict.answer.decision !== "deny" && !verdict.undone && (
              <button type="button" class="btn btn--small" onClick={() => void house.undo(verdict)}>{t("door.undo")}</button>
            )}
            {verdict.kind === "silent" && (
              <button type="button" class="btn btn--small" onClick={() => void house.present(verdict.code, "typed")}>{t("common.retry")}</button>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}

function keyOf(verdict: Verdict): string {
  return verdict.kind === "answer" ? `a${verdict.answer.scan}` : `${verdict.kind}${verdict.atMs}${verdict.code}`;
}

/** Listen for a hardware scanner on the whole page. What it typed into a field meanwhile is taken out again. */
function useWedge(onCode: (code: string) => void): void {
  const latest = useRef(onCode);
  latest.current = onCode;
  useEffect(() => {
    const wedge = new Wedge();
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      const code = wedge.press(event.key, event.timeStamp);
      if (code === null) return;
      event.preventDefault();
      event.stopPropagation();
      const field = event.target;
      if (field instanceof HTMLInputElement) {
        field.value = "";
        field.dispatchEvent(new Event("input", { bubbles: true }));
      }
      latest.current(code);
    };
    document.addEventListener("keydown", press, true);
    return () => document.removeEventListener("keydown", press, true);
  }, []);
}
