/** The sound when something breaks: made here, so that nothing has to be loaded. */
const NOTES = [880, 660] as const;
const LASTS = 0.18;
const LOUD = 0.2;
/** Milliseconds after which it has ended, also where the browser let nothing be heard. */
const OVER = 1_000;
let sounding = false;

/**
 * Two notes, the second one lower; once, however much breaks in the same moment. A browser in which nobody
 * has clicked yet stays silent.
 */
export function beep(): void {
  if (sounding) return;

  sounding = true;
  const context = new AudioContext();
  setTimeout(() => {
    sounding = false;
    void context.close();
  }, OVER);
  NOTES.forEach((frequency, index) => {
    const start = context.currentTime + index * LASTS;
    const tone = new OscillatorNode(context, { frequency });
    const volume = new GainNode(context, { gain: LOUD });
    volume.gain.setValueAtTime(LOUD, start);
    volume.gain.linearRampToValueAtTime(0, start + LASTS);
    tone.connect(volume).connect(context.destination);
    tone.start(start);
    tone.stop(start + LASTS);
  });
}
