// Hardware scanners are keyboards that type very fast and press Enter. This tells them from people.

// People type a letter every 100 ms or more, scanners every 2 to 30.
const BURST_MS = 60;
const LETTERS_MIN = 8;
// A busy phone or a weak radio link lets a burst stumble. Nobody types the beginning of a ticket code for fun, so once it is there
// we are patient; if it was a person after all, the code is checked just the same.
const STUMBLE_MS = 1000;
const TICKET = /^t1\./i;

export class Wedge {
  private letters = "";
  private last = -Infinity;

  /** Feed one key press. Returns what was scanned when the key ends a burst, else null. */
  press(key: string, atMs: number): string | null {
    const inBurst = atMs - this.last <= (TICKET.test(this.letters) ? STUMBLE_MS : BURST_MS);
    this.last = atMs;
    if (key === "Enter" || key === "Tab") {
      const scanned = inBurst && this.letters.length >= LETTERS_MIN ? this.letters : null;
      this.letters = "";
      return scanned;
    }
    if (key.length !== 1) {
      // Shift and its like come between the letters of a burst and say nothing.
      return null;
    }
    this.letters = inBurst ? this.letters + key : key;
    return null;
  }
}
