// The table of streams: the same as the picture, in words, and a row of buttons for each.

import { clock, note, number, plain } from "./format.js";
import { markOf } from "./marks.js";

const PAGE = 100;

export class Rows {
  /** `steer(command, values)` sends a command. */
  constructor(body, steer) {
    this.body = body;
    this.steer = steer;
    this.streams = new Map(); // name -> { row, cells, element }
    this.count = 0;
    this.shown = PAGE;
    this.pattern = "";
    body.addEventListener("click", (event) => this._clicked(event));
    body.addEventListener("keydown", (event) => this._pressed(event));
  }

  /** Take in what is told of streams; return whether there are others than before. */
  update({ rows, gone, count }) {
    this.count = count;
    for (const name of gone) {
      this.streams.get(name)?.element.remove();
      this.streams.delete(name);
    }
    let isNew = gone.length > 0;
    for (const row of rows) {
      const known = this.streams.get(row.name);
      if (known) {
        if (known.row.front !== row.front) isNew = true; // who is in front stands first
        known.row = { ...known.row, ...row };
        if (!known.element.hidden) fill(known); // the others are filled when they are shown
      } else {
        this.streams.set(row.name, this._added(row));
        isNew = true;
      }
    }
    return isNew;
  }

  clear() {
    this.update({ rows: [], gone: [...this.streams.keys()], count: 0 });
  }

  /** Show the streams whose names have a text in them, and not too many; who is in front is first. */
  filter() {
    const pattern = this.pattern.toLowerCase();
    let left = this.shown;
    for (const stream of this._inOrder()) {
      const { row, element } = stream;
      const wasHidden = element.hidden;
      const isFound = row.name.toLowerCase().includes(pattern);
      element.hidden = !isFound || left-- <= 0;
      if (wasHidden && !element.hidden) fill(stream);
    }
    // One row can be reached by Tab, whatever is shown.
    const visible = [...this.body.rows].filter((row) => !row.hidden);
    if (visible.length && !visible.some((row) => row.tabIndex === 0)) visible[0].tabIndex = 0;
    return { found: this.shown - left, isMore: left < 0 };
  }

  /** Return the streams, where not all play those that do first; and let rows stand so. */
  _inOrder() {
    const all = [...this.streams.values()];
    const front = all.filter(({ row }) => row.front !== false);
    if (front.length === all.length || front.length === 0) return all;
    let before = null;
    for (const { element } of front) {
      const next = before ? before.nextSibling : this.body.firstChild;
      if (next !== element) this.body.insertBefore(element, next); // moved only if need be: it may have the focus
      before = element;
    }
    return [...front, ...all.filter(({ row }) => row.front === false)];
  }

  focusNext(step) {
    const visible = [...this.body.rows].filter((row) => !row.hidden);
    const at = visible.indexOf(document.activeElement.closest("tr"));
    const next = visible[at < 0 ? 0 : Math.max(0, Math.min(visible.length - 1, at + step))];
    if (!next) return;
    for (const row of visible) row.tabIndex = row === next ? 0 : -1;
    next.focus();
  }

