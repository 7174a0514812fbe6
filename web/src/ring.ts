// The sounds the phone makes by itself: ringing, the far end's ringing, and the end of a call.
// Made with Web Audio, so that there is no file to load.

export type Tone = 'ring' | 'ringback' | 'ended';

interface Cadence {
  readonly hertz: readonly number[];
  /** Milliseconds on, off, on, off …, repeated when `loop`. */
  readonly pattern: readonly number[];
  readonly loop: boolean;
  readonly level: number;
}

const CADENCES: Readonly<Record<Tone, Cadence>> = {
  ring: { hertz: [659, 784], pattern: [400, 200, 400, 2000], loop: true, level: 0.12 },
  // 425 Hz, one second on, four off: the ringing tone of ITU-T E.180 as most of Europe uses it.
  ringback: { hertz: [425], pattern: [1000, 4000], loop: true, level: 0.05 },
  ended: { hertz: [425], pattern: [180, 120, 180], loop: false, level: 0.05 },
};

export class Ringer {
  #context: AudioContext | null = null;
  #playing: Tone | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #gain: GainNode | null = null;
  #voices: OscillatorNode[] = [];

  /** Plays `tone` in place of what plays now; null ends it. */
  play(tone: Tone | null): void {
    if (tone === this.#playing) return;
    this.#stop();
    this.#playing = tone;
    if (tone) this.#start(CADENCES[tone]);
  }

  #start(cadence: Cadence): void {
    this.#context ??= new AudioContext();
    const context = this.#context;
    // Without a gesture on the page the browser keeps the context suspended: then it rings silently.
    void context.resume().catch(() => undefined);
    const gain = context.createGain();
    gain.gain.value = 0;
    gain.connect(context.destination);
    this.#gain = gain;
    this.#voices = cadence.hertz.map((hertz) => {
      const voice = context.createOscillator();
      voice.frequency.value = hertz;
      voice.connect(gain);
      voice.start();
      return voice;
    });
    this.#step(cadence, 0);
  }

  #step(cadence: Cadence, index: number): void {
    const length = cadence.pattern[index % cadence.pattern.length] ?? 0;
    const done = !cadence.loop && index >= cadence.pattern.length;
    if (done) {
      this.play(null);
      return;
    }
    const level = index % 2 === 0 ? cadence.level : 0;
    const now = this.#context?.currentTime ?? 0;
    // 10 ms ramps keep the edges from clicking.
    this.#gain?.gain.setTargetAtTime(level, now, 0.01);
    this.#timer = setTimeout(() => this.#step(cadence, index + 1), length);
  }

  #stop(): void {
    clearTimeout(this.#timer);
    for (const voice of this.#voices) voice.stop();
    this.#gain?.disconnect();
    this.#voices = [];
    this.#gain = null;
  }
}
