// Says aloud what happens, by the browser's own voice: little waits, and nothing old is said.
// What is left out and when is as in live/speech/waiting.py; the words come from there, too.

const MAX_WAITING = 4;
const MAX_AGE_MS = 15000;
const HANGS_MS = 40000; // a voice that says nothing of its end, as where there is none
const ON = { text: "speech is on", urgent: false };

export class Speech {
  /** `explain(text)` tells a person why nothing is said. */
  constructor(explain) {
    this.isThere = "speechSynthesis" in globalThis;
    this.isOn = false;
    this.leftOut = 0;
    this._explain = explain;
    this._toldOf = 0;
    this._waiting = [];
    this._speaks = null;
    this._timer = null;
  }

  turn(isOn) {
    this.isOn = isOn && this.isThere;
    this._waiting = [];
    this._toldOf = this.leftOut;
    if (this.isOn) this.say(ON);
    else if (this.isThere) this._end(() => speechSynthesis.cancel());
  }

  /** Say something as soon as there is time, what is urgent first. */
  say({ text, urgent }) {
    if (!this.isOn) return;
    this._waiting.push({ text, urgent, since: performance.now() });
    if (this._waiting.length > MAX_WAITING) {
      const usual = this._waiting.findLastIndex((one) => !one.urgent);
      this._waiting.splice(usual < 0 ? MAX_WAITING : usual, 1);
      this.leftOut += 1;
    }
    if (!this._speaks) this._sayNext();
  }

  _sayNext() {
    const text = this._next();
    if (!text) return;
    const words = new SpeechSynthesisUtterance(text);
    words.lang = "en";
    words.onend = () => this._isOf(words) && this._end();
    words.onerror = ({ error }) => {
      if (!this._isOf(words)) return;
      this._explain(error === "not-allowed" ? "This browser speaks once you have clicked into the page." : `This browser can't speak: ${error}.`);
      this._end();
    };
    this._speaks = words;
    this._timer = setTimeout(() => {
      this._explain("This browser's voice says nothing.");
      this._end(() => speechSynthesis.cancel());
      this._sayNext();
    }, HANGS_MS);
    speechSynthesis.speak(words);
  }

  _isOf(words) {
    return this._speaks === words; // what was cut short tells its end late
  }

  _end(cut) {
    clearTimeout(this._timer);
    this._speaks = null;
    if (cut) cut();
    else this._sayNext();
  }

  _next() {
    const fresh = this._waiting.filter((one) => one.urgent || performance.now() - one.since <= MAX_AGE_MS);
    this.leftOut += this._waiting.length - fresh.length;
    const one = fresh.find(({ urgent }) => urgent) ?? fresh[0];
    this._waiting = fresh.filter((other) => other !== one);
    const more = this.leftOut - this._toldOf;
    this._toldOf = this.leftOut;
    return [one?.text, more ? `and ${more} more` : ""].filter(Boolean).join(", ");
  }
}
