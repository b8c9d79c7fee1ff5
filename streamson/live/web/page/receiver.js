// A worker: receives and decodes the sound, and hands it to whoever plays it, through a port.
// Not the page itself, whose timers stand still while it is in the background.

const HEADER_BYTES = 24;
const PCM16 = 1;
const OPUS_RATE = 48000;
const PATIENCE_MS = [300, 1000, 2000, 5000];

let port = null;
let address = "";
let form = "pcm16";
let rate = 44100;
let socket = null;
let decoder = null;
let tries = 0;
let isWanted = false;

onmessage = ({ data }) => {
  if (data.port) port = data.port;
  if (data.rate) rate = data.rate;
  if (data.address) address = data.address;
  if (data.form) form = data.form;
  isWanted = data.wanted;
  if (socket) socket.close();
  else if (isWanted) open();
};

function open() {
  socket = new WebSocket(`${address}?form=${form}`);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => {
    tries = 0;
    postMessage({ open: true, form, canDecode: "AudioDecoder" in globalThis });
  };
  socket.onmessage = ({ data }) => take(data);
  socket.onclose = () => {
    socket = null;
    decoder?.close();
    decoder = null;
    postMessage({ open: false });
    if (isWanted) setTimeout(open, PATIENCE_MS[Math.min(tries++, PATIENCE_MS.length - 1)]);
  };
}

function take(data) {
  const header = new DataView(data);
  const kind = header.getUint32(0, true);
  const frame = header.getFloat64(8, true);
  postMessage({ frame, frames: header.getUint32(4, true), time: header.getFloat64(16, true), bytes: data.byteLength });
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
    decoder = new AudioDecoder({ output: decoded, error: () => socket?.close() });
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
  hand(Math.round((audio.timestamp / 1e6) * OPUS_RATE), OPUS_RATE, ...planes);
  audio.close();
}

function hand(frame, chunkRate, left, right) {
  port?.postMessage({ frame, rate: chunkRate, left, right }, [left.buffer, right.buffer]);
}
