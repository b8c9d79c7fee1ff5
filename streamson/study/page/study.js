// A participant's way through the test: one page at a time, by what the server says comes next.

const at = (id) => document.getElementById(id);
const KEPT = "streamson-study"; // so that a page that is loaded again goes on where it was

const INTROS = {
  headphones: ["Headphones", "Six times you hear three tones. Say which one is the softest. If you wear no headphones, guess."],
  training: ["Training", "Now it is about streams. After each answer you are told whether it is right."],
  test: ["The test", "Now you are not told any more what is right. If you are not sure, say what seems most likely."],
};
const TITLES = { headphones: "Tones", training: "Training", test: "Test" };

const NOT_FOUND = 404;

let participant = sessionStorage.getItem(KEPT);
let step = null;
let phase = null;

// The sound

const AWAKE_MS = 5000; // a device that wakes up takes a second
const STALLED_S = 5;

let context = null;
let source = null;
let endedAt = 0; // when the last sample left the loudspeakers, on the clock of events, in ms

async function play(url, onBegin) {
  const running = awaken(); // amid the click, or the browser does not allow it
  const answer = await ask(url);
  const sound = await context.decodeAudioData(await answer.arrayBuffer());
  await running;
  await onBegin?.();
  source = context.createBufferSource();
  source.buffer = sound;
  source.connect(context.destination);
  try {
    await new Promise((resolve, reject) => {
      const stalls = watchStalls(() => reject(new Error("The sound stopped before its end. Play it again.")));
      source.onended = (event) => {
        clearInterval(stalls);
        endedAt = event.timeStamp + 1000 * (context.outputLatency || 0);
        resolve();
      };
      source.start();
    });
  } finally {
    source.onended = null;
    source.disconnect();
    source = null;
  }
}

async function awaken() {
  if (!context) {
    if (navigator.audioSession) navigator.audioSession.type = "playback"; // iOS: not by its silent switch
    context = new AudioContext();
    document.addEventListener("visibilitychange", () => { if (!document.hidden && source) context.resume(); });
  }
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Error("This browser plays no sound here. Is a sound device there, and allowed?")), AWAKE_MS);
  });
  await Promise.race([context.resume(), late]);
}

function watchStalls(onStall) { // a call, or a device that is gone, stops all sound without a word
  let time = context.currentTime;
  let still = 0;
  const stalls = setInterval(() => {
    still = context.currentTime > time || document.hidden ? 0 : still + 1;
    time = context.currentTime;
    if (still < STALLED_S) return;
    clearInterval(stalls);
    onStall();
  }, 1000);
  return stalls;
}

// The server

async function ask(url, form) {
  const options = form && { method: "POST", body: JSON.stringify(form), headers: { "Content-Type": "application/json" } };
  let answer;
  try {
    answer = await fetch(url, options);
  } catch {
    throw new Error("The server can't be reached. Try again in a moment.");
  }
  if (!answer.ok) {
    const reason = (await answer.text()).trim().replace(/^\d+ /, "");
    const error = new Error(`${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`);
    error.status = answer.status;
    throw error;
  }
  return answer;
}

// The pages

function show(id, focused) {
  for (const section of document.querySelectorAll("main > section")) section.hidden = section.id !== id;
  tell(null);
  (focused ?? at(`${id}-title`)).focus();
}

function tell(error) {
  const section = document.querySelector("main > section:not([hidden])");
  const place = section.querySelector(".problem");
  if (place) place.textContent = error?.message ?? "";
  if (error && !error.status) console.warn(error);
}

let busy = false;
async function once(work) { // one thing at a time, however often somebody clicks
  if (busy) return;
  busy = true;
  try {
    tell(null);
    await work();
  } catch (error) {
    if (error.status === NOT_FOUND) begin(); // nobody knows him any more: the study is another
    tell(error);
  } finally {
    busy = false;
  }
}

function begin() {
  participant = step = phase = null;
  sessionStorage.removeItem(KEPT);
  at("agree").checked = false;
  show("welcome");
}

at("consent").addEventListener("submit", (event) => {
  event.preventDefault();
  once(async () => {
    participant = (await (await ask("participants", {})).json()).participant;
    sessionStorage.setItem(KEPT, participant);
    show("volume");
  });
});

at("example").addEventListener("click", () => once(async () => {
  at("volume-status").textContent = "Playing …";
  try {
    await play("example");
  } finally {
    at("volume-status").textContent = "";
  }
}));

at("volume-done").addEventListener("click", () => once(goOn));
at("intro-done").addEventListener("click", () => showTrial());
at("next").addEventListener("click", () => once(goOn));
at("again").addEventListener("click", begin);

