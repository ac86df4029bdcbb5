/** Calling somebody back to the page: two soft tones, a shake, a notification. The tab's title says it too (view.ts:tabTitle). */

let sound: AudioContext | null = null;

/** Ask for what ringing needs. Browsers grant sound and notifications on a click only. */
export async function allowRinging(): Promise<void> {
  try {
    sound ??= new AudioContext();
    await sound.resume();
    if ("Notification" in globalThis && Notification.permission === "default") await Notification.requestPermission();
  } catch {
    // a browser without either: the title and the page itself still say it
  }
}

/** Two soft tones, and a notification where it is allowed. */
export function ring(title: string, text: string): void {
  try {
    if (sound) {
      for (const [at, pitch] of [[0, 660], [0.25, 880]] as const) {
        const tone = sound.createOscillator();
        const loudness = sound.createGain();
        tone.frequency.value = pitch;
        const start = sound.currentTime + at;
        loudness.gain.setValueAtTime(0.2, start);
        loudness.gain.exponentialRampToValueAtTime(0.001, start + 0.6);
        tone.connect(loudness).connect(sound.destination);
        tone.start(start);
        tone.stop(start + 0.6);
      }
    }
    if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.([200, 100, 200]);
    if ("Notification" in globalThis && Notification.permission === "granted" && document.hidden) {
      new Notification(title, { body: text, tag: "frontrow-turn", requireInteraction: true }).onclick = () => window.focus();
    }
  } catch {
    // phones give notifications to service workers only
  }
}
