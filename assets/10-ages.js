// Ages as words and levels. Pure functions; data/ages.py says the same and one table of cases
// (tests/data/ages_cases.json) is run through both. No document is needed here.
(function (root) {
  'use strict';
  const MIN = 60, HOUR = 3600, DAY = 86400;
  const WORDS = { age_s: '{n} s', age_min: '{n} min', age_h: '{n} h', age_d: '{n} d' };
  const NONE = '–';

  const known = (seconds) => typeof seconds === 'number' && Number.isFinite(seconds);
  const two = (n) => String(n).padStart(2, '0');
  const say = (words, key, n) => ((words && words[key]) || WORDS[key]).replace('{n}', String(n));

  // "12 s", "4 min", "3 h", "2 d": seconds to 60, minutes to 60, hours to 48, then days. Rounded down.
  function text(seconds, words) {
    if (!known(seconds)) return NONE;
    const s = Math.max(0, Math.floor(seconds));
    if (s < MIN) return say(words, 'age_s', s);
    if (s < HOUR) return say(words, 'age_min', Math.floor(s / MIN));
    if (s < 2 * DAY) return say(words, 'age_h', Math.floor(s / HOUR));
    return say(words, 'age_d', Math.floor(s / DAY));
  }

  // A duration in its two largest steps: "40 s", "1 min 40 s", "2 h 5 min".
  function span(seconds, words) {
    if (!known(seconds)) return NONE;
    const s = Math.max(0, Math.floor(seconds));
    if (s < MIN) return say(words, 'age_s', s);
    const [big, small, step] = s < HOUR ? ['age_min', 'age_s', MIN] : s < 2 * DAY ? ['age_h', 'age_min', HOUR] : ['age_d', 'age_h', DAY];
    const rest = Math.floor((s % step) / (step === DAY ? HOUR : step === HOUR ? MIN : 1));
    const first = say(words, big, Math.floor(s / step));
    return rest ? first + ' ' + say(words, small, rest) : first;
  }

  // A running clock: "06:12"; from one hour on "1:06 h".
  function elapsed(seconds, words) {
    if (!known(seconds)) return NONE;
    const s = Math.max(0, Math.floor(seconds));
    if (s < HOUR) return two(Math.floor(s / MIN)) + ':' + two(s % MIN);
    return say(words, 'age_h', Math.floor(s / HOUR) + ':' + two(Math.floor((s % HOUR) / MIN)));
  }

  // fresh, ageing (from half the maximum), stale (past it), unknown (no age). No maximum: never stale.
  function level(age, max) {
    if (!known(age)) return 'unknown';
    if (!known(max) || max <= 0) return 'fresh';
    const part = Math.max(0, age) / max;
    return part > 1 ? 'stale' : part >= 0.5 ? 'ageing' : 'fresh';
  }

  const ages = { text, span, elapsed, level };
  if (typeof module === 'object' && module.exports) module.exports = ages;
  else (root.room = root.room || {}).ages = ages;
})(typeof window === 'undefined' ? globalThis : window);
