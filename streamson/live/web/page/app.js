// The page: what is told goes to its parts, what is clicked and pressed goes out.

import { Canvas } from "./canvas.js";
import { clock, number, plain } from "./format.js";
import { Link } from "./link.js";
import { mainField, Rows } from "./rows.js";
import { Sound } from "./sound.js";
import { Speech } from "./speech.js";

const MAX_EVENTS = 200;
const MAX_ALERTS = 40; // of a flood the events say what it is
const NEWS_S = 10; // what happened before is history
const CAPTION_MS = 15000;
const RESTART_S = 2;
const URGENT = new Set(["alert_raised", "alerts_merged", "stream_stale", "device_lost", "recording_paused"]);
const SOUND_WORDS = {
  off: ["▶", "Play the sound here", "It begins with a click."],
  starting: ["…", "Starting", "Waiting for the first sound."],
  blocked: ["⚠", "Blocked by the browser", "Click again, or allow sound for this page."],
  waiting: ["…", "Waiting for sound", "Nothing comes at this moment."],
  silent: ["♪", "On, but it is silent", "Nothing sounds: muted, turned down, or no points come."],
  on: ["♪", "Sound is on", ""],
};

const $ = (id) => document.getElementById(id);
const sound = new Sound();
const link = new Link(told);
const speech = new Speech((text) => ($("answer").textContent = plain(text)));
const rows = new Rows($("rows"), steer);
const canvas = new Canvas($("canvas"), heardSecond);
let hello = null;
let state = null;
let isConnected = false;
let steers = false;
let captionTimer = null;
let clockFrom = null; // seconds between the listener's clock and ours, by what came soonest

const takes = {
  welcome: takeWelcome,
  hello: takeHello,
  state: takeState,
  streams: takeStreams,
  note: ({ note }) => hello && canvas.addNote(note, hello.sample_rate),
  event: takeEvent,
  said: (message) => speech.say(message),
  statistics: takeStatistics,
  level: ({ frame }) => setClock(frame),
  recordings: takeRecordings,
  connected: (value) => {
    isConnected = value;
    showConnection();
  },
};

function told(topic, message) {
  takes[topic]?.(message);
}

async function steer(command, values) {
  const answer = await link.command(command, values);
  $("answer").textContent = plain(answer.text);
  return answer;
}

// ---------------------------------------------------------------- what is told

function takeWelcome(message) {
  steers = message.steers;
  sound.opusOffered = message.opus;
  document.body.classList.toggle("guest", !steers);
  rows.clear();
  canvas.clear();
  $("events").replaceChildren();
  clockFrom = null;
}

function takeHello(message) {
  hello = message;
  $("endpoint").textContent = plain(message.endpoint);
  const chosen = $("session").value;
  $("session").replaceChildren(...message.sessions.map((name) => new Option(name, name)));
  if (chosen) $("session").value = chosen;
  showConnection();
}

function takeState(message) {
  state = message;
  setClock(message.frame);
  if (document.activeElement !== $("volume")) $("volume").value = message.volume_db;
  $("volume-value").textContent = message.muted ? "muted" : `${number(message.volume_db)} dB`;
  press("mute", message.muted, message.muted ? "Unmute all" : "Mute all");
  press("record", message.recording !== null, message.recording === null ? "Record" : "Finish recording");
  const known = [...$("session").options].some((option) => option.value === message.session);
  if (document.activeElement !== $("session")) $("session").value = known ? message.session : "original";
  $("hear-all").hidden = !message.muted_streams.length && !message.soloed_streams.length;
  rows.setState(message);
  showAlerts(message.alerts);
  showConnection();
}

function takeStreams(message) {
  if (message.frame) setClock(message.frame);
  const isNew = rows.update(message);
  for (const name of message.gone) canvas.remove(name);
  const second = hello && message.frame ? message.frame / hello.sample_rate : null;
  for (const { name } of second === null ? [] : message.rows) {
    const { row } = rows.streams.get(name);
    const value = row.fields[mainField(row)];
    if (typeof value === "number") canvas.addValue(name, second, value, row.range);
  }
  $("empty").hidden = rows.streams.size > 0;
  if (isNew) showMore();
}

function takeEvent({ time, sentence, event }) {
  const isNew = link.clockOffset === null || Date.now() / 1000 + link.clockOffset - time < NEWS_S;
  if (event.event === "caption" && isNew) {
    $("caption").hidden = false;
    $("caption").textContent = plain(event.text);
    clearTimeout(captionTimer);
    captionTimer = setTimeout(() => ($("caption").hidden = true), CAPTION_MS);
  }
  const item = document.createElement("li");
  const when = document.createElement("time");
  when.textContent = clock(time);
  item.append(when, plain(sentence));
  $("events").prepend(item);
  while ($("events").children.length > MAX_EVENTS) $("events").lastChild.remove();
  if (URGENT.has(event.event) && !event.waits && isNew) $("urgent").textContent = plain(sentence);
}

