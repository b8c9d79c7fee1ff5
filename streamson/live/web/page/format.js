// Numbers, notes and times as a person reads them.

const NAMES = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];
const UNITS = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e4, "k"]];

/** Return a number in four digits or less, with a letter for thousands. */
export function number(value) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  for (const [unit, letter] of UNITS) {
    if (size >= unit) return `${digits(value / (letter === "k" ? 1e3 : unit), 3)} ${letter}`;
  }
  if (size !== 0 && size < 1e-3) return value.toExponential(1);
  return digits(value, 4);
}

function digits(value, count) {
  return String(Number(value.toPrecision(count)));
}

/** Return the name of a MIDI note, the nearest one. */
export function note(midi) {
  const nearest = Math.round(midi);
  return `${NAMES[((nearest % 12) + 12) % 12]}${Math.floor(nearest / 12) - 1}`;
}

/** Return a time of the day. */
export function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString([], { hour12: false });
}

/** Return a name without what is not to be seen: as text it can do no harm, but mislead. */
export function plain(text) {
  return String(text).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (c) => `\\u${c.codePointAt(0).toString(16).padStart(4, "0")}`);
}
