// Plays what comes through a port: a ring, a target for how much waits in it, and a resampler that
// keeps to the target by playing a little faster or slower, which nobody hears.

const RING = 1 << 18; // frames: 5.9 s at 44.1 kHz
const TAPS = 16;
const PHASES = 256;
const LEAST_S = 0.08;
const MOST_S = 0.6;
const GROWTH = 1.5; // of the target, where it ran empty
const CALM_S = 30; // after which the target shrinks again
const SHRINKAGE = 0.9;
const GAP_S = 1; // what is missing for longer is no gap, but a new beginning
const BACKLOG_S = 0.5; // more than this above the target is skipped
const STEERING = 0.05; // a second of error is 5 % of speed
const MOST_STEERING = 0.005;
const SMOOTHING_S = 1; // of that error
const FADE_S = 0.005;
const TAIL_S = 0.002; // in which what was cut off in the middle dies away
const INAUDIBLE = 1e-6;
const REPORT_BLOCKS = 16;

class Player extends AudioWorkletProcessor {
  constructor() {
    super();
    this.left = new Float32Array(RING);
    this.right = new Float32Array(RING);
    this.rate = 0;
    this.target = LEAST_S;
    this.underruns = this.skips = this.missed = 0;
    this.calmSince = currentTime;
    this.blocks = 0;
    this.gain = 0;
    this.error = 0;
    this.plays = false;
    this.last = [0, 0]; // samples that were played last, and what is left of those where it was cut
    this.tail = [0, 0];
    this.position = this.written = 0; // frames of the sound that comes
    this.filter = null;
    this.port.onmessage = ({ data }) => {
      if (data.port) data.port.onmessage = (event) => this.take(event.data);
      if (data.stop) {
        this.rate = 0;
        this.cut();
      }
    };
  }

  take({ frame, rate, left, right }) {
    const gap = frame - this.written;
    if (rate !== this.rate || gap > GAP_S * rate || gap < -rate / 1000) this.begin(frame, rate);
    else if (gap > 0) {
      for (let at = this.written; at < frame; at++) this.left[at % RING] = this.right[at % RING] = 0;
      this.missed += gap;
      const edge = Math.min(left.length, Math.round(FADE_S * rate));
      for (let i = 0; i < edge; i++) {
        const before = (this.written - 1 - i + RING) % RING;
        this.left[before] *= i / edge;
        this.right[before] *= i / edge;
        left[i] *= i / edge;
        right[i] *= i / edge;
      }
    }
    for (let i = 0; i < left.length; i++) {
      const at = (frame + i) % RING;
      this.left[at] = left[i];
      this.right[at] = right[i];
    }
    this.written = frame + left.length;
    // What waits is looked at when something came, which is when most does: so at the beginning.
    this.error += (this.filled / rate - this.target - this.error) * Math.min(1, left.length / rate / SMOOTHING_S);
  }

  begin(frame, rate) {
    if (rate !== this.rate) this.filter = kernel(Math.min(1, sampleRate / rate));
    this.rate = rate;
    this.position = this.written = frame;
    this.plays = false;
    this.cut();
    this.left.fill(0);
    this.right.fill(0);
  }

  /** What follows is not what would have come: no step is to be heard, which is a click. */
  cut() {
    this.gain = 0;
    this.tail = [...this.last];
  }

  get filled() {
    return this.written - this.position;
  }

  process(_inputs, [output]) {
    const [left, right] = output;
    if (this.rate) this.fill(left, right);
    for (const [channel, samples] of output.entries()) {
      if (this.tail[channel]) this.dieAway(channel, samples);
      this.last[channel] = samples.at(-1);
    }
    if (++this.blocks % REPORT_BLOCKS === 0) this.report();
    return true;
  }

  dieAway(channel, samples) {
    const kept = Math.exp(-1 / (TAIL_S * sampleRate));
    for (let i = 0; i < samples.length; i++) samples[i] += this.tail[channel] *= kept;
    if (Math.abs(this.tail[channel]) < INAUDIBLE) this.tail[channel] = 0;
  }

  fill(left, right) {
    const nominal = this.rate / sampleRate;
    if (!this.plays) {
      if (this.filled < this.target * this.rate) return;
      this.plays = true;
      this.error = 0;
    }
    if (this.filled > (this.target + BACKLOG_S) * this.rate) {
      this.position = this.written - this.target * this.rate;
      this.error = 0;
      this.cut();
      this.skips++;
    }
    const steering = Math.max(-MOST_STEERING, Math.min(MOST_STEERING, STEERING * this.error));
    const step = nominal * (1 + steering);
    const fade = 1 / (FADE_S * sampleRate);
    let isEmpty = false;
    for (let i = 0; i < left.length && !isEmpty; i++) {
      // Where it runs empty, it is to be silent by the last frame that is there.
      const most = ((this.filled - TAPS) / step) * fade;
      isEmpty = most <= 0;
      this.gain = Math.max(0, Math.min(this.gain + fade, most, 1));
      this.sample(left, right, i);
      this.position += step;
    }
    if (isEmpty) this.ranEmpty();
    else if (currentTime - this.calmSince > CALM_S) {
      this.calmSince = currentTime;
      this.target = Math.max(LEAST_S, this.target * SHRINKAGE);
    }
  }

  sample(left, right, i) {
    const whole = Math.floor(this.position);
    const phase = (this.position - whole) * PHASES;
    const row = Math.floor(phase);
    const share = phase - row;
    const { filter } = this;
    let l = 0;
    let r = 0;
    for (let tap = 0; tap < TAPS; tap++) {
      const at = row * TAPS + tap;
      const weight = filter[at] + share * (filter[at + TAPS] - filter[at]);
      const from = (whole + tap - TAPS / 2 + 1 + RING) % RING;
      l += weight * this.left[from];
      r += weight * this.right[from];
    }
    left[i] = this.gain * l;
    right[i] = this.gain * r;
  }

  ranEmpty() {
    this.plays = false;
    this.gain = 0;
    this.underruns++;
    this.calmSince = currentTime;
    this.target = Math.min(MOST_S, this.target * GROWTH);
  }

  report() {
    this.port.postMessage({
      seconds: this.rate ? this.position / this.rate : null,
      rate: this.rate,
      at: currentTime,
      plays: this.plays,
      buffered: this.rate ? this.filled / this.rate : 0,
      target: this.target,
      underruns: this.underruns,
      skips: this.skips,
      missed: this.missed,
    });
  }
}

/** Windowed sinc for each phase between two frames; `cut` is the share of the band that is kept. */
function kernel(cut) {
  const table = new Float32Array((PHASES + 1) * TAPS);
  for (let phase = 0; phase <= PHASES; phase++) {
    let sum = 0;
    for (let tap = 0; tap < TAPS; tap++) {
      const x = tap - TAPS / 2 + 1 - phase / PHASES;
      const angle = Math.PI * x * cut;
      const sinc = angle === 0 ? 1 : Math.sin(angle) / angle;
      const w = x / (TAPS / 2);
      const window = Math.abs(w) >= 1 ? 0 : 0.42 + 0.5 * Math.cos(Math.PI * w) + 0.08 * Math.cos(2 * Math.PI * w); // Blackman
      sum += table[phase * TAPS + tap] = sinc * window;
    }
    for (let tap = 0; tap < TAPS; tap++) table[phase * TAPS + tap] /= sum;
  }
  return table;
}

registerProcessor("player", Player);
