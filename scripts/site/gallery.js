// One plays at a time; a section can play one after the other; commands can be copied.
const all = [...document.querySelectorAll("audio")];
let queue = [];
let asked = null;

const stop = () => {
  queue = [];
  asked = null;
  for (const button of document.querySelectorAll("button.all")) {
    button.textContent = "Play all";
    button.setAttribute("aria-pressed", "false");
  }
};
const next = () => {
  asked = queue.shift() || null;
  if (!asked) return stop();
  asked.currentTime = 0;
  asked.closest("li").scrollIntoView({ block: "nearest" });
  asked.play();
};
for (const audio of all) {
  audio.addEventListener("play", () => {
    if (audio !== asked) stop();
    for (const other of all) if (other !== audio) other.pause();
    audio.closest("li").classList.add("playing");
  });
  audio.addEventListener("pause", () => audio.closest("li").classList.remove("playing"));
  audio.addEventListener("ended", () => {
    audio.closest("li").classList.remove("playing");
    if (audio === asked) next();
  });
}

for (const section of document.querySelectorAll("section")) {
  const audios = [...section.querySelectorAll("audio")];
  if (audios.length < 2) continue;
  const button = document.createElement("button");
  button.className = "all";
  button.textContent = "Play all";
  button.setAttribute("aria-pressed", "false");
  button.setAttribute("aria-label", `Play all: ${section.querySelector("h2").textContent}`);
  button.addEventListener("click", () => {
    const playing = button.getAttribute("aria-pressed") === "true";
    stop();
    for (const audio of all) audio.pause();
    if (playing) return;
    queue = [...audios];
    button.textContent = "Stop";
    button.setAttribute("aria-pressed", "true");
    next();
  });
  section.querySelector("h2").after(button);
}

if (navigator.clipboard) {
  for (const pre of document.querySelectorAll("pre")) {
    const button = document.createElement("button");
    button.textContent = "Copy";
    button.setAttribute("aria-label", `Copy ${pre.getAttribute("aria-label")}`);
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(pre.textContent);
      button.textContent = "Copied";
    });
    pre.after(button);
  }
}
