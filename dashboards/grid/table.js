// The table of `dashboards.grid`: draws one page of rows and reports what the person did.
// All text enters the page through textContent or value, never as markup.

const el = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (name in node && name !== "list") node[name] = value
    else node.setAttribute(name, value)
  }
  node.append(...children)
  return node
}

const PATHS = {
  edit: "M3 17.25V21h3.75L17.8 9.94l-3.75-3.75zM20.7 7.04a1 1 0 0 0 0-1.41l-2.34-2.34a1 1 0 0 0-1.41 0l-1.83 1.83 3.75 3.75z",
  delete: "M6 19a2 2 0 0 0 2 2h8a2 2 0 0 0 2-2V7H6zM19 4h-3.5l-1-1h-5l-1 1H5v2h14z",
}

const icon = (name) => {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg")
  svg.setAttribute("viewBox", "0 0 24 24")
  svg.setAttribute("aria-hidden", "true")
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path")
  path.setAttribute("d", PATHS[name])
  svg.append(path)
  return svg
}

const inField = (event) => {
  const node = event.composedPath()[0]
  return node instanceof HTMLElement && (node.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(node.tagName))
}

const deepFind = (root, selector) => {
  const found = root.querySelector(selector)
  if (found) return found
  for (const node of root.querySelectorAll("*")) {
    const inner = node.shadowRoot && deepFind(node.shadowRoot, selector)
    if (inner) return inner
  }
  return null
}

const debounce = (wait, action) => {
  let timer
  const later = (...given) => { clearTimeout(timer); timer = setTimeout(() => action(...given), wait) }
  later.now = (...given) => { clearTimeout(timer); action(...given) }
  return later
}

class Sheet {
  constructor(model, host) {
    this.model = model
    this.host = host
    this.inputs = new Map()
    this.headings = new Map()
    this.lastPicked = null
    this.keyHandler = (event) => this.key(event)
    document.addEventListener("keydown", this.keyHandler)
    this.escapeHandler = (event) => { if (event.key === "Escape") this.say("key", {name: "escape"}) }
    document.addEventListener("keydown", this.escapeHandler, true) // dialogs keep the key to themselves
    this.historyHandler = () => this.say("address", {search: window.location.search})
    window.addEventListener("popstate", this.historyHandler)
    this.build()
    model.on("spec", () => this.build())
    model.on("rows", () => { this.got("rows"); this.fill() })
    model.on("state", () => { this.got("state"); this.reflect() })
    model.on("marks", () => { this.got("marks"); this.mark() })
    for (const part of ["rows", "state", "marks"]) this.got(part)
    model.on("msg:custom", (message) => this.told(message))
  }

  get spec() { return JSON.parse(this.model.spec) }
  get rows() { return JSON.parse(this.model.rows)[1] }
  get state() { return JSON.parse(this.model.state)[1] }
  get marks() { return JSON.parse(this.model.marks)[1] }

  got(part) { this.say("got", {part, number: JSON.parse(this.model[part])[0]}) }

  say(type, more = {}) { this.model.send_msg({type, ...more}) }

  // -- building ---------------------------------------------------------------------------------------------------
  build() {
    this.table?.destroy()
    this.ready = this.settled = false
    this.columns = this.spec.columns
    this.byName = new Map(this.columns.map((column) => [column.name, column]))
    this.inputs.clear()
    this.headings.clear()
    this.holder = el("div", {className: "ops-table"})
    this.host.replaceChildren(this.holder)
    this.table = new window.Tabulator(this.holder, {
      data: this.records(),
      index: "_key",
      layout: "fitColumns",
      responsiveLayout: "collapse",
      responsiveLayoutCollapseStartOpen: false,
      responsiveLayoutCollapseFormatter: (items) => this.collapsed(items),
      renderVertical: "basic",
      nestedFieldSeparator: false,
      headerSortClickElement: "icon",
      selectableRows: false,
      columnDefaults: {headerSort: false, resizable: "header", headerTooltip: false, vertAlign: "middle"},
      columns: this.definitions(),
      rowFormatter: (row) => this.dress(row),
    })
    this.table.on("renderComplete", () => { if (this.settled) this.mark() })
    this.table.on("tableBuilt", () => { this.ready = true; this.fill(); this.reflect() })
    this.table.on("cellEdited", (cell) => this.edited(cell))
    this.table.on("cellEditing", () => { this.editing = true })
    this.table.on("cellEditCancelled", () => this.editingOver())
    this.table.on("rowDblClick", (event, row) => { if (!inField(event)) this.say("open", {key: row.getData()._key}) })
  }

