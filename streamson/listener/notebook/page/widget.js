// A listener on the page of a notebook: what it tells as text, and buttons that steer it.
// All that comes from streams is set as text, never as markup.

const SEEN_MS = 20_000;      // how often the listener hears that somebody looks
const ROLL_S = 30;           // seconds of notes in the roll
const LOW = 36, HIGH = 96;   // MIDI notes at its lower and upper edge: C2 and C7
const COLOURS = 8;

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// Set text only where it differs: screen readers and selections are not disturbed.
function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function number(value) {
  if (value === null) return "?";
  return String(Number(value.toPrecision(5)));
}

function values(row) {
  const told = row.fields.map(([name, value]) => `${name} ${number(value)}`);
  if (row.more_fields) told.push("…");
  return told.join(", ");
}

function clock(seconds) {
  const two = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return hours ? `${hours}:${rest}` : rest;
}

function plural(count, noun) {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

class Row {
  constructor(name, colour, send) {
    this.name = name;
    this.swatch = element("span", { className: "swatch" });
    this.swatch.dataset.colour = colour;
    this.swatch.setAttribute("aria-hidden", "true");
    this.values = element("td");
    this.note = element("td");
    this.rate = element("td", { className: "figure" });
    this.state = element("td");
    this.plays = element("td", { className: "plays" });
    this.mute = element("button", { type: "button" });
    this.mute.setAttribute("aria-label", `Mute ${name}`);
    this.mute.addEventListener("click", () =>
      send({ command: "mute_stream", stream: name, muted: !this.muted }));
    const title = element("th", { scope: "row" }, this.swatch, element("bdi", { textContent: name }));
    this.node = element("tr", {}, title, this.values, this.note, this.rate, this.state, this.plays,
      element("td", {}, this.mute));
  }

  update(row, stopped) {
    this.muted = row.muted;
    say(this.values, values(row));
    say(this.note, row.note === null ? "" : `${row.note} ${Math.round(row.level_db)} dB`);
    say(this.rate, `${row.points_per_second.toFixed(1)}/s`);
    say(this.state, row.state === "live" && !row.front ? "live, in the bed" : row.state);
    this.state.className = row.state;
    say(this.plays, row.plays);
    say(this.mute, "Mute");
    this.mute.setAttribute("aria-pressed", String(row.muted));
    this.mute.disabled = stopped;
    this.node.classList.toggle("unheard", !row.heard);
  }
}

// The last notes of each stream, as far as they were told: the table says the same in words.
class Roll {
  constructor() {
    this.canvas = element("canvas", { height: 96 });
    this.canvas.setAttribute("aria-hidden", "true");
    this.notes = [];
    this.known = new Map();
  }

  update(rows, colours) {
    const now = performance.now() / 1000;
    for (const row of rows) {
      const before = this.known.get(row.name);
      this.known.set(row.name, row.notes);
      if (before !== undefined && row.notes > before && row.midi_note !== null && row.heard) {
        this.notes.push({ at: now, midi: row.midi_note, colour: colours.get(row.name) });
      }
    }
    for (const name of this.known.keys()) if (!colours.has(name)) this.known.delete(name);
    this.notes = this.notes.filter((note) => now - note.at < ROLL_S);
    this.draw(now);
  }

  draw(now) {
    const { canvas } = this;
    const scale = globalThis.devicePixelRatio || 1;
    const width = canvas.clientWidth, height = canvas.clientHeight;
    if (!width) return;
    canvas.width = width * scale;
    canvas.height = height * scale;
    const context = canvas.getContext("2d");
    context.scale(scale, scale);
    const style = getComputedStyle(canvas);
    context.fillStyle = style.getPropertyValue("--line");
    for (let midi = LOW; midi <= HIGH; midi += 12) {  // a line at each C
      context.fillRect(0, Math.round(this.place(midi, height)), width, 1);
    }
    for (const note of this.notes) {
      context.fillStyle = style.getPropertyValue(`--colour-${note.colour}`);
      const x = width * (1 - (now - note.at) / ROLL_S);
      context.fillRect(x - 8, this.place(note.midi, height) - 1.5, 8, 4);
    }
  }

  place(midi, height) {
    const share = (Math.min(Math.max(midi, LOW), HIGH) - LOW) / (HIGH - LOW);
    return (height - 6) * (1 - share) + 3;
  }
}

function render({ model, el }) {
  const send = (command) => {
    say(answer, "");
    model.send(command);
  };
  const root = element("section", { className: "streamson-listener" });
  root.setAttribute("aria-label", "streamson listener");
  root.dataset.lmSuppressShortcuts = "true";  // keys in here are not JupyterLab's

  const life = element("strong");
  const about = element("span", { className: "about" });
  const page = element("a", { textContent: "page with the sound", target: "_blank", rel: "noopener" });
  const heading = element("p", { className: "heading" }, life, about, page);

  const mute = element("button", { type: "button" });
  mute.addEventListener("click", () => send({ command: "mute", muted: !model.get("told").muted }));
  const slider = element("input", { type: "range", min: -60, max: 12, step: 1 });
  const level = element("output");
  slider.setAttribute("aria-label", "Volume in dB");
  slider.addEventListener("input", () => say(level, `${slider.value} dB`));
  slider.addEventListener("change", () =>
    send({ command: "volume", volume_db: Number(slider.value) }));
  const volume = element("label", { className: "volume" }, "Volume ", slider, level);
  const meters = ["left", "right"].map((side) => {
    const meter = element("meter", { min: -60, max: 0, low: -20, high: -3, optimum: -30 });
    meter.setAttribute("aria-label", `Level, ${side}`);
    return meter;
  });
  const peak = element("span", { className: "figure" });
  const loud = element("span", { className: "loud" }, element("span", {}, ...meters), peak);
  const all = element("button", { type: "button", textContent: "Hear all" });
  all.addEventListener("click", () => send({ command: "hear_all" }));
  const controls = element("div", { className: "controls" }, mute, volume, loud, all);
  const answer = element("p", { className: "answer" });
  answer.setAttribute("role", "status");

  const alertsTitle = element("strong");
  const known = element("button", { type: "button", textContent: "Acknowledge all" });
  known.addEventListener("click", () => send({ command: "acknowledge" }));
  const list = element("ul");
  const alerts = element("div", { className: "alerts" }, alertsTitle, known, list);
  alerts.setAttribute("role", "status");

  const roll = new Roll();
  const names = ["stream", "last values", "last note", "points", "state", "plays", "sound"];
  const head = element("tr", {}, ...names.map((textContent) => element("th", { scope: "col", textContent })));
  const body = element("tbody");
  const caption = element("caption");
  const table = element("table", {}, caption, element("thead", {}, head), body);
  const scroll = element("div", { className: "scroll", tabIndex: 0 }, table);
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", "Streams");
  const totals = element("p", { className: "about" });
  root.append(heading, controls, answer, alerts, roll.canvas, scroll, totals);
  el.append(root);

  const rows = new Map();
  const colours = new Map();
  let nextColour = 0;

  function update() {
    const told = model.get("told");
    const stopped = told.life === "stopped";
    say(life, `streamson, ${told.life}`);
    say(about, `${told.endpoint}, session ${told.session}, ${told.output}, ${clock(told.seconds)}` +
      (told.recording ? `, recording to ${told.recording}` : ""));
    page.hidden = !/^https?:\/\//.test(told.page_url ?? "");
    if (!page.hidden) page.href = told.page_url;

    say(mute, "Mute");
    mute.setAttribute("aria-pressed", String(told.muted));
    mute.setAttribute("aria-label", "Mute everything");
    if (root.getRootNode().activeElement !== slider && told.volume_db !== null) {
      slider.value = told.volume_db;
      say(level, `${Math.round(told.volume_db)} dB`);
    }
    told.peak_dbfs.forEach((value, i) => { meters[i].value = value ?? -60; });
    const loudest = Math.max(...told.peak_dbfs.map((value) => value ?? -Infinity));
    say(peak, loudest > -Infinity ? `${loudest.toFixed(0)} dBFS` : "silence");
    all.hidden = !told.rows.some((row) => !row.heard);
    for (const control of [mute, slider, all, known]) control.disabled = stopped;

    alerts.hidden = !told.alerts_in_all;
    say(alertsTitle, plural(told.alerts_in_all, "alert"));
    const sentences = told.alerts.map((one) => one.sentence + (one.acknowledged ? " (known)" : ""));
    if (sentences.join("\n") !== list.dataset.shown) {
      list.dataset.shown = sentences.join("\n");
      list.replaceChildren(...sentences.map((textContent) => element("li", { textContent })));
    }
    known.hidden = told.alerts.every((one) => one.acknowledged);

    const seen = new Set();
    for (const row of told.rows) {
      seen.add(row.name);
      if (!rows.has(row.name)) {
        const colour = nextColour++ % COLOURS;
        colours.set(row.name, colour);
        rows.set(row.name, new Row(row.name, colour, send));
        body.append(rows.get(row.name).node);
      }
      rows.get(row.name).update(row, stopped);
    }
    for (const [name, row] of rows) {
      if (!seen.has(name)) {
        row.node.remove();
        rows.delete(name);
        colours.delete(name);
      }
    }
    const left = told.streams - told.rows.length;
    say(caption, told.streams ? plural(told.streams, "stream") + (left ? `, ${told.rows.length} shown` : "")
      : "no stream yet: publish a point");
    head.hidden = !told.streams;
    const { points, notes, lost } = told.counts;
    say(totals, `${plural(points, "point")} received, ${plural(notes, "note")} played, ${lost.toLocaleString("en")} lost`);
    roll.update(told.rows, colours);
  }

  const answered = (message) => {
    say(answer, message.text);
    answer.classList.toggle("wrong", !message.ok);
  };
  model.on("change:told", update);
  model.on("msg:custom", answered);
  const seen = setInterval(() => model.send("seen"), SEEN_MS);
  model.send("seen");
  update();
  return () => {
    clearInterval(seen);
    model.off("change:told", update);
    model.off("msg:custom", answered);
  };
}

export default { render };
