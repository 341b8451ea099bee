/* Bars beside one another: the largest groups, each a button with its numbers.
 *
 * `data` is what `bars` in charts.py makes. Streamlit calls the function again whenever that may have
 * changed, with the same element. Names are written as text, never as HTML.
 */

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".kl-bars");
  const held = root.contains(document.activeElement) ? document.activeElement.name : null;
  root.replaceChildren(...data.map((group) => column(group, setTriggerValue)));
  root.querySelector(`[name="${CSS.escape(held ?? "")}"]`)?.focus();
}

function column({ field, heading, rows }, tell) {
  const found = element("section", "");
  const title = element("h3", "", heading);
  title.id = `kl-bars-${field}`;
  found.setAttribute("aria-labelledby", title.id);
  found.append(title, ...rows.map((row) => bar(field, row, tell)));
  return found;
}

function bar(field, { value, label, share, figures, told, chosen }, tell) {
  const found = element("button", "kl-bar");
  Object.assign(found, { type: "button", name: `${field}:${value}`, title: told });
  found.setAttribute("aria-pressed", chosen);
  const length = element("span", "kl-length");
  length.style.width = `${share}%`;
  const room = element("span", "kl-room");
  room.append(length, element("span", "", figures));
  found.append(element("bdi", "", label), room);
  found.addEventListener("click", () => tell("clicked", { field, value }));
  return found;
}

function element(tag, kind, text = "") {
  const found = document.createElement(tag);
  found.className = kind;
  found.textContent = text;
  return found;
}
