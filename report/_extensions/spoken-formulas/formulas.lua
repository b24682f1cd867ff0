-- Sets every formula as Typst and gives it an alternative text in words. Runs after Quarto's own filters, on the tree that
-- they leave (and that the built-in renderer makes alike): there a labelled formula stands between two pieces of Typst,
--   #math.equation(block: true, numbering: equation-numbering, [ …formula… ])<eq-name>
-- It needs nothing of Quarto's: with pandoc alone it is an ordinary Lua filter.
-- A formula that cannot be set stops the build through assert: Quarto turns error() into a line of its log.

if not FORMAT:match("typst") then return {} end

local folder = pandoc.path.directory(PANDOC_SCRIPT_FILE)
local converter = dofile(pandoc.path.join({folder, "converter.lua"}))(folder)
local macros = converter.macros()
local labels = {} -- by the name in \label: {name of the formula in which it stands, its \tag}

-- What `step` makes of a formula; a refusal names the reason and, after the colon, the formula.
local function attempt(formula, step, ...)
  local made = {pcall(step, ...)}
  local reason = type(made[2]) == "table" and made[2].refused or tostring(made[2])
  assert(made[1], "A formula cannot be set (" .. reason .. "): " .. formula)
  return table.unpack(made, 2)
end

local function quoted(text)
  return '"' .. text:gsub("\\", "\\\\"):gsub('"', '\\"'):gsub("%s+", " ") .. '"'
end

-- -- formulas -----------------------------------------------------------------------------------------------------------

-- The opening of Quarto's labelled equation, without its last argument; nil for anything else.
local function opening(inline)
  if not inline or inline.t ~= "RawInline" or inline.format ~= "typst" then return nil end
  return inline.text:match("^(#math%.equation%(block: %a+, numbering: .*), %[%s*$")
end

local function closing(inline)
  if not inline or inline.t ~= "RawInline" or inline.format ~= "typst" then return nil end
  return inline.text:match("^%s*%]%)(.*)$")
end

-- The body between dollar signs; the blanks make no difference to it, since only the content is taken.
local function body(tree, formula, display)
  return "$ " .. attempt(formula, converter.write, tree, display) .. " $.body"
end

-- $\,$ is a space and has no words, a formula that only defines macros is nothing at all; nil for any other.
local function blank(tree)
  local em = 0
  for _, node in ipairs(tree) do
    if node.k ~= "space" then return nil end
    em = em + node.em
  end
  return #tree == 0 and "" or ("#h(%.4gem);"):format(em)
end

-- What \eqref or \ref to a formula's \label prints; nil for anything else.
local function reference(text)
  local bracketed, name = text:match("^%s*\\(e?q?)ref%s*{([^}]*)}%s*$")
  local target = name and labels[name]
  if not target then return nil end
  local number = target.tag and "#" .. quoted(target.tag) or "#ref(label(" .. quoted(target.name) .. "), supplement: none)"
  return bracketed == "eq" and "(" .. number .. ")" or number
end

-- A formula as Typst. The semicolon ends the code, so that a bracket which follows in the text is text.
local function equation(formula, display)
  local number = reference(formula)
  if number then return number end
  local tree, label = attempt(formula, converter.read, formula, macros, display)
  local nothing = blank(tree)
  if nothing then return nothing end
  local words = attempt(formula, converter.say, tree)
  local numbering = display and label and 'numbering: "(1)", ' or ""
  local code = "#math.equation(" .. (display and "block: true, " or "") .. numbering .. "alt: " .. quoted(words) .. ", "
    .. body(tree, formula, display) .. ")"
  return code .. (numbering ~= "" and "#label(" .. quoted(label) .. ")" or ";")
end

-- Quarto's labelled formula, which may have a text already.
local function labelled(before, formula, after)
  local tree = attempt(formula, converter.read, formula, macros, true)
  local alt = before:match(", alt: ") and "" or ", alt: " .. quoted(attempt(formula, converter.say, tree))
  return before .. alt .. ", " .. body(tree, formula, true) .. ")" .. after
end

