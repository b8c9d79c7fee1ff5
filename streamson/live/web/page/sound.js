// The sound of the page: a button that says what is, and the parts behind it.

import { ScheduledPlayer } from "./scheduled.js";

const SILENT_PEAK = 10 ** (-70 / 20);
const SILENT_MS = 3000;
const SLOW_UNDERRUNS = 3; // so many ...
const SLOW_MS = 15000; // ... in this time: the link is too slow for plain samples
const FADE_S = 0.03;
const STOP_MS = 200; // as long as it takes to fade

/** off, starting, blocked (by the browser), on, silent (nothing comes that can be heard), waiting. */
export class Sound extends EventTarget {
  constructor() {
    super();
    this.state = "off";
    this.form = "pcm16";
    this.opusOffered = false;
    this.figures = null; // the player's last report
    this.isScheduled = false;
    this.analyser = null;
    this._rate = 44100;
    this._gain = 1;
    this._isOpen = false;
    this._arrived = null;
    this._underruns = [];
    this._heardAt = 0;
    setInterval(() => this._look(), 250);
  }

  get isWanted() {
    return this.state !== "off";
  }

  /** To be called within a click or a key: only so does a browser let sound begin. */
  start(rate) {
    this._rate = rate;
    this._set("starting");
    if (navigator.audioSession) navigator.audioSession.type = "playback"; // iOS: not by its silent switch
    if (!this._context) this._build();
    this._context.resume();
    this._gainNode.gain.setTargetAtTime(this._gain, this._context.currentTime, FADE_S);
    this._heardAt = performance.now();
    const begun = this._context;
    this._ready.then(() => this._tell({ wanted: this.isWanted })).catch(() => this._fail(begun));
  }

  stop() {
    this._set("off");
    this._gainNode.gain.setTargetAtTime(0, this._context.currentTime, FADE_S);
    setTimeout(() => {
      if (this.isWanted) return;
      this._tell({ wanted: false });
      this._player?.port.postMessage({ stop: true });
      this._scheduled?.stop();
      this._context?.suspend();
    }, STOP_MS);
  }

  /** A part could not be loaded, for the server was away: the next click tries anew. */
  _fail(context) {
    if (context !== this._context) return;
    this._worker.terminate();
    context.close();
    this._context = this._worker = this.figures = null;
    this._set("off");
  }

  /** Let it be louder or softer in this page alone, 0 to 1. */
  setGain(gain) {
    this._gain = gain ** 2; // nearer to what is heard than a straight line
    if (this.isWanted) this._gainNode?.gain.setTargetAtTime(this._gain, this._context.currentTime, FADE_S);
  }

  /** The second of the listener's clock that leaves the loudspeaker now; null where there is none. */
  heardSecond() {
    const figures = this.figures;
    if (!figures?.plays || figures.seconds === null || !this.isWanted) return null;
    const { currentTime, outputLatency, baseLatency } = this._context;
    return figures.seconds + (currentTime - figures.at) - (outputLatency || baseLatency || 0);
  }

  /** Seconds from the synthesiser to the loudspeaker, by the server's clock. */
  delay(clockOffset) {
    const heard = this.heardSecond();
    if (heard === null || !this._arrived || clockOffset === null) return null;
    const now = (performance.timeOrigin + performance.now()) / 1000 + clockOffset;
    const { frame, frames, rate, time } = this._arrived;
    return now - (time - ((frame + frames) / rate - heard));
  }

  _build() {
    const context = new AudioContext({ sampleRate: this._rate, latencyHint: "interactive" });
    this._context = context;
    this._gainNode = new GainNode(context, { gain: 0 });
    this.analyser = new AnalyserNode(context, { fftSize: 8192 });
    this._gainNode.connect(this.analyser).connect(context.destination);
    context.onstatechange = () => this._look();
    const address = new URL("sound", location.href);
    address.protocol = address.protocol.replace("http", "ws");
    this._worker = new Worker("receiver.js");
    this._worker.onmessage = ({ data }) => this._received(data);
    const channel = new MessageChannel();
    this._tell({ address: address.href, port: channel.port1, wanted: false }, [channel.port1]);
    this.isScheduled = !context.audioWorklet;
    this._ready = this.isScheduled ? this._schedule(channel.port2) : this._addWorklet(channel.port2);
  }

  async _addWorklet(port) {
    await this._context.audioWorklet.addModule("worklet.js");
    this._player = new AudioWorkletNode(this._context, "player", { numberOfInputs: 0, outputChannelCount: [2] });
    this._player.port.onmessage = ({ data }) => this._reported(data);
    this._player.port.postMessage({ port }, [port]);
    this._player.connect(this._gainNode);
  }

  async _schedule(port) {
    this._scheduled = new ScheduledPlayer(this._context, this._gainNode, port, (report) => this._reported(report));
  }

  _tell(message, transfer = []) {
    this._worker?.postMessage(message, transfer);
  }

  _received(message) {
    if ("frame" in message) {
      this._arrived = message;
      return;
    }
    this._isOpen = message.open;
    this.form = message.form ?? this.form;
    this._canDecode = message.canDecode ?? this._canDecode;
    this._look();
  }

  _reported(report) {
    const more = report.underruns - (this.figures?.underruns ?? 0);
    this.figures = report;
    if (more <= 0) return;
    const now = performance.now();
    this._underruns = [...this._underruns.filter((at) => now - at < SLOW_MS), now];
    const isSlow = this._underruns.length >= SLOW_UNDERRUNS;
    if (isSlow && this.form === "pcm16" && this.opusOffered && this._canDecode) {
      this.form = "opus";
      this._underruns = [];
      this._tell({ form: "opus", wanted: this.isWanted });
    }
  }

  _look() {
    if (!this.isWanted) return;
    if (this._context.state !== "running") {
      if (this.state !== "starting" || performance.now() - this._heardAt > 1000) this._set("blocked");
    } else if (!this._isOpen || !this.figures?.plays) this._set("waiting");
    else {
      const samples = new Float32Array(this.analyser.fftSize);
      this.analyser.getFloatTimeDomainData(samples);
      const peak = samples.reduce((most, one) => Math.max(most, Math.abs(one)), 0);
      if (peak > SILENT_PEAK) this._heardAt = performance.now();
      this._set(performance.now() - this._heardAt > SILENT_MS ? "silent" : "on");
    }
  }

  _set(state) {
    if (state === this.state) return;
    this.state = state;
    this.dispatchEvent(new Event("change"));
  }
}
