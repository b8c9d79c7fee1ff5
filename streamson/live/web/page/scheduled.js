// For pages without an AudioWorklet (http from another host): the sound as buffers, one scheduled
// after the other, each played a little faster or slower to keep to the target.

const LEAST_S = 0.25;
const MOST_S = 1;
const PIECE_S = 0.08;
const GROWTH = 1.5;
const MOST_STEERING = 0.003;
const BACKLOG_S = 0.5; // more than this above the target is skipped
const GAP_S = 1; // what is missing for longer is no gap, but a new beginning

export class ScheduledPlayer {
  constructor(context, output, port, report) {
    this.context = context;
    this.output = output;
    this.report = report;
    this.target = LEAST_S;
    this.underruns = this.skips = this.missed = 0;
    this.expected = 0; // the next frame
    this.pieces = [];
    this.frames = 0;
    this.end = 0; // of what is scheduled, in the context's time
    this.plays = this.isSkipping = false;
    this.bus = null; // what is scheduled goes there
    port.onmessage = ({ data }) => this.take(data);
  }

  take(chunk) {
    const gap = chunk.frame - this.expected;
    if (gap > 0 && gap < GAP_S * chunk.rate) this.missed += gap;
    this.expected = chunk.frame + chunk.left.length;
    const last = this.pieces.at(-1);
    if (last && (last.rate !== chunk.rate || last.frame + last.left.length !== chunk.frame)) this.schedule();
    this.pieces.push(chunk);
    this.frames += chunk.left.length;
    if (this.frames >= PIECE_S * chunk.rate) this.schedule();
  }

  schedule() {
    const [{ frame, rate }] = this.pieces;
    const buffer = this.context.createBuffer(2, this.frames, rate);
    let at = 0;
    for (const { left, right } of this.pieces) {
      buffer.copyToChannel(left, 0, at);
      buffer.copyToChannel(right, 1, at);
      at += left.length;
    }
    this.pieces = [];
    this.frames = 0;
    const now = this.context.currentTime;
    if (this.isTooMuch(this.end - now)) return;
    if (this.end < now) {
      if (this.plays) {
        this.underruns++;
        this.target = Math.min(MOST_S, this.target * GROWTH);
      }
      this.end = now + this.target;
      this.plays = true;
    }
    const ahead = this.end - now;
    const source = this.context.createBufferSource();
    source.buffer = buffer;
    source.playbackRate.value = 1 + Math.max(-MOST_STEERING, Math.min(MOST_STEERING, 0.02 * (ahead - this.target)));
    if (!this.bus) (this.bus = new GainNode(this.context)).connect(this.output);
    source.connect(this.bus);
    source.start(this.end);
    this.report({
      seconds: frame / rate - ahead,
      rate,
      at: now,
      plays: true,
      buffered: ahead,
      target: this.target,
      underruns: this.underruns,
      skips: this.skips,
      missed: this.missed,
    });
    this.end += buffer.duration / source.playbackRate.value;
  }

  /** Return whether more waits than is to be heard that late: after this machine slept, say. */
  isTooMuch(ahead) {
    const more = ahead - this.target;
    if (more > BACKLOG_S && !this.isSkipping) this.skips++;
    this.isSkipping = more > BACKLOG_S || (this.isSkipping && more > 0);
    return this.isSkipping;
  }

  stop() {
    this.bus?.disconnect(); // nothing of it is to be heard at the next beginning
    this.bus = null;
    this.end = 0;
    this.plays = this.isSkipping = false;
    this.pieces = [];
    this.frames = 0;
  }
}
