/**
 * The controls: plain forms of the page (they work without this), made quicker. What cannot be taken back asks first, in words that
 * say what happens to how many people; what can be taken back happens at once and offers to undo it.
 */

import type { Words } from "../i18n/words";
import type { RoomFigures } from "./figures";

type Fields = Record<string, string>;

/** What takes an action back; null when nothing does. The figures are those from before the action. */
export function undoOf(action: string, before: RoomFigures | null): Fields | null {
  if (!before) return null;
  switch (action) {
    case "pause":
      return { action: "resume" };
    case "resume":
      return { action: "pause" };
    case "pace":
      return { action: "pace", rate_per_min: String(before.rate_per_min), cap: String(before.cap) };
    case "message":
      return { action: "message", text: before.message };
    case "passthrough":
      return { action: "queue" };
    case "queue":
      return { action: "passthrough" };
    case "drain":
      return { action: "reopen" };
    case "reopen":
      return { action: "drain" };
    default:
      return null;
  }
}

export class Controls {
  private figures: RoomFigures | null = null;
  private readonly forms: HTMLFormElement[];

  constructor(
    private readonly words: Words,
    root: HTMLElement,
    private readonly dialog: HTMLDialogElement,
    private readonly toasts: HTMLElement,
  ) {
    this.forms = [...root.querySelectorAll<HTMLFormElement>("form[data-control]")];
    for (const form of this.forms) form.addEventListener("submit", (event) => this.submitted(event, form));
  }

  /** Offer what may be done now. A field somebody is typing in is left alone. */
  follow(figures: RoomFigures): void {
    this.figures = figures;
    const allowed = new Set(figures.actions);
    for (const form of this.forms) form.hidden = !allowed.has(form.dataset.control!);
    this.fill("rate_per_min", String(figures.rate_per_min));
    this.fill("cap", String(figures.cap));
    this.fill("text", figures.message);
  }

  private fill(name: string, value: string): void {
    const field = document.querySelector<HTMLInputElement | HTMLTextAreaElement>(`form[data-control] [name="${name}"]:not(button)`);
    if (field && field !== document.activeElement && field.dataset.known !== value) {
      field.value = value;
      field.dataset.known = value;
    }
  }

  private submitted(event: SubmitEvent, form: HTMLFormElement): void {
    event.preventDefault();
    const fields = Object.fromEntries(
      [...new FormData(form, event.submitter as HTMLElement | null)].filter((pair): pair is [string, string] => typeof pair[1] === "string"),
    );
    const kind = form.dataset.control!;
    if (form.dataset.confirm) void this.confirm(form).then((sure) => (sure ? this.send(form, kind, fields) : undefined));
    else void this.send(form, kind, fields);
  }

  private confirm(form: HTMLFormElement): Promise<boolean> {
    const { dialog, words } = this;
    const waiting = this.figures?.waiting ?? 0;
    const kind = form.dataset.control!;
    dialog.querySelector("h2")!.textContent = words.t(`rooms.confirm.${kind}`);
    dialog.querySelector("[data-body]")!.textContent = words.t(`rooms.confirm.${kind}_body`, { n: waiting });
    const sure = dialog.querySelector<HTMLButtonElement>("button[value=sure]")!;
    sure.textContent = words.t(`rooms.confirm.${kind}_sure`);
    dialog.returnValue = "";
    dialog.showModal();
    // The safe answer has the focus: an Enter pressed in haste closes nothing.
    dialog.querySelector<HTMLButtonElement>("button[value=no]")!.focus();
    return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "sure"), { once: true }));
  }

  private async send(form: HTMLFormElement, kind: string, fields: Fields): Promise<void> {
    const before = this.figures;
    form.setAttribute("aria-busy", "true");
    // Not `form.action`: a field of that name hides it.
    const code = await post(form.getAttribute("action")!, fields);
    form.removeAttribute("aria-busy");
    for (const field of form.querySelectorAll<HTMLElement>("[data-known]")) delete field.dataset.known;
    if (code !== null) {
      this.toast(this.words.t(this.words.has(`rooms.refused.${code}`) ? `rooms.refused.${code}` : "rooms.refused.other"), null);
      return;
    }
    const undo = undoOf(kind, before);
    this.toast(this.words.t(`rooms.done.${kind}`), undo && (() => void this.send(form, undo.action!, undo)));
  }

  private toast(text: string, undo: (() => void) | null): void {
    const toast = document.createElement("div");
    toast.className = "toast room-toast";
    toast.append(text);
    if (undo) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "link";
      button.textContent = this.words.t("rooms.undo");
      button.addEventListener("click", () => {
        toast.remove();
        undo();
      });
      toast.append(" ", button);
    }
    this.toasts.replaceChildren(toast);
    window.setTimeout(() => toast.remove(), TOAST_MS);
  }
}

/** Long enough to read, reach for the button and press it. */
const TOAST_MS = 12_000;

/** Post the fields as the form would; the code of the refusal, or null when it was done. */
async function post(url: string, fields: Fields): Promise<string | null> {
  try {
    const answer = await fetch(url, { method: "POST", headers: { accept: "application/json" }, body: new URLSearchParams(fields) });
    if (answer.ok) return null;
    const problem = (await answer.json()) as { code?: string };
    return problem.code ?? "other";
  } catch {
    return "unavailable";
  }
}
