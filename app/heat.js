/* The heat map: groups by kinds of resource, a button a cell, its share told by colour and number.
 *
 * `data` is what `heat` in charts.py makes. Streamlit calls the function again whenever that may have
 * changed, with the same element. Names are written as text, never as HTML.
 */

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".kl-heat");
  const held = root.contains(document.activeElement) ? document.activeElement.name : "";
  const table = element("table");
  const head = table.createTHead().insertRow();
  head.append(element("td"), ...data.kinds.map(({ name }) => headed("col", name)));
  const body = table.createTBody();
  for (const row of data.rows) body.append(line(row, data, setTriggerValue));
  const caption = element("caption", data.caption);
  caption.className = "kl-hidden";
  table.prepend(caption);
  root.replaceChildren(table);
  if (held) root.querySelector(`[name="${CSS.escape(held)}"]`)?.focus();
}

function line({ value, label, languages, having }, { kinds, chosen }, tell) {
  const row = element("tr");
  const title = headed("row", "");
  title.append(element("bdi", label));
  row.append(title);
  having.forEach((count, at) => {
    const { kind, name } = kinds[at];
    const share = count === null ? 0 : count / languages;
    const cell = element("td");
    const button = element("button", count === null ? "not known" : `${count} of ${languages}`);
    Object.assign(button, { type: "button", name: `${value}:${kind}`, title: `${label}, ${name}: ${button.textContent} languages` });
    button.dataset.label = name;
    button.setAttribute("aria-label", button.title);
    button.setAttribute("aria-pressed", chosen[0] === value && chosen[1] === kind);
    button.className = share >= 0.4 ? "kl-deep" : count ? "" : "kl-none";
    // The square root tells small shares apart, which most are.
    const part = Math.round(100 * Math.sqrt(share));
    button.style.background = count ? `color-mix(in srgb, ${share >= 0.4 ? "#0b6e69" : "var(--kl-bar)"} ${share >= 0.4 ? 100 : 15 + part}%, transparent)` : "rgba(128,128,128,.1)";
    button.addEventListener("click", () => tell("clicked", { value, kind }));
    cell.append(button);
    row.append(cell);
  });
  return row;
}

function headed(scope, text) {
  const found = element("th", text);
  found.scope = scope;
  return found;
}

function element(tag, text = "") {
  const found = document.createElement(tag);
  if (text) found.textContent = text;
  return found;
}
