// The JSON API of the studio, and its stream of events.

export class Refused extends Error {
  constructor(message, hint) {
    super(message);
    this.hint = hint;
  }
}

async function answer(response) {
  const content = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(content.error || `The studio answered ${response.status}.`, content.hint || "");
  return content;
}

async function request(address, options) {
  try {
    return await fetch(address, options);
  } catch {
    throw new Refused("The studio does not answer.", "Start it again: vaemusic studio.");
  }
}

export async function get(address) {
  return answer(await request(address));
}

export async function post(address, content = {}) {
  const headers = { "content-type": "application/json" };
  return answer(await request(address, { method: "POST", headers, body: JSON.stringify(content) }));
}

export async function postFile(file, address = "/api/drop") {
  const named = `${address}?name=${encodeURIComponent(file.name.slice(0, 120))}`;
  return answer(await request(named, { method: "POST", body: file }));
}

// address: of the song, such as /api/takes/1
export async function sound(address, lane, piece, digest) {
  const response = await request(`${address}/sound/${lane}/${piece}?digest=${digest}`);
  if (!response.ok) throw new Refused("A part of the song cannot be rendered.", "");
  return response.arrayBuffer();
}

export function listen(handlers, onConnect) {
  const source = new EventSource("/api/events");
  source.addEventListener("open", onConnect);
  for (const [kind, handler] of Object.entries(handlers)) {
    source.addEventListener(kind, (event) => handler(JSON.parse(event.data)));
  }
  return source;
}
