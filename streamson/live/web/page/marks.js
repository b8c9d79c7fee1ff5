// Colour and shape of each stream: told apart by either alone.

const LIGHT = ["#0a6aa8", "#b5471b", "#0b7a55", "#9a3d7f", "#8a6100", "#4a5bd0", "#5d6770", "#7a2f2f"];
const DARK = ["#62b8f0", "#ff9d6e", "#5fd6a8", "#ee9fd4", "#f0c24f", "#a3aeff", "#b4bfca", "#f09a9a"];
const SHAPES = ["●", "■", "▲", "◆", "▼", "★", "✚"];

const MAX_NAMES = 2000; // that are remembered: streams come and go

const dark = matchMedia("(prefers-color-scheme: dark)");
const numbers = new Map();
let next = 0;

/** Return the colour and the shape of a stream, the same as long as it is among the last ones. */
export function markOf(name) {
  if (!numbers.has(name)) {
    if (numbers.size >= MAX_NAMES) numbers.delete(numbers.keys().next().value);
    numbers.set(name, next++);
  }
  const number = numbers.get(name);
  const colours = dark.matches ? DARK : LIGHT;
  return { colour: colours[number % colours.length], shape: SHAPES[number % SHAPES.length] };
}
