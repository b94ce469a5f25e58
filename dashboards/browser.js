// The parts of the browser that Panel leaves out: history with a working back button, width, title, skip link.
const WIDE = "(min-width: 900px)"

function skip_link() {
  const link = document.createElement("a")
  link.href = "#"
  link.className = "ops-skip"
  link.textContent = "Skip to the content"
  link.addEventListener("click", (event) => {
    event.preventDefault()
    const found = find(document, "main.main")
    if (found) {
      found.setAttribute("tabindex", "-1")
      found.focus()
    }
  })
  document.body.prepend(link)
  return link
}

function find(root, selector) {
  const found = root.querySelector(selector)
  if (found) { return found }
  for (const element of root.querySelectorAll("*")) {
    const inner = element.shadowRoot ? find(element.shadowRoot, selector) : null
    if (inner) { return inner }
  }
  return null
}

export function render({model}) {
  const wide = window.matchMedia(WIDE)
  const dark = window.matchMedia("(prefers-color-scheme: dark)")
  const width = () => { model.width_class = wide.matches ? "wide" : "narrow" }
  const popped = () => {
    model.search = window.location.search
    model.popped = model.popped + 1
  }
  const show = () => {
    if (model.search !== window.location.search) {
      const url = `${window.location.pathname}${model.search}`
      window.history[model.replace ? "replaceState" : "pushState"]({}, "", url)
    }
  }
  const name = () => { document.title = model.title }
  const leave = () => { if (model.leave) { window.location.assign(model.leave) } }
  const link = skip_link()
  window.addEventListener("popstate", popped)
  wide.addEventListener("change", width)
  model.on("change:search", show)
  model.on("change:title", name)
  model.on("change:leave", leave)
  // What is said before the session is connected is lost, so Python asks when it is.
  const answer = () => {
    model.dark = dark.matches
    width()
  }
  model.on("change:ask", answer)
  if (model.ask) { answer() }
  model.on("remove", () => {
    window.removeEventListener("popstate", popped)
    wide.removeEventListener("change", width)
    link.remove()
  })
  return document.createElement("span")
}
