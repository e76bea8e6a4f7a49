// Elements of the page. Text goes in as text, never as markup: names of files and songs come from anywhere.

export const theme = matchMedia("(prefers-color-scheme: dark)"); // dark, if it matches

export const $ = (id) => document.getElementById(id);

export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

export function pressed(button, on) {
  button.setAttribute("aria-pressed", String(on));
}

// The line of messages.
export function say(text, error = false) {
  $("status").textContent = text;
  $("status").classList.toggle("error", error);
}

export function refused(error) {
  say([error.message, error.hint].filter(Boolean).join(" "), true);
}
