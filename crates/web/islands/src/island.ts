// What both islands share: the place in the page, its words and values, and small pieces of a page. An island adds to its
// page and takes nothing away: all that it shows stands in the tables below it. Strangers' words become text nodes only.

/** The place of an island, with the words and the address that its page gave it. */
export interface Island {
  root: HTMLElement;
  case: string;
  say(key: string): string;
  /** The values of the drawing, from the page's own address. */
  values<T>(): Promise<T>;
}

export function island(): Island | undefined {
  const root = document.getElementById("island");
  if (!root) return undefined;
  const words = JSON.parse(root.dataset.words ?? "{}") as Record<string, string>;
  return {
    root,
    case: root.dataset.case ?? "",
    say: (key) => words[key] ?? key,
    values: async () => {
      const answer = await fetch(root.dataset.values ?? "", { credentials: "same-origin", headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      return answer.json();
    },
  };
}

/** An element with attributes and children; text is text. */
export function element<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Record<string, string> = {}, ...children: (Node | string)[]): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** A stranger's words with signs that hide or turn text named, and no longer than is good. */
export function plain(text: string, most = 200): string {
  const cut = text.length > most ? text.slice(0, most) + "…" : text;
  return cut.replace(/[\u0000-\u0008\u000b-\u001f\u007f\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g, (sign) => `[U+${sign.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}]`).replace(/([\u0300-\u036f]{4})[\u0300-\u036f]+/g, "$1");
}

/** A colour of the page's own style sheet, in its present scheme. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim() || "#666";
}

export const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** Says that the island cannot draw; the drawing without scripts takes its place. */
export function fails(place: Island, why: unknown): void {
  const picture = place.root.dataset.picture;
  place.root.replaceChildren(element("p", { role: "status" }, `${place.say("fails")} (${plain(String(why), 80)})`));
  if (picture) place.root.append(element("img", { src: picture, alt: place.say("alt"), class: "drawing" }));
  place.root.hidden = false;
}
