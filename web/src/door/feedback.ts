// What a verdict sounds and feels like. Three clearly different signals: nobody looks at the screen while the queue moves.

import type { Colour } from "./decide";

interface Note {
  hertz: number;
  atS: number;
  forS: number;
  shape: OscillatorType;
}

const NOTES: Record<Colour, Note[]> = {
  green: [
    { hertz: 880, atS: 0, forS: 0.09, shape: "sine" },
    { hertz: 1320, atS: 0.09, forS: 0.14, shape: "sine" },
  ],
  red: [
    { hertz: 160, atS: 0, forS: 0.28, shape: "sawtooth" },
    { hertz: 120, atS: 0.32, forS: 0.38, shape: "sawtooth" },
  ],
  amber: [0, 0.16, 0.32].map((atS) => ({ hertz: 520, atS, forS: 0.1, shape: "triangle" as const })),
};
const BUZZ: Record<Colour, number[]> = { green: [60], red: [220, 90, 220], amber: [80, 80, 80, 80, 80] };

let audio: AudioContext | null = null;

/** Browsers let a page sound only after somebody touched it: call this from a click. */
export function wake(): void {
  try {
    audio ??= new AudioContext();
    void audio.resume();
  } catch {
    audio = null; // no sound on this device; colour, shape and vibration remain
  }
}

/** Sound and vibrate. */
export function signalVerdict(colour: Colour, silent: boolean): void {
  navigator.vibrate?.(BUZZ[colour]);
  if (!audio || silent) return;
  for (const { hertz, atS, forS, shape } of NOTES[colour]) {
    const start = audio.currentTime + atS;
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.type = shape;
    tone.frequency.value = hertz;
    volume.gain.setValueAtTime(0.35, start);
    volume.gain.exponentialRampToValueAtTime(0.001, start + forS);
    tone.connect(volume).connect(audio.destination);
    tone.start(start);
    tone.stop(start + forS);
  }
}
