/** What is wrong with a field, said beside it. */

export function mark(field: HTMLElement, text: string): HTMLElement {
  let error = document.getElementById(`${field.id}-error`);
  if (!error) {
    error = document.createElement("span");
    error.id = `${field.id}-error`;
    error.className = "field__error";
    const above = field.closest(".choice") ?? field;
    above.before(error);
    field.setAttribute("aria-describedby", [field.getAttribute("aria-describedby"), error.id].filter(Boolean).join(" "));
  }
  error.textContent = text;
  error.hidden = false;
  field.setAttribute("aria-invalid", "true");
  return field;
}

export function clear(field: HTMLElement): void {
  if (field.getAttribute("aria-invalid") !== "true") return;
  field.removeAttribute("aria-invalid");
  const error = document.getElementById(`${field.id}-error`);
  if (error) error.hidden = true;
}