  _added(row) {
    const element = document.createElement("tr");
    element.dataset.stream = row.name;
    element.tabIndex = this.streams.size ? -1 : 0;
    const cells = {};
    for (const [name, kind] of [
      ["name", "name"], ["state", "state"], ["value", "value"], ["range", "wide range"], ["note", "note"],
      ["rate", "wide rate"], ["lost", "wide lost"], ["plays", "wide plays"], ["steer", "steer host"],
    ]) {
      cells[name] = document.createElement("td");
      cells[name].className = kind;
      element.append(cells[name]);
    }
    const mark = document.createElement("i");
    const { colour, shape } = markOf(row.name);
    mark.className = "mark";
    mark.ariaHidden = "true";
    mark.style.color = colour;
    mark.textContent = shape;
    cells.name.append(mark, plain(row.name));
    const buttons = {};
    for (const [action, text] of [["mute_stream", "Mute"], ["solo_stream", "Solo"], ["alone", "Only"]]) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = text;
      button.dataset.action = action;
      button.setAttribute("aria-label", `${text} ${plain(row.name)}`);
      cells.steer.append(button);
      buttons[action] = button;
    }
    this.body.append(element);
    const stream = { row, cells, buttons, element };
    fill(stream);
    return stream;
  }

  _clicked(event) {
    const action = event.target.dataset?.action;
    if (action) this._do(event.target.closest("tr").dataset.stream, action);
  }

  _pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.keysOn) return;
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const action = { m: "mute_stream", s: "solo_stream", o: "alone", a: "acknowledge" }[event.key.toLowerCase()];
    if (!step && !action) return;
    event.preventDefault();
    event.stopPropagation();
    if (step) this.focusNext(step);
    else if (!event.repeat) this._do(event.target.closest("tr").dataset.stream, action);
  }

  _do(stream, action) {
    const { row } = this.streams.get(stream);
    if (action === "mute_stream") this.steer(action, { stream, muted: !row.muted });
    else if (action === "solo_stream") this.steer(action, { stream, soloed: !row.soloed });
    else if (action === "acknowledge") this.steer(action, { stream });
    else if (row.soloed && this.soloed.length === 1) this.steer("hear_all");
    else this.steer("solo_stream", { stream, soloed: true, alone: true });
  }

  /** Take in what is muted and soloed. */
  setState(state) {
    this.soloed = state.soloed_streams;
    for (const stream of this.streams.values()) {
      const { row } = stream;
      row.muted = state.muted_streams.includes(row.name);
      row.soloed = state.soloed_streams.includes(row.name);
      row.heard = !row.muted && (!state.soloed_streams.length || row.soloed);
      if (!stream.element.hidden) fill(stream);
    }
  }
}

Rows.prototype.soloed = [];
Rows.prototype.keysOn = true;

/** Return the field that a stream's pitch follows, or its first one. */
export function mainField(row) {
  for (const part of row.legend ?? []) {
    const followed = part.follows.find(({ parameter }) => parameter === "pitch");
    const field = followed?.field.split(" of ").at(-1);
    if (field && field in row.fields) return field;
  }
  return Object.keys(row.fields)[0];
}

function fill({ row, cells, buttons, element }) {
  const field = mainField(row);
  const state = row.state === "live" && row.front === false ? "bed" : row.state;
  set(cells.state, state);
  cells.state.className = `state ${state}`;
  cells.state.title = row.surprise ? `surprise: once in 10^${number(row.surprise)} points` : "";
  set(cells.value, field === undefined ? "–" : `${number(row.fields[field])} ${plain(field)}`);
  if (row.time) cells.value.title = `at ${clock(row.time)}`;
  set(cells.range, row.range ? `${number(row.range[0])} to ${number(row.range[1])}` : "–");
  set(cells.note, row.last_note ? note(row.last_note.midi_note) : "–");
  set(cells.rate, number(row.points_per_second));
  set(cells.lost, String(row.points_lost));
  set(cells.plays, (row.legend ?? []).map(inWords).join("; "));
  element.classList.toggle("unheard", !row.heard);
  const isAlone = row.soloed;
  buttons.mute_stream.ariaPressed = String(row.muted);
  buttons.solo_stream.ariaPressed = String(isAlone);
}

function inWords(part) {
  const follows = part.follows.map(({ parameter, field, polarity, low, high }) => {
    const direction = polarity === "down" ? "↓" : "↑";
    const [first, last] = polarity === "down" ? [high, low] : [low, high];
    const unit = last.match(/ .*$/)?.[0] ?? ""; // said once
    const between = low ? ` ${first.replace(unit, "")} to ${last}` : "";
    return `${plain(field)} ${direction} ${parameter}${between}`;
  });
  return follows.length ? `${follows.join(", ")}, ${plain(part.instrument)}` : plain(part.text);
}

/** Change a text where it is another: screen readers and layouts are told of every change. */
function set(cell, text) {
  if (cell.textContent !== text) cell.textContent = text;
}
