// The parts of the browser that Panel leaves out: history with a working back button, width, title, skip link.
const WIDE = "(min-width: 900px)"

function skip_link(model) {
  const link = document.createElement("a")
  link.href = "#"
  link.className = "ops-skip"
  link.textContent = "Skip to the content"
  link.addEventListener("click", (event) => {
    event.preventDefault()
    model.send_msg({skip: true})
    const found = find(document, ".ops-content")
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
  const width = () => { model.narrow = !wide.matches }
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
  const link = skip_link(model)
  window.addEventListener("popstate", popped)
  wide.addEventListener("change", width)
  model.on("change:search", show)
  model.on("change:title", name)
  model.on("change:leave", leave)
  model.dark = dark.matches
  width()
  model.ready = true
  model.on("remove", () => {
    window.removeEventListener("popstate", popped)
    wide.removeEventListener("change", width)
    link.remove()
  })
  return document.createElement("span")
}