  definitions() {
    const spec = this.spec
    const list = [{formatter: "responsiveCollapse", width: 32, minWidth: 32, hozAlign: "center", resizable: false, responsive: 0}]
    if (spec.selectable) list.push(this.picker())
    this.columns.forEach((column, index) => list.push(this.definition(column, index)))
    if (spec.actions.length) list.push(this.actions(spec.actions))
    return list
  }

  definition(column, index) {
    return {
      field: column.name,
      title: column.title,
      titleFormatter: () => this.heading(column),
      formatter: (cell) => this.cell(cell, column),
      minWidth: column.width || 110,
      widthGrow: column.grow,
      responsive: column.main ? 0 : column.key ? 99 : index + 1, // the last to go is what people call the row
      hozAlign: column.align,
      headerHozAlign: column.align === "right" ? "right" : "left",
      editor: column.editable && column.kind !== "flag" ? (...given) => this.editor(column, ...given) : undefined,
      editable: () => column.editable,
    }
  }

  picker() {
    return {
      field: "_picked", width: 40, minWidth: 40, hozAlign: "center", resizable: false, responsive: 0,
      titleFormatter: () => {
        this.allBox = el("input", {type: "checkbox", "aria-label": "Select every row of this page"})
        this.allBox.addEventListener("change", () => this.pick(this.rows.map((row) => row.key), this.allBox.checked))
        return this.allBox
      },
      formatter: (cell) => {
        const key = cell.getData()._key
        const box = el("input", {type: "checkbox", checked: this.isPicked(key), "aria-label": `Select ${cell.getData()._name}`})
        box.addEventListener("click", (event) => {
          const keys = event.shiftKey && this.lastPicked !== null ? this.between(this.lastPicked, key) : [key]
          this.lastPicked = key
          this.pick(keys, box.checked)
        })
        return box
      },
    }
  }

  actions(names) {
    return {
      field: "_actions", title: "Action", width: 44 + 32 * (names.length - 1), minWidth: 44 + 32 * (names.length - 1), resizable: false, responsive: 0,
      titleFormatter: () => el("span", {className: "ops-heading-text", textContent: names.length > 1 ? "Action" : ""}),
      formatter: (cell) => {
        const buttons = names.map(([name, label]) => {
          const button = el("button", {type: "button", className: `ops-icon ops-${name}`, title: label, "aria-label": `${label} ${cell.getData()._name}`}, icon(name))
          button.addEventListener("click", () => this.say(name === "edit" ? "open" : name, {key: cell.getData()._key}))
          return button
        })
        return el("div", {className: "ops-actions"}, ...buttons)
      },
    }
  }

  // -- headings ---------------------------------------------------------------------------------------------------
  heading(column) {
    const title = el("span", {className: "ops-heading-text", textContent: column.title, title: column.doc || column.title})
    const arrow = el("span", {className: "ops-arrow", "aria-hidden": "true"})
    const button = el(column.sortable ? "button" : "span", {className: "ops-heading"}, title, arrow)
    if (column.sortable) {
      button.type = "button"
      button.addEventListener("click", (event) => this.sortBy(column.name, event.shiftKey))
    }
    this.headings.set(column.name, {button, arrow})
    const box = el("div", {className: `ops-head ops-${column.align}`}, button)
    if (column.filter) box.append(this.filterInput(column))
    return box
  }

  filterInput(column) {
    const label = `Filter ${column.title}`
    let input
    if (column.filter === "list") {
      const options = column.options.map(([value, text]) => el("option", {value, textContent: text}))
      input = el("select", {"aria-label": label}, el("option", {value: "", textContent: "all"}), ...options)
      input.addEventListener("change", () => this.sayFilters())
    } else {
      input = el("input", {type: "text", "aria-label": label, placeholder: column.placeholder || "", spellcheck: false, autocomplete: "off"})
      const later = debounce(350, () => this.sayFilters())
      input.addEventListener("input", later)
      input.addEventListener("keydown", (event) => {
        if (event.key === "Enter") later.now()
        if (event.key === "Escape" && input.value) { event.stopPropagation(); input.value = ""; later.now() }
      })
    }
    for (const type of ["mousedown", "click", "dblclick"]) input.addEventListener(type, (event) => event.stopPropagation())
    input.className = "ops-filter"
    this.inputs.set(column.name, input)
    return input
  }

  sayFilters() {
    const filters = {}
    for (const [name, input] of this.inputs) if (input.value.trim()) filters[name] = input.value
    this.say("filter", {filters})
  }

