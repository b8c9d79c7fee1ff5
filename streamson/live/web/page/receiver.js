// A worker: receives and decodes the sound, and hands it to whoever plays it, through a port.
// Not the page itself, whose timers stand still while it is in the background.

const HEADER_BYTES = 32;
const PCM16 = 1;
const OPUS_RATE = 48000;
const PATIENCE_MS = [300, 1000, 2000, 5000];
const SILENCE_MS = 10000; // a connection that brings nothing for so long may be none any more

let port = null;
let address = "";
let form = "pcm16";
let rate = 44100; // of what came last
let socket = null;
let decoder = null;
let decodedEnd = 0;
let tries = 0;
let isWanted = false;
let timer = null;

onmessage = ({ data }) => {
  if (data.port) port = data.port;
  if (data.address) address = data.address;
  if (data.form) form = data.form;
  isWanted = data.wanted;
  leave();
  if (isWanted) open();
};

function open() {
  let isOpen = false;
  socket = new WebSocket(`${address}?form=${form}`);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => {
    isOpen = true;
    tries = 0;
    postMessage({ open: true, form, canDecode: "AudioDecoder" in globalThis });
    awaitMore();
  };
  socket.onmessage = ({ data }) => {
    awaitMore();
    take(data);
  };
  socket.onclose = () => {
    if (!isOpen && tries) form = "pcm16"; // the other form may be none here any more
    again();
  };
}

/** Open another connection after a while. */
function again() {
  leave();
  if (isWanted) timer = setTimeout(open, PATIENCE_MS[Math.min(tries++, PATIENCE_MS.length - 1)]);
}

function awaitMore() {
  clearTimeout(timer);
  timer = setTimeout(again, SILENCE_MS);
}

/** Close the connection without waiting for it: of a dead one no end would come for minutes. */
function leave() {
  clearTimeout(timer);
  if (!socket) return;
  socket.onopen = socket.onmessage = socket.onclose = null;
  socket.close();
  socket = null;
  if (decoder && decoder.state !== "closed") decoder.close();
  decoder = null;
  postMessage({ open: false });
}

function take(data) {
  const header = new DataView(data);
  const kind = header.getUint32(0, true);
  rate = header.getUint32(8, true);
  const frame = header.getFloat64(16, true);
  postMessage({ frame, frames: header.getUint32(4, true), rate, time: header.getFloat64(24, true), bytes: data.byteLength });
  if (kind === PCM16) {
    const samples = new Int16Array(data, HEADER_BYTES);
    const count = samples.length / 2;
    const left = new Float32Array(count);
    const right = new Float32Array(count);
    for (let i = 0; i < count; i++) {
      left[i] = samples[2 * i] / 32767;
      right[i] = samples[2 * i + 1] / 32767;
    }
    hand(frame, rate, left, right);
  } else {
    decode(frame, data.slice(HEADER_BYTES));
  }
}

function decode(frame, packet) {
  if (!decoder) {
    decoder = new AudioDecoder({ output: decoded, error: again });
    decoder.configure({ codec: "opus", sampleRate: OPUS_RATE, numberOfChannels: 2 });
  }
  // Its time is the frame of ours at which it begins: microseconds are whole numbers.
  decoder.decode(new EncodedAudioChunk({ type: "key", timestamp: Math.round((frame / rate) * 1e6), data: packet }));
}

function decoded(audio) {
  const planes = [0, 1].map((planeIndex) => {
    const plane = new Float32Array(audio.numberOfFrames);
    audio.copyTo(plane, { planeIndex, format: "f32-planar" });
    return plane;
  });
  let frame = Math.round((audio.timestamp / 1e6) * OPUS_RATE);
  if (Math.abs(frame - decodedEnd) <= 2) frame = decodedEnd; // rounded twice: one may be missing
  decodedEnd = frame + audio.numberOfFrames;
  hand(frame, OPUS_RATE, ...planes);
  audio.close();
}

function hand(frame, chunkRate, left, right) {
  port?.postMessage({ frame, rate: chunkRate, left, right }, [left.buffer, right.buffer]);
}
