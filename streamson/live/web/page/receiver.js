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
let tries = 0;
let isWanted = false;
let timer = null; // until it is tried again
let heard = null; // the connection whose sound is handed on
let coming = null; // one of another form: it takes that one's place with its first sound

onmessage = ({ data }) => {
  if (data.port) port = data.port;
  if (data.address) address = data.address;
  const isOther = Boolean(data.form) && data.form !== form;
  if (data.form) form = data.form;
  isWanted = data.wanted;
  coming?.leave();
  coming = null;
  if (isWanted && isOther && heard?.isOpen) coming = new Connection(form);
  else begin();
};

/** Let go of the connection, and open another one where sound is wanted. */
function begin() {
  clearTimeout(timer);
  if (heard) {
    heard.leave();
    postMessage({ open: false });
  }
  heard = isWanted ? new Connection(form) : null;
}

function tellOpen() {
  postMessage({ open: true, form: heard.form, canDecode: "AudioDecoder" in globalThis });
}

/** A connection was lost, or came to nothing. */
function lost(connection) {
  connection.leave();
  if (connection === coming) {
    coming = null;
    form = heard.form; // the other form may be none here any more
    tellOpen();
    return;
  }
  if (!connection.isOpen && tries) form = "pcm16"; // as above
  heard = coming;
  coming = null;
  if (heard?.isOpen) {
    tellOpen();
    return;
  }
  postMessage({ open: false });
  if (!heard) timer = setTimeout(begin, PATIENCE_MS[Math.min(tries++, PATIENCE_MS.length - 1)]);
}

class Connection {
  constructor(wantedForm) {
    this.form = wantedForm;
    this.isOpen = false;
    this.decoder = null;
    this.decodedEnd = 0;
    this.rate = 44100; // of what came last
    this.socket = new WebSocket(`${address}?form=${wantedForm}`);
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = () => {
      this.isOpen = true;
      tries = 0;
      if (this === heard) tellOpen();
      this.awaitMore();
    };
    this.socket.onmessage = ({ data }) => {
      this.awaitMore();
      this.take(data);
    };
    this.socket.onclose = () => lost(this);
  }

  awaitMore() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => lost(this), SILENCE_MS);
  }

  /** Close the connection without waiting for it: of a dead one no end would come for minutes. */
  leave() {
    clearTimeout(this.timer);
    this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
    this.socket.close();
    if (this.decoder && this.decoder.state !== "closed") this.decoder.close();
  }

  take(data) {
    const header = new DataView(data);
    const kind = header.getUint32(0, true);
    this.rate = header.getUint32(8, true);
    const frame = header.getFloat64(16, true);
    if (this === heard)
      postMessage({ frame, frames: header.getUint32(4, true), rate: this.rate, time: header.getFloat64(24, true), bytes: data.byteLength });
    if (kind === PCM16) {
      const samples = new Int16Array(data, HEADER_BYTES);
      const count = samples.length / 2;
      const left = new Float32Array(count);
      const right = new Float32Array(count);
      for (let i = 0; i < count; i++) {
        left[i] = samples[2 * i] / 32767;
        right[i] = samples[2 * i + 1] / 32767;
      }
      this.hand(frame, this.rate, left, right);
    } else {
      this.decode(frame, data.slice(HEADER_BYTES));
    }
  }

  decode(frame, packet) {
    if (!this.decoder) {
      this.decoder = new AudioDecoder({ output: (audio) => this.decoded(audio), error: () => lost(this) });
      this.decoder.configure({ codec: "opus", sampleRate: OPUS_RATE, numberOfChannels: 2 });
    }
    // Its time is the frame of ours at which it begins: microseconds are whole numbers.
    this.decoder.decode(new EncodedAudioChunk({ type: "key", timestamp: Math.round((frame / this.rate) * 1e6), data: packet }));
  }

  decoded(audio) {
    const planes = [0, 1].map((planeIndex) => {
      const plane = new Float32Array(audio.numberOfFrames);
      audio.copyTo(plane, { planeIndex, format: "f32-planar" });
      return plane;
    });
    let frame = Math.round((audio.timestamp / 1e6) * OPUS_RATE);
    if (Math.abs(frame - this.decodedEnd) <= 2) frame = this.decodedEnd; // rounded twice: one may be missing
    this.decodedEnd = frame + audio.numberOfFrames;
    this.hand(frame, OPUS_RATE, ...planes);
    audio.close();
  }

  hand(frame, chunkRate, left, right) {
    if (this === coming) {
      heard.leave();
      heard = coming;
      coming = null;
      tellOpen();
    }
    if (this === heard) port?.postMessage({ frame, rate: chunkRate, left, right }, [left.buffer, right.buffer]);
  }
}