async function goOn() {
  step = await (await ask(`step?participant=${participant}`)).json();
  if (step.step === "trial" && step.phase !== phase) {
    phase = step.phase;
    [at("intro-title").textContent, at("intro-text").textContent] = INTROS[phase];
    show("intro");
  } else if (step.step === "trial") {
    showTrial();
  } else if (step.step === "rating") {
    showRating();
  } else {
    at("name").textContent = step.participant;
    sessionStorage.removeItem(KEPT);
    show("done");
  }
}

// A trial

function showTrial() {
  at("trial-title").textContent = `${TITLES[step.phase]}: sound ${step.place} of ${step.of}`;
  at("progress").max = step.of;
  at("progress").value = step.place - 1;
  at("hint").textContent = step.hint;
  at("question").textContent = step.text;
  at("status").textContent = at("feedback").textContent = at("feedback").className = "";
  at("next").hidden = true;
  at("choices").replaceChildren(...step.choices.map((choice, i) => {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.value = choice.value;
    const key = document.createElement("kbd");
    key.textContent = i + 1;
    key.setAttribute("aria-hidden", "true");
    button.append(`${choice.label.charAt(0).toUpperCase()}${choice.label.slice(1)}`, " ", key);
    button.setAttribute("aria-keyshortcuts", i + 1);
    button.addEventListener("click", (event) => answer(choice.value, event.timeStamp));
    return button;
  }));
  endedAt = performance.now(); // for who has heard it, and loaded the page again
  allowAnswers(step.plays > 0);
  sayPlays();
  at("play").hidden = false;
  show("trial", at("play"));
}

function allowAnswers(may) {
  for (const button of at("choices").children) button.disabled = !may;
}

function sayPlays(playing = false) {
  const button = at("play");
  const said = step.plays ? `Play it again (${step.plays_left} left)` : "Play the sound";
  button.textContent = playing ? "Playing …" : said;
  button.setAttribute("aria-disabled", String(playing || !step.plays_left)); // it keeps the focus
}

at("play").addEventListener("click", () => {
  if (at("play").getAttribute("aria-disabled") === "true") return;
  once(async () => {
    allowAnswers(false);
    sayPlays(true);
    at("status").textContent = "";
    try {
      await play(`sound?participant=${participant}&trial=${step.trial}`, notePlay);
    } finally {
      sayPlays();
      allowAnswers(step.plays > 0);
    }
    at("answers").focus();
    at("status").textContent = `The sound is over. Press a key from 1 to ${step.choices.length}, or choose.`;
  });
});

async function notePlay() { // a sound that did not arrive is none that was played
  await ask("play", { participant, trial: step.trial, play: step.plays + 1 });
  step.plays += 1;
  step.plays_left -= 1;
}

at("answers").addEventListener("keydown", (event) => {
  const choice = at("choices").children[Number(event.key) - 1];
  if (!choice || choice.disabled || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  answer(choice.dataset.value, event.timeStamp);
});

function answer(value, time) {
  once(async () => {
    const seconds = Math.max(time - endedAt, 0) / 1000;
    const form = { participant, trial: step.trial, answer: value, seconds };
    const feedback = await (await ask("answer", form)).json();
    allowAnswers(false);
    if (feedback.right === null) {
      await goOn();
      return;
    }
    at("play").hidden = true;
    at("status").textContent = "";
    at("feedback").textContent = feedback.right ? "That is right." : `No, right is: ${feedback.truth}.`;
    at("feedback").className = feedback.right ? "right" : "wrong";
    at("next").hidden = false;
    at("next").focus();
  });
}

// The questionnaire

function showRating() {
  at("rating-ends").textContent = `1 is “${step.lowest}”, ${step.points} is “${step.highest}”.`;
  at("statements").replaceChildren(...step.statements.map((statement, i) => {
    const field = document.createElement("fieldset");
    const legend = document.createElement("legend");
    legend.textContent = `${i + 1}. ${statement}`;
    const points = document.createElement("div");
    points.className = "points";
    for (let point = 1; point <= step.points; point++) {
      const label = document.createElement("label");
      const input = document.createElement("input");
      Object.assign(input, { type: "radio", name: `statement-${i}`, value: point, required: true });
      label.append(input, String(point));
      points.append(label);
    }
    field.append(legend, points);
    return field;
  }));
  show("rating");
}

at("rating-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const chosen = [...at("statements").querySelectorAll("input:checked")];
  once(async () => {
    await ask("ratings", { participant, ratings: chosen.map((input) => Number(input.value)) });
    await goOn();
  });
});

if (participant) {
  once(goOn);
}
