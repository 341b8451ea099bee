/* The search of the atlas: what data/inventory/search.py finds, in the same order, in the browser.
 *
 * `index` is what app/atlas/finding.py makes: arrays with an entry a language, in the order in which
 * equals come. Best first: a code; a main name; another name; names that begin with the text; names
 * that hold it, or all its words; and where there is none of these, names that differ in a few letters.
 */

"use strict";
(() => {
  const BETWEEN = " | ";
  const LONGEST = 100;
  const [SHORTEST, LETTERS_A_FAULT, MOST_FAULTS] = [4, 4, 3];
  const CLICKS = { "!": "ǃ", "|": "ǀ", "‖": "ǁ", "≠": "ǂ" };

  function fold(text) {
    const plain = [...text.normalize("NFKD")].filter((letter) => !/\p{M}/u.test(letter) || !combining(letter)).join("");
    return folded(plain).replace(/['’‘ʼʻ`\u200c\u200d]/g, "").replace(/[-_(),.]/g, " ").split(/\s+/u).filter(Boolean).join(" ");
  }

  /* Marks that Unicode gives a combining class; spacing vowel signs have none and stay. */
  function combining(mark) {
    // A mark of class 0 stays where it is when another of a class follows it.
    return ("a" + mark + "\u0334").normalize("NFD") !== "a" + mark + "\u0334" || ("a\u0345" + mark).normalize("NFD") !== "a\u0345" + mark;
  }

  function folded(text) {
    // Cherokee is the one script whose letters Unicode folds to capitals.
    const cherokee = (letter) => String.fromCodePoint(letter.codePointAt(0) - (letter < "\uab70" ? 8 : 0xab70 - 0x13a0));
    return text.toLowerCase().replace(/ß/g, "ss").replace(/ς/g, "σ").replace(/[ꭰ-ꮿᏸ-ᏽ]/g, cherokee);
  }

  function key(text) {
    return fold(text.replace(/[!|‖≠]/g, (letter) => CLICKS[letter]));
  }

  function meant(index, text) {
    const code = text.trim();
    const own = index.codes.indexOf(code);
    if (own >= 0) return own;
    const plain = fold(code);
    const known = plain.length > 3 || plain === code.toLowerCase() ? index.meant[plain] : undefined; // no code has accents
    if (known !== undefined) return known;
    const [first, second, ...others] = code.toLowerCase().split(/[-_]/);
    if ([second, ...others].some((one) => one?.length === 4 && !index.scripts.includes(one))) return -1;
    if (!/^[a-z]{2,3}([-_]([a-z]{2}|[a-z]{3}|[a-z]{4}|[0-9]{3}))*$/i.test(code)) return -1;
    return (second?.length === 3 && /^[a-z]+$/.test(second) ? index.meant[second] : undefined) ?? index.meant[first] ?? -1;
  }

  function search(index, text, limit = 10) {
    const asked = text.length <= LONGEST ? key(text) : "";
    if (!asked) return [];
    const code = meant(index, text);
    const words = asked.split(" ");
    const ranks = Array.from({ length: 7 }, () => []);
    if (code >= 0) ranks[0].push(code);
    index.keys.forEach((names, at) => {
      if (at === code || !words.every((word) => names.includes(word))) return;
      const rank = place(index.main[at].split(BETWEEN), `${BETWEEN}${names}${BETWEEN}`, asked);
      ranks[rank].push(at);
    });
    const found = ranks.flat().slice(0, limit);
    return found.length ? found : near(index, asked, limit);
  }

  function place(main, names, asked) {
    if (main.includes(asked)) return 1;
    if (names.includes(`${BETWEEN}${asked}${BETWEEN}`)) return 2;
    if (main.some((name) => name.startsWith(asked))) return 3;
    if (main.some((name) => name.includes(asked))) return 4;
    return names.includes(`${BETWEEN}${asked}`) ? 5 : 6;
  }

  function near(index, asked, limit) {
    const letters = [...asked];
    const most = Math.min(MOST_FAULTS, Math.floor(letters.length / LETTERS_A_FAULT));
    if (letters.length < SHORTEST) return [];
    const has = bits(letters);
    const found = [];
    index.keys.forEach((names, at) => {
      let least = most + 1;
      for (const name of names.split(BETWEEN)) {
        if (Math.abs(name.length - asked.length) > most + 2 * MOST_FAULTS) continue;
        const other = [...name];
        if (Math.abs(other.length - letters.length) > most || differing(has, bits(other)) > 2 * most) continue;
        least = Math.min(least, distance(letters, other, most));
      }
      if (least <= most) found.push([least, at]);
    });
    found.sort(([one, first], [other, second]) => one - other || first - second);
    return found.slice(0, limit).map(([, at]) => at);
  }

  function bits(letters) {
    const set = [0, 0];
    for (const letter of letters) {
      const at = letter.codePointAt(0) & 63;
      set[at >> 5] |= 1 << (at & 31);
    }
    return set;
  }

  function differing(one, other) {
    return count(one[0] ^ other[0]) + count(one[1] ^ other[1]);
  }

  function count(value) {
    let bits = 0;
    for (let left = value >>> 0; left; left &= left - 1) bits++;
    return bits;
  }

  /* Letters to put in, take out, replace or swap (Damerau 1964); most + 1 where it is more. */
  function distance(left, right, most) {
    let before = [];
    let last = Array.from({ length: right.length + 1 }, (_, at) => at);
    for (let at = 1; at <= left.length; at++) {
      const row = [at];
      for (let to = 1; to <= right.length; to++) {
        let cost = Math.min(last[to] + 1, row[to - 1] + 1, last[to - 1] + (left[at - 1] !== right[to - 1]));
        if (at > 1 && to > 1 && left[at - 1] === right[to - 2] && left[at - 2] === right[to - 1]) cost = Math.min(cost, before[to - 2] + 1);
        row.push(cost);
      }
      if (Math.min(...row) > most) return most + 1;
      [before, last] = [last, row];
    }
    return Math.min(last[right.length], most + 1);
  }

  Object.assign((globalThis.atlas ??= {}), { search, key });
})();
