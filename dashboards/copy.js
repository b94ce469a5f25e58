// A text with a button that copies it.
export function render({model}) {
  const box = document.createElement("div")
  box.style.cssText = "display:flex;gap:8px;align-items:center;flex-wrap:wrap;padding:4px 0"
  const title = document.createElement("span")
  title.textContent = model.title
  title.style.cssText = "flex:1 1 10rem;overflow-wrap:anywhere"
  const code = document.createElement("code")
  code.textContent = model.text
  code.style.cssText = "user-select:all;font-size:1rem;padding:4px 8px;border:1px solid currentColor;border-radius:4px;overflow-wrap:anywhere"
  const button = document.createElement("button")
  button.type = "button"
  button.textContent = "Copy"
  button.setAttribute("aria-label", `Copy the secret of ${model.title}`)
  button.style.cssText = "font:inherit;padding:4px 12px;border-radius:4px;border:1px solid currentColor;background:none;color:inherit;cursor:pointer"
  const select = () => {
    const range = document.createRange()
    range.selectNodeContents(code)
    const selection = window.getSelection()
    selection.removeAllRanges()
    selection.addRange(range)
  }
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(model.text)
      button.textContent = "Copied"
    } catch {
      select()
      button.textContent = "Press ctrl+C"
    }
  })
  box.append(title, code, button)
  return box
}
