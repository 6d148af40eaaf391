// The buzzer, played softly once it is switched on: browsers need a press first.

const NOTES_HZ = {
  rising: [660, 880, 1175],
  falling: [880, 660, 494],
  service: [988],
  single: [1319],
};
const NOTE_S = 0.14;
const LOUDNESS = 0.06;

let audio = null;
let playing = "none";

export function soundIsOn() {
  return audio !== null;
}

export function switchSound(isOn) {
  if (isOn === soundIsOn()) return;
  if (isOn) audio = new AudioContext();
  else {
    audio.close();
    audio = null;
  }
}

// Play a tone when the frame begins to have it.
export function playTone(tone) {
  if (tone === playing) return;
  playing = tone;
  if (audio) (NOTES_HZ[tone] ?? []).forEach(playNote);
}

function playNote(hz, index) {
  const begin = audio.currentTime + index * NOTE_S;
  const source = audio.createOscillator();
  const volume = audio.createGain();
  source.type = "triangle";
  source.frequency.value = hz;
  volume.gain.setValueAtTime(0, begin);
  volume.gain.linearRampToValueAtTime(LOUDNESS, begin + 0.015);
  volume.gain.linearRampToValueAtTime(0, begin + NOTE_S);
  source.connect(volume).connect(audio.destination);
  source.start(begin);
  source.stop(begin + NOTE_S);
}