  sortBy(name, more) {
    const now = this.sort ?? this.state.sort
    const mine = now.find((entry) => entry.replace(/^-/, "") === name)
    const next = mine === undefined ? [name] : mine.startsWith("-") ? [] : [`-${name}`]
    const inPlace = mine === undefined ? [...now, name] : now.flatMap((entry) => entry === mine ? next : [entry])
    this.sort = more ? inPlace : next // the next click may come before the answer
    this.say("sort", {sort: this.sort})
  }

  // -- cells ------------------------------------------------------------------------------------------------------
  records() {
    return this.rows.map((row) => ({_key: row.key, _name: row.name, _edit: row.edit || {}, ...row.cells}))
  }

  cell(cell, column) {
    const value = cell.getValue()
    if (column.kind === "flag") return this.flag(cell, column, value)
    if (column.kind === "link") {
      const link = el("button", {type: "button", className: "ops-link", textContent: value ?? ""})
      link.addEventListener("click", () => this.say("open", {key: cell.getData()._key}))
      return link
    }
    const label = column.kind === "choice" ? (column.options.find(([key]) => key === value)?.[1] ?? value) : value
    return el("span", {className: "ops-text", textContent: label ?? "", title: label ?? ""})
  }

  flag(cell, column, value) {
    if (!column.editable || typeof value !== "boolean") {
      const words = value === true ? "yes" : value === false ? "no" : value ?? ""
      return el("span", {className: `ops-flag ops-flag-${words}`, textContent: words})
    }
    const box = el("input", {type: "checkbox", checked: value, "aria-label": `${column.title} of ${cell.getData()._name}`})
    box.addEventListener("change", () => this.say("edit", {key: cell.getData()._key, field: column.name, value: box.checked}))
    return box
  }

  collapsed(items) {
    const list = el("dl", {className: "ops-collapsed"})
    for (const item of items) {
      const column = this.byName.get(item.field) || this.columns.find((one) => one.title === item.title)
      const value = el("dd")
      value.append(item.value instanceof Node ? item.value : document.createTextNode(item.value ?? ""))
      list.append(el("div", {}, el("dt", {textContent: column ? column.title : item.title}), value))
    }
    return items.length ? list : ""
  }