function takeStatistics(message) {
  const { streams, points_received: points, notes_played: notes, points_lost: lost } = message;
  $("summary").textContent = `${streams} ${streams === 1 ? "stream" : "streams"}, ${number(points)} points, ${number(notes)} notes${lost ? `, ${number(lost)} lost` : ""}`;
  if (!$("statistics").open) return;
  const figures = Object.entries({ ...message, ...soundFigures() });
  $("figures").replaceChildren(...figures.map(([name, value]) => {
    const line = document.createElement("div");
    const term = document.createElement("dt");
    const description = document.createElement("dd");
    term.textContent = name.replaceAll("_", " ");
    description.textContent = typeof value === "string" ? value : number(value);
    line.append(term, description);
    return line;
  }));
}

function takeRecordings(list) {
  $("recordings").hidden = !list.length || !steers;
  $("recordings").replaceChildren(...list.map(({ number: id, path, seconds }) => {
    const item = document.createElement("li");
    const anchor = document.createElement("a");
    anchor.href = `recordings/${id}`;
    anchor.download = "";
    anchor.textContent = plain(path.split(/[\\/]/).at(-1));
    item.append("Download ", anchor, `, ${seconds.toFixed(1)} s`);
    return item;
  }));
}

// ---------------------------------------------------------------- what is shown

/** The second of the listener's clock that is heard now, or is now where no sound is on. */
function heardSecond() {
  const heard = sound.heardSecond();
  if (heard !== null) return heard;
  return clockFrom === null ? null : performance.now() / 1000 + clockFrom;
}

function setClock(frame) {
  if (!hello) return;
  const found = frame / hello.sample_rate - performance.now() / 1000;
  if (clockFrom !== null && found < clockFrom - RESTART_S) canvas.clear(); // another listener, with times of its own
  // What came soonest tells best; slowly forgotten, for clocks differ.
  clockFrom = clockFrom === null || Math.abs(found - clockFrom) > 2 ? found : Math.max(found, clockFrom - 1e-4);
}

function showConnection() {
  let text = "No connection to the page's server; trying again.";
  const where = hello?.plays ? `Playing ${plain(hello.output)}` : "No sound device: hear it here";
  if (link.isOpen) text = isConnected ? where : "The listener tells nothing; waiting for it.";
  if (link.isOpen && isConnected && state) text += `, session ${plain(state.session)}${steers ? "" : ", you may see and hear"}`;
  if ($("connection").textContent !== text) $("connection").textContent = text;
}

function showAlerts(alerts) {
  $("alerts").hidden = !alerts.length;
  const shown = [...alerts].sort((a, b) => a.acknowledged - b.acknowledged).slice(0, MAX_ALERTS);
  const more = document.createElement("li");
  more.textContent = `and ${alerts.length - shown.length} more`;
  $("alert-list").replaceChildren(...shown.map((alert) => {
    const item = document.createElement("li");
    item.className = alert.acknowledged ? "known" : "";
    const when = document.createElement("time");
    when.textContent = clock(alert.raised_at);
    item.append(when, alert.acknowledged ? "✓ " : "⚠ ", plain(alert.sentence));
    if (alert.acknowledged) item.append(" (acknowledged)");
    else if (steers) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Acknowledge";
      button.setAttribute("aria-label", `Acknowledge ${plain(alert.sentence)}`);
      button.onclick = () => steer("acknowledge", { stream: alert.stream, field: alert.field });
      item.append(button);
    }
    return item;
  }), ...(alerts.length > shown.length ? [more] : []));
}

function showSound() {
  const [icon, label, detail] = SOUND_WORDS[sound.state];
  $("sound").setAttribute("aria-pressed", String(sound.isWanted));
  $("sound-icon").textContent = icon;
  $("sound-label").textContent = label;
  $("sound-detail").textContent = sound.state === "on" ? soundWords() : detail;
  // Figures that change twice a second are for the eye: a screen reader would say each.
  if (sound.state === "on") $("sound").removeAttribute("aria-describedby");
  else $("sound").setAttribute("aria-describedby", "sound-detail");
}

function soundWords() {
  const delay = sound.delay(link.clockOffset);
  const { underruns, skips } = sound.figures;
  const ways = [sound.form === "opus" ? "Opus" : "", sound.isScheduled ? "without AudioWorklet" : ""].filter(Boolean);
  return [
    delay === null ? "" : `${Math.round(delay * 1000)} ms late`,
    `${underruns + skips} ${underruns + skips === 1 ? "break" : "breaks"}`,
    ...ways,
  ].filter(Boolean).join(", ");
}

