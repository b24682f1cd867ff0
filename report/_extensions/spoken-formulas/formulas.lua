-- Sets every formula as Typst and gives it an alternative text in words. Runs after Quarto's own filters, on the tree that
-- they leave (and that the built-in renderer makes alike): there a labelled formula stands between two pieces of Typst,
--   #math.equation(block: true, numbering: equation-numbering, [ …formula… ])<eq-name>
-- A formula that cannot be set stops the build through assert: Quarto turns error() into a line of its log.

local folder = pandoc.path.directory(PANDOC_SCRIPT_FILE)
local converter = dofile(pandoc.path.join({folder, "converter.lua"}))(folder)
local macros = converter.macros()

-- What `step` makes of a formula; a refusal names the reason and, after the colon, the formula.
local function attempt(formula, step, ...)
  local well, result = pcall(step, ...)
  local reason = type(result) == "table" and result.refused or tostring(result)
  assert(well, "A formula cannot be set (" .. tostring(reason) .. "): " .. formula)
  return result
end

local function read(formula) return attempt(formula, converter.read, formula, macros) end

local function write(tree, formula, display) return attempt(formula, converter.write, tree, display) end

local function speak(tree, formula) return attempt(formula, converter.say, tree) end

local function quoted(text)
  return '"' .. text:gsub("\\", "\\\\"):gsub('"', '\\"'):gsub("%s+", " ") .. '"'
end

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
local function body(code) return "$ " .. code .. " $.body" end

local function set_formulas(inlines)
  local out, at, changed = pandoc.Inlines({}), 1, false
  while at <= #inlines do
    local inline = inlines[at]
    local before, math = opening(inline), inlines[at + 1]
    local after = before and math and math.t == "Math" and closing(inlines[at + 2])
    if after then
      local tree = read(math.text)
      local alt = before:match(", alt: ") and "" or ", alt: " .. quoted(speak(tree, math.text))
      out:insert(pandoc.RawInline("typst", before .. alt .. ", " .. body(write(tree, math.text, true)) .. ")" .. after))
      at, changed = at + 2, true
    elseif inline.t == "Math" then
      local display = inline.mathtype == "DisplayMath"
      local tree = read(inline.text)
      local block = display and "block: true, " or ""
      -- The semicolon ends the code, so that a bracket which follows in the text is text.
      out:insert(pandoc.RawInline("typst", "#math.equation(" .. block .. "alt: " .. quoted(speak(tree, inline.text)) .. ", "
        .. body(write(tree, inline.text, display)) .. ");"))
      changed = true
    else
      out:insert(inline)
    end
    at = at + 1
  end
  return changed and out or nil
end

if not FORMAT:match("typst") then return {} end
return {{Inlines = set_formulas}}
