// Shows the HTML that Python made and sends back what the person does. It knows no view.

/** Change `old` into `fresh` in place, so that focus, scroll and opened details stay. */
function morph(old, fresh) {
  const same =
    old.nodeType === fresh.nodeType &&
    old.nodeName === fresh.nodeName &&
    old.dataset?.key === fresh.dataset?.key;
  if (!same) return old.replaceWith(fresh);
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  // Only a choice that Python changed is set anew; what the person has chosen since stays.
  const chosen =
    old.nodeName === "OPTION" && old.hasAttribute("selected") !== fresh.hasAttribute("selected");
  const slid = old.type === "range" && old.getAttribute("value") !== fresh.getAttribute("value");
  for (const { name } of [...old.attributes]) {
    const opened = name === "open" && old.nodeName === "DETAILS";
    if (!fresh.hasAttribute(name) && !opened) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    const closed = name === "open" && old.nodeName === "DETAILS";
    if (old.getAttribute(name) !== value && !closed) old.setAttribute(name, value);
  }
  if (old.nodeName === "INPUT") old.checked = fresh.hasAttribute("checked");
  if (chosen) old.selected = fresh.hasAttribute("selected");
  // A slider that somebody holds stays in the hand.
  if (slid && !old.matches(":focus")) old.value = fresh.getAttribute("value");
  const before = [...old.childNodes];
  const after = [...fresh.childNodes];
  after.forEach((child, at) => (at < before.length ? morph(before[at], child) : old.append(child)));
  before.slice(after.length).forEach((child) => child.remove());
}

/** Keep what has just been chosen inside its scrolling box; the page itself stays where it is. */
function uncover(chosen) {
  const box = chosen.closest(".gl-scroll");
  if (!box) return;
  const inner = chosen.getBoundingClientRect();
  // What stays at the box's top, and its scroll bar, cover what lies under them.
  const edge = box.getBoundingClientRect().top;
  const top = edge + (box.querySelector("[data-head]")?.getBoundingClientRect().height ?? 0);
  const bottom = edge + box.clientHeight;
  if (inner.bottom > bottom) box.scrollTop += inner.bottom - bottom;
  else if (inner.top < top) box.scrollTop -= top - inner.top;
}

/** Copy a text of the view. Where no page may, select it, so that one key copies it. */
async function copy(button) {
  const box = button.closest(".gl-copies");
  const text = box.querySelector(`[data-text="${button.dataset.copy}"]`);
  const said = box.querySelector("[data-said]");
  try {
    await navigator.clipboard.writeText(text.textContent);
    said.textContent = "Copied.";
  } catch {
    const around = text.closest("details");
    if (around) around.open = true;
    const range = document.createRange();
    range.selectNodeContents(text);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    const done = document.execCommand("copy");
    said.textContent = done ? "Copied." : "Selected: press Ctrl+C, or ⌘C on a Mac.";
  }
}

/** What a key means here, unless the element that has the focus needs it itself. */
function meaning(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return null;
  if (event.target.closest("input, select, textarea")) return null;
  if (event.key === "Enter" && event.target.closest("button, summary, a")) return null;
  const found = event.target.closest("[data-keys]");
  return (found && JSON.parse(found.dataset.keys)[event.key]) ?? null;
}

function render({ model, el }) {
  const root = document.createElement("div");
  // JupyterLab would take single keys for its own shortcuts.
  root.dataset.lmSuppressShortcuts = "true";
  el.append(root);

  const mark = (name) => root.querySelector(`[data-${name}]`);
  const draw = () => {
    const held = root.contains(document.activeElement);
    const [place, chosen] = [mark("focus")?.dataset.focus, mark("chosen")?.dataset.chosen];
    const fresh = root.cloneNode(false);
    fresh.innerHTML = model.get("html");
    morph(root, fresh);
    if (mark("chosen") && mark("chosen").dataset.chosen !== chosen) uncover(mark("chosen"));
    // Who works here goes along to another level; who is elsewhere is left alone.
    if (held && mark("focus") && mark("focus").dataset.focus !== place) {
      mark("focus").focus({ preventScroll: true });
      root.firstElementChild.scrollIntoView({ block: "nearest" });
    }
  };
  const send = (name, value) => model.send({ name, value });
  const target = (event) => event.target.closest("[data-send]");

  root.addEventListener("click", (event) => {
    const copied = event.target.closest("[data-copy]");
    if (copied) return copy(copied);
    const found = target(event);
    if (found && !["FORM", "INPUT"].includes(found.nodeName)) {
      if (found.getAttribute("aria-disabled") !== "true") {
        send(found.dataset.send, found.dataset.value ?? null);
      }
    }
  });
  root.addEventListener("change", (event) => {
    const found = target(event);
    if (found?.type === "checkbox") {
      send(found.dataset.send, { name: found.dataset.value, on: found.checked });
    }
  });
  root.addEventListener("input", (event) => {
    const found = target(event);
    if (found?.type === "range") send(found.dataset.send, found.value);
  });
  root.addEventListener("submit", (event) => {
    event.preventDefault();
    send(event.target.dataset.send, Object.fromEntries(new FormData(event.target)));
  });
  root.addEventListener("keydown", (event) => {
    event.stopPropagation();
    const meant = meaning(event);
    if (meant) {
      event.preventDefault();
      send(...meant);
    }
  });

  draw();
  model.on("change:html", draw);
  return () => model.off("change:html", draw);
}

export default { render };