function soundFigures() {
  const delay = sound.delay(link.clockOffset);
  if (!sound.figures) return {};
  const { buffered, target, underruns, skips, missed } = sound.figures;
  return {
    "here: delay ms": delay === null ? "–" : String(Math.round(delay * 1000)),
    "here: buffered ms": String(Math.round(buffered * 1000)),
    "here: target ms": String(Math.round(target * 1000)),
    "here: underruns": underruns,
    "here: skips": skips,
    "here: missed frames": missed,
  };
}

function showMore() {
  const { isMore } = rows.filter();
  $("more").hidden = !isMore;
  if (isMore) $("more").textContent = `Show more of ${rows.count} streams`;
}

function press(id, isOn, text) {
  $(id).classList.toggle("on", isOn); // said by the text alone: "Unmute all, pressed" is no sense
  if ($(id).textContent !== text) $(id).textContent = text;
}

// ---------------------------------------------------------------- hands

function toggleSound() {
  if (sound.isWanted && sound.state !== "blocked") sound.stop();
  else sound.start(hello?.sample_rate ?? 44100);
}

function changeVolume(step) {
  if (state) steer("volume", { volume_db: Math.max(-60, Math.min(12, Math.round(state.volume_db) + step)) });
}

const actions = {
  p: toggleSound,
  m: () => steer("mute", { muted: !state?.muted }),
  r: () => steer(state?.recording ? "stop_recording" : "record"),
  a: () => steer("acknowledge"),
  "+": () => changeVolume(1),
  "=": () => changeVolume(1),
  "-": () => changeVolume(-1),
  "/": () => $("search").focus(),
  "?": () => $("keys").showModal(),
  arrowdown: () => rows.focusNext(1),
  arrowup: () => rows.focusNext(-1),
};
const FREE = new Set(["p", "/", "?", "arrowdown", "arrowup"]); // for guests as well
const HELD = new Set(["+", "=", "-", "arrowdown", "arrowup"]); // do more, the longer they are held

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !rows.keysOn || $("keys").open) return;
  if (event.target.matches("input, select, textarea, .scroll, .log") && event.key !== "Escape") return;
  const key = event.key.toLowerCase();
  if (!actions[key] || (!steers && !FREE.has(key))) return;
  event.preventDefault();
  if (!event.repeat || HELD.has(key)) actions[key]();
});

$("sound").onclick = toggleSound;
$("mute").onclick = actions.m;
$("record").onclick = actions.r;
$("acknowledge-all").onclick = actions.a;
$("hear-all").onclick = () => steer("hear_all");
$("keys-open").onclick = actions["?"];
$("gain").oninput = ({ target }) => {
  sound.setGain(target.value / 100);
  $("gain-value").textContent = `${target.value} %`;
};
let volumeTimer = null;
$("volume").oninput = ({ target }) => {
  $("volume-value").textContent = `${target.value} dB`;
  clearTimeout(volumeTimer);
  volumeTimer = setTimeout(() => steer("volume", { volume_db: Number(target.value) }), 50);
};
$("session").onchange = ({ target }) => steer("session", { name: target.value });
$("search").oninput = ({ target }) => {
  rows.pattern = target.value;
  showMore();
};
$("search").onkeydown = ({ key, target }) => {
  if (key !== "Escape") return;
  target.value = rows.pattern = "";
  target.blur();
  showMore();
};
$("more").onclick = () => {
  rows.shown += 100;
  showMore();
};
const KEYS_OFF = "streamson-keys-off";
let memory = null;
try {
  memory = localStorage;
} catch {
  // A browser that keeps nothing for pages: then keys are on at each beginning.
}
$("keys-on").checked = rows.keysOn = !memory?.getItem(KEYS_OFF);
$("keys-on").onchange = ({ target }) => {
  rows.keysOn = target.checked;
  if (target.checked) memory?.removeItem(KEYS_OFF);
  else memory?.setItem(KEYS_OFF, "1");
};
const SPEAKS = "streamson-speaks";
$("speak-label").hidden = !speech.isThere;
$("speak").checked = speech.isThere && Boolean(memory?.getItem(SPEAKS));
if ($("speak").checked) speech.turn(true);
$("speak").onchange = ({ target }) => {
  speech.turn(target.checked);
  if (target.checked) memory?.setItem(SPEAKS, "1");
  else memory?.removeItem(SPEAKS);
};
link.addEventListener("change", showConnection);
sound.addEventListener("change", showSound);
setInterval(showSound, 500);
showSound();

globalThis.streamson = { sound, speech, link, rows, canvas, heardSecond, get state() { return state; } };