  editor(column, cell, onRendered, success, cancel) {
    const row = cell.getData()
    const mark = (this.marks[row._key] || {})[column.name]
    const start = mark && mark.kind === "invalid" ? mark.typed : row._edit[column.name] ?? cell.getValue() ?? ""
    const input = column.kind === "choice" ? this.choice(column, start)
      : el(column.kind === "long" ? "textarea" : "input", {value: start, spellcheck: false})
    input.className = "ops-editor"
    input.setAttribute("aria-label", `${column.title} of ${row._name}`)
    let done = false
    const finish = () => {
      if (done) return
      done = true
      this.editing = false
      if (input.value === String(start)) cancel()
      else success(input.value)
    }
    onRendered(() => { input.focus({preventScroll: true}); input.select?.() })
    input.addEventListener("blur", finish)
    if (column.kind === "choice") input.addEventListener("change", finish)
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (column.kind !== "long" || event.ctrlKey)) { event.preventDefault(); finish() }
      if (event.key === "Escape") { event.stopPropagation(); done = true; this.editing = false; cancel() }
    })
    return input
  }

  choice(column, start) {
    const options = column.options.map(([value, text]) => el("option", {value, textContent: text}))
    if (!column.options.some(([value]) => value === start)) options.unshift(el("option", {value: start, textContent: start}))
    const select = el("select", {}, ...options)
    select.value = start
    return select
  }

  edited(cell) {
    const row = cell.getData()
    this.say("edit", {key: row._key, field: cell.getField(), value: cell.getValue()})
    this.editingOver()
  }

  // Rows that arrive while somebody types would take the editor away: they wait for the end of the edit.
  editingOver() {
    this.editing = false
    if (this.waiting) { this.waiting = false; this.fill() }
  }

  // -- state ------------------------------------------------------------------------------------------------------
  fill() {
    if (!this.ready) return
    if (this.editing) { this.waiting = true; return }
    const top = this.holder.querySelector(".tabulator-tableholder")
    const scroll = top ? [top.scrollLeft, top.scrollTop] : [0, 0]
    this.table.replaceData(this.records()).then(() => {
      this.mark()
      this.reflect()
      if (top) [top.scrollLeft, top.scrollTop] = scroll
      this.settled = true
    })
  }

  dress(row) {
    const node = row.getElement()
    node.tabIndex = row.getPosition() === 1 ? 0 : -1
    node.setAttribute("aria-label", row.getData()._name)
    node.classList.toggle("ops-picked", this.isPicked(row.getData()._key))
  }

  reflect() {
    if (!this.ready) return
    const state = this.state
    this.sort = state.sort
    for (const [name, {button, arrow}] of this.headings) {
      const place = state.sort.findIndex((entry) => entry.replace(/^-/, "") === name)
      const down = place >= 0 && state.sort[place].startsWith("-")
      arrow.textContent = place < 0 ? "" : (down ? "▼" : "▲") + (state.sort.length > 1 ? place + 1 : "")
      button.closest(".tabulator-col")?.setAttribute("aria-sort", place < 0 ? "none" : down ? "descending" : "ascending")
    }
    for (const [name, input] of this.inputs) {
      const value = state.filters[name] ?? ""
      if (input.getRootNode().activeElement !== input && input.value !== value) input.value = value
    }
    for (const row of this.table.getRows()) {
      this.dress(row)
      const box = row.getCell("_picked")?.getElement?.().querySelector("input")
      if (box) box.checked = this.isPicked(row.getData()._key)
    }
    if (this.allBox) {
      const keys = this.rows.map((row) => row.key)
      const count = keys.filter((key) => this.isPicked(key)).length
      this.allBox.checked = count > 0 && count === keys.length
      this.allBox.indeterminate = count > 0 && count < keys.length
    }
  }

  isPicked(key) {
    const {picked, all} = this.state
    return picked.includes(key) !== all
  }

  pick(keys, on) { this.say("pick", {keys, on}) }

  between(from, to) {
    const keys = this.rows.map((row) => row.key)
    const [a, b] = [keys.indexOf(from), keys.indexOf(to)].sort((x, y) => x - y)
    return a < 0 ? [to] : keys.slice(a, b + 1)
  }

  mark() {
    if (!this.ready) return
    const marks = this.marks
    const original = new Map(this.rows.map((row) => [row.key, row.cells]))
    for (const row of this.table.getRows()) {
      const mine = marks[row.getData()._key] || {}
      const cells = original.get(row.getData()._key) || {}
      for (const column of this.columns) {
        const node = row.getCell(column.name)?.getElement?.()
        if (!node) continue
        const mark = mine[column.name]
        for (const kind of ["staged", "invalid", "moved"]) node.classList.toggle(`ops-${kind}`, mark?.kind === kind)
        const wanted = mark ? mark.text : cells[column.name]
        if (wanted !== undefined && row.getData()[column.name] !== wanted) row.update({[column.name]: wanted})
        if (mark) node.title = mark.tip
        else node.removeAttribute("title")
      }
    }
  }

  // -- keys -------------------------------------------------------------------------------------------------------
  told(message) {
    const order = message.data ?? message
    if (order.type === "focus") this.table.getRows()[0]?.getElement().focus()
  }

  key(event) {
    if (!this.host.isConnected || event.defaultPrevented) return
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) return this.say("key", {name: "commit"})
    if (inField(event) && event.composedPath()[0].type !== "checkbox") return
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const row = event.composedPath().find((node) => node instanceof HTMLElement && node.classList.contains("tabulator-row"))
    const here = row ? this.table.getRow(row) : null
    const key = here ? here.getData()._key : null
    if (event.key === "/") { event.preventDefault(); return this.search() }
    if (row && (event.key === "ArrowDown" || event.key === "ArrowUp")) return this.step(event, here)
    if (row && event.composedPath()[0] === row && event.key === "Enter") { event.preventDefault(); return this.say("open", {key}) }
    if (row && event.composedPath()[0] === row && event.key === " ") { event.preventDefault(); return this.pick([key], !this.isPicked(key)) }
    const names = {n: "new", e: "edit", Delete: "delete"}
    if (names[event.key]) { event.preventDefault(); this.say("key", {name: names[event.key], key}) }
  }

  search() {
    const host = deepFind(document, ".ops-search")
    const input = host && deepFind(host.shadowRoot ?? host, "input")
    input?.focus()
    input?.select()
  }

  step(event, row) {
    const next = event.key === "ArrowDown" ? row.getNextRow() : row.getPrevRow()
    if (!next) return
    event.preventDefault()
    row.getElement().tabIndex = -1
    next.getElement().tabIndex = 0
    next.getElement().focus()
  }

  remove() {
    document.removeEventListener("keydown", this.keyHandler)
    document.removeEventListener("keydown", this.escapeHandler, true)
    window.removeEventListener("popstate", this.historyHandler)
    this.table?.destroy()
  }
}

const libraryLoaded = async () => {
  while (window.Tabulator === undefined) await new Promise((resolve) => setTimeout(resolve, 30))
}

export function render({model}) {
  const host = el("div", {className: "ops-host"})
  let sheet = null
  let gone = false
  libraryLoaded().then(() => { if (!gone) sheet = new Sheet(model, host) })
  model.on("remove", () => { gone = true; sheet?.remove() })
  return host
}
