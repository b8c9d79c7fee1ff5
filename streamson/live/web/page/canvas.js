// The last half minute: notes as a piano roll, and the values of the streams as curves below, in
// step with what is heard.

import { markOf } from "./marks.js";
import { note as noteName } from "./format.js";

const SPAN_S = 30;
const AHEAD_S = 1.5; // right of the line: notes on their way to the ear
const CURVES = 50;
const MAX_NOTES = 4000;
const MAX_VALUES = 240; // of a stream
const LEFT = 44;
const RIGHT = 116; // for names
const CALM_MS = 1000; // between two pictures where motion is unwanted
const QUIET_LEVEL = -48;

const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class Canvas {
  /** `second()` is the listener's second that is heard now, null before there is any. */
  constructor(element, second) {
    this.element = element;
    this.second = second;
    this.notes = [];
    this.curves = new Map();
    this.frames = 0; // pictures drawn
    this._drawnAt = 0;
    this._low = 55;
    this._high = 79;
    new ResizeObserver(() => this._fit()).observe(element);
    this._styles = getComputedStyle(document.documentElement);
    const draw = (now) => {
      if (!calm.matches || now - this._drawnAt >= CALM_MS) {
        this._drawnAt = now;
        this._draw();
      }
      requestAnimationFrame(draw);
    };
    requestAnimationFrame(draw);
  }

  addNote(note, rate) {
    this.notes.push({
      start: note.onset_frame / rate,
      length: note.duration_s,
      midi: note.midi_note,
      level: note.level_db,
      stream: note.stream,
      isAlert: note.foreground,
    });
    if (this.notes.length > MAX_NOTES) this.notes.splice(0, MAX_NOTES / 4);
  }

  addValue(name, second, value, range) {
    let curve = this.curves.get(name);
    if (!curve) {
      if (this.curves.size >= CURVES) return;
      this.curves.set(name, (curve = { times: [], values: [], low: value, high: value }));
    }
    curve.times.push(second);
    curve.values.push(value);
    if (curve.times.length > MAX_VALUES) {
      curve.times.shift();
      curve.values.shift();
    }
    if (range && range[0] < range[1]) [curve.low, curve.high] = range;
    else {
      curve.low = Math.min(...curve.values);
      curve.high = Math.max(...curve.values);
    }
  }

  remove(name) {
    this.curves.delete(name);
  }

  clear() {
    this.notes = [];
    this.curves.clear();
  }

  _fit() {
    const scale = Math.min(devicePixelRatio || 1, 2);
    this.element.width = Math.round(this.element.clientWidth * scale);
    this.element.height = Math.round(this.element.clientHeight * scale);
    this.scale = scale;
    this._draw();
  }

  _draw() {
    const context = this.element.getContext("2d");
    const width = this.element.clientWidth;
    const height = this.element.clientHeight;
    context.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    context.clearRect(0, 0, width, height);
    const now = this.second();
    const place = {
      context, width, height, now,
      right: width < 560 ? 12 : RIGHT,
      split: Math.round(height * 0.6),
    };
    place.perSecond = (width - LEFT - place.right) / (SPAN_S + AHEAD_S);
    place.x = (second) => LEFT + (second - now + SPAN_S) * place.perSecond;
    this._colours = {
      text: this._styles.getPropertyValue("--soft"),
      line: this._styles.getPropertyValue("--line"),
      accent: this._styles.getPropertyValue("--accent"),
      alert: this._styles.getPropertyValue("--alert"),
    };
    context.font = "12px system-ui, sans-serif";
    context.textBaseline = "middle";
    this._drawFrame(place);
    if (now !== null) {
      this._drawNotes(place);
      this._drawCurves(place);
      this._drawNow(place);
    }
    this.frames++;
  }

  _drawFrame({ context, width, height, split, x, now, right }) {
    const { text, line } = this._colours;
    context.strokeStyle = line;
    context.fillStyle = text;
    context.lineWidth = 1;
    context.textAlign = "right";
    for (let midi = Math.ceil(this._low / 12) * 12; midi <= this._high; midi += 12) {
      const y = this._y(midi, split);
      stroke(context, LEFT, y, width - right, y);
      context.fillText(noteName(midi), LEFT - 8, y);
    }
    stroke(context, LEFT, split, width - right, split);
    context.textAlign = "center";
    if (now === null) {
      context.fillText("Nothing has come yet.", width / 2, split / 2);
      return;
    }
    for (let ago = 0; ago < SPAN_S; ago += 10) {
      context.fillText(ago ? `${ago} s ago` : "heard now", Math.min(x(now - ago), width - 40), height - 10);
    }
  }

  _y(midi, split) {
    return split - 8 - ((midi - this._low) / (this._high - this._low)) * (split - 16);
  }

  _drawNotes({ context, now, split, x, perSecond }) {
    const first = this.notes.findIndex((note) => note.start + note.length > now - SPAN_S);
    if (first > 0) this.notes.splice(0, first);
    else if (first < 0) this.notes.length = 0;
    for (const { midi } of this.notes) {
      this._low = Math.min(this._low, midi - 3);
      this._high = Math.max(this._high, midi + 3);
    }
    for (const note of this.notes) {
      const from = Math.max(x(note.start), LEFT);
      const size = Math.max(3, x(note.start) + Math.min(note.length, SPAN_S) * perSecond - from);
      const y = this._y(note.midi, split);
      context.globalAlpha = Math.max(0.35, Math.min(1, 1 + (note.level + 12) / 60));
      if (note.start > now) context.globalAlpha *= 0.45;
      context.fillStyle = note.isAlert ? this._colours.alert : markOf(note.stream).colour;
      context.beginPath();
      context.roundRect(from, y - 3.5, size, 7, 3);
      context.fill();
      if (note.level < QUIET_LEVEL) continue;
      if (note.isAlert) {
        context.strokeStyle = this._colours.alert;
        context.strokeRect(from - 2, y - 6, size + 4, 12);
      }
    }
    context.globalAlpha = 1;
  }

  _drawCurves({ context, width, height, now, split, x, right }) {
    const top = split + 12;
    const bottom = height - 26;
    const labels = [];
    context.lineWidth = 1.6;
    context.textAlign = "left";
    for (const [name, curve] of this.curves) {
      const span = curve.high - curve.low || 1;
      const y = (value) => bottom - Math.max(0, Math.min(1, (value - curve.low) / span)) * (bottom - top);
      const { colour, shape } = markOf(name);
      context.strokeStyle = context.fillStyle = colour;
      context.beginPath();
      let last = null;
      for (let i = 0; i < curve.times.length; i++) {
        const at = curve.times[i];
        if (at < now - SPAN_S) continue;
        if (at > now) break;
        const place = y(curve.values[i]);
        if (last === null) context.moveTo(x(at), place);
        else {
          context.lineTo(x(at), last); // a value holds until the next one comes
          context.lineTo(x(at), place);
        }
        last = place;
      }
      if (last === null) continue;
      context.lineTo(x(now), last);
      context.stroke();
      labels.push({ y: last, text: `${shape} ${short(name)}`, colour });
    }
    if (right < 100) return;
    spread(labels, top, bottom);
    for (const { y, text, colour } of labels.slice(0, Math.floor((bottom - top) / 13))) {
      context.fillStyle = colour;
      context.fillText(text, width - right + 6, y, right - 8);
    }
  }

  _drawNow({ context, now, x, height }) {
    context.strokeStyle = this._colours.accent;
    context.lineWidth = 1.5;
    context.setLineDash([4, 3]);
    stroke(context, x(now), 4, x(now), height - 20);
    context.setLineDash([]);
  }
}

function stroke(context, x1, y1, x2, y2) {
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
}

function short(name) {
  return name.length > 16 ? `…${name.slice(-15)}` : name;
}

/** Move labels apart, so that each can be read. */
function spread(labels, top, bottom) {
  labels.sort((a, b) => a.y - b.y);
  for (let i = 1; i < labels.length; i++) labels[i].y = Math.max(labels[i].y, labels[i - 1].y + 13);
  const over = (labels.at(-1)?.y ?? 0) - bottom;
  if (over > 0) for (let i = labels.length - 1; i >= 0; i--) {
    const most = i === labels.length - 1 ? bottom : labels[i + 1].y - 13;
    labels[i].y = Math.min(labels[i].y, most);
  }
  for (const label of labels) label.y = Math.max(label.y, top);
}