-- -- raw TeX ------------------------------------------------------------------------------------------------------------

local displays = {}
for name in ("align alignat displaymath eqnarray equation flalign gather math multline xalignat"):gmatch("%a+") do displays[name] = true end

local function is_tex(raw) return raw.format == "tex" or raw.format == "latex" end

-- \begin{align} … \end{align} without dollar signs is a displayed formula.
local function is_display(text)
  local name = text:match("^%s*\\begin%s*{(%a+)%*?}")
  return displays[name] and text:match("\\end%s*{" .. name .. "%*?}%s*$") ~= nil
end

-- The Typst of raw TeX: nothing for definitions of macros, a formula, a reference to one; nil for what is none of these.
local function raw_tex(raw)
  if not is_tex(raw) then return nil end
  local rest = attempt(raw.text, converter.define, raw.text, macros)
  if is_display(rest) then return equation(rest, true) end
  return reference(rest) or rest ~= raw.text and not rest:match("%S") and "" or nil
end

local function set_block(raw)
  local code = raw_tex(raw)
  if code then return code == "" and {} or pandoc.Para({pandoc.RawInline("typst", code)}) end
end

local function set_inlines(inlines)
  local out, at, changed = pandoc.Inlines({}), 1, false
  while at <= #inlines do
    local inline = inlines[at]
    local before, math = opening(inline), inlines[at + 1]
    local after = before and math and math.t == "Math" and closing(inlines[at + 2])
    local code
    if after then
      code = labelled(before, math.text, after)
      at = at + 2
    elseif inline.t == "Math" then
      code = equation(inline.text, inline.mathtype == "DisplayMath")
    elseif inline.t == "RawInline" then
      code = raw_tex(inline)
    end
    if code ~= "" then out:insert(code and pandoc.RawInline("typst", code) or inline) end
    at, changed = at + 1, changed or code ~= nil
  end
  return changed and out or nil
end

-- -- the front matter and the labels ------------------------------------------------------------------------------------

-- TeX that stands in the front matter, as it was written.
local function source(value)
  local kind, parts = pandoc.utils.type(value), {}
  if kind == "string" then return value end
  local function add(element) parts[#parts + 1] = element.text end
  local function gap() parts[#parts + 1] = " " end
  local wrapped = kind == "Inlines" and pandoc.Plain(value) or kind == "Blocks" and pandoc.Div(value) or nil
  if wrapped then
    pandoc.walk_block(wrapped, {traverse = "topdown", RawInline = add, RawBlock = add, Str = add, Math = add, Space = gap, SoftBreak = gap})
  elseif kind == "List" then
    for _, item in ipairs(value) do parts[#parts + 1] = source(item) end
  end
  return table.concat(parts)
end

-- The language of the words, and macros of the whole document: `header-includes: | \newcommand…`, `macros: | \newcommand…` or `macros: {R: '\mathbb{R}'}`.
local function front_matter(meta)
  if meta.lang then converter.language(pandoc.utils.stringify(meta.lang)) end
  for _, key in ipairs({"header-includes", "macros"}) do
    local value = meta[key]
    if value and pandoc.utils.type(value) == "table" then
      for name, text in pairs(value) do
        local parts = pandoc.utils.type(text) == "List" and text or {text}
        macros[name] = {body = source(parts[1]), count = tonumber(parts[2] and source(parts[2]) or "0") or 0}
      end
    elseif value then
      local text = source(value)
      attempt(text, converter.define, text, macros)
    end
  end
end

local function note_labels(element)
  if element.t ~= "Math" and not is_tex(element) then return nil end
  local first = element.text:match("\\label%s*{([^}]*)}")
  local tag = element.text:match("\\tag%*?%s*{([^}]*)}")
  for label in element.text:gmatch("\\label%s*{([^}]*)}") do labels[label] = {name = first, tag = tag} end
end

return {
  {Meta = front_matter, Math = note_labels, RawBlock = note_labels, RawInline = note_labels},
  {traverse = "topdown", RawBlock = set_block, Inlines = set_inlines},
}
