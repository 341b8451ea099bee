/* Glottolog's tree: a row a node, its figures as bars, a button that opens it.
 *
 * `data` is what `content` in tree.py makes: the rows that are open. Streamlit calls the function again
 * whenever that may have changed, with the same element. Names are written as text, never as HTML.
 */

const FIGURES = new Intl.NumberFormat("en");
const PERCENT = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 });

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".kl-tree");
  const held = root.contains(document.activeElement) ? document.activeElement.name : "";
  const table = element("table");
  const caption = element("caption", data.caption);
  caption.className = "kl-hidden";
  const head = table.createTHead().insertRow();
  head.append(...data.headings.map((text) => headed("col", text)));
  const body = table.createTBody();
  for (const row of data.rows) body.append(line(row, data, setTriggerValue));
  table.prepend(caption);
  root.replaceChildren(table);
  if (data.more) {
    const more = element("button", data.more);
    Object.assign(more, { type: "button", className: "kl-more", name: "more" });
    more.addEventListener("click", () => setTriggerValue("more", true));
    root.append(more);
  }
  if (held) root.querySelector(`[name="${CSS.escape(held)}"]`)?.focus();
}

function line(row, { headings }, tell) {
  const found = element("tr");
  const title = headed("row", "");
  title.style.paddingInlineStart = `${0.4 + 1.1 * row.depth}rem`;
  title.append(...(row.group ? group(row, tell) : language(row)));
  const [, languages, having, , reached, ...kinds] = headings;
  found.append(
    title,
    cell("number", languages, FIGURES.format(row.languages)),
    shared(having, row.having, row.languages, row.having === null ? "–" : FIGURES.format(row.having)),
    cell("number", headings[3], row.people),
    shared(reached, row.reached, 1, row.reached === null ? "–" : PERCENT.format(row.reached)),
    ...row.kinds.map((count, at) => cell(`number${count ? "" : " kl-empty"}`, kinds[at], count === null ? "–" : FIGURES.format(count))),
  );
  return found;
}

function group({ code, name, open }, tell) {
  const sign = element("button", open ? "−" : "+");
  Object.assign(sign, { type: "button", className: "kl-open", name: `open:${code}` });
  sign.setAttribute("aria-expanded", open);
  sign.setAttribute("aria-label", `${open ? "Close" : "Open"} ${name}`);
  sign.addEventListener("click", () => tell("toggled", code));
  const label = element("button", "");
  label.append(element("bdi", name));
  Object.assign(label, { type: "button", className: "kl-group", name: `root:${code}`, title: "Show this group alone" });
  label.addEventListener("click", () => tell("entered", code));
  return [sign, label];
}

function language({ code, name }) {
  const stand = element("span", "·");
  stand.className = "kl-stand";
  const link = element("a", "");
  link.append(element("bdi", name));
  Object.assign(link, { href: `language?lang=${encodeURIComponent(code)}`, target: "_blank", rel: "noopener" });
  link.setAttribute("aria-label", `The page of ${name}, in a new tab`);
  return [stand, link];
}

/* A bar and its figure. */
function shared(label, part, whole, text) {
  const found = cell("", label, "");
  const both = element("div");
  both.className = "kl-share";
  const bar = element("i");
  const length = element("b");
  length.style.width = `${part ? Math.max(1, (100 * part) / whole) : 0}%`;
  bar.append(length);
  both.append(bar, element("span", text));
  found.append(both);
  return found;
}

function cell(kind, label, text) {
  const found = element("td", text);
  found.className = kind;
  found.dataset.label = label;
  return found;
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
