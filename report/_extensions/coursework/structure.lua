-- Small repairs of structure that Markdown has no words for: marks in headings, paragraphs that lead to what follows
-- them, and columns of numbers, and words that Typst would take for markup. Under Quarto it also takes away boxes that the built-in renderer does not make.

if not FORMAT:match("typst") then return {} end

local stringify = pandoc.utils.stringify

-- -- Quarto's boxes ---------------------------------------------------------------------------------------------------
-- Quarto keeps each cell, output and embedded cell in a Div, which becomes a block of Typst's. In it a figure does not move
-- to the top of a page, the space above and below is another, and a paragraph does not see the formula or code after it.

local boxes = {"cell", "cell-output", "quarto-embed-nb-cell"}

local function unboxed(div)
  for _, class in ipairs(boxes) do
    if div.identifier == "" and div.classes:includes(class) then return div.content end
  end
end

-- -- comments ---------------------------------------------------------------------------------------------------------
-- Pandoc keeps them as raw HTML, which ends in no PDF but leaves its space. What marks a formula belongs to it, so that the
-- space before it goes too: the built-in renderer has taken out both before.

local function is_comment(raw) return raw.format == "html" and raw.text:match("^%s*<!%-%-.*%-%->%s*$") ~= nil end

local function without_comments(inlines)
  local kept = pandoc.Inlines({})
  for _, inline in ipairs(inlines) do
    if inline.t ~= "RawInline" or not is_comment(inline) then
      kept:insert(inline)
    elseif inline.text:match("unchecked") and #kept > 0 and kept[#kept].t == "Space" then
      kept:remove(#kept)
    end
  end
  return #kept < #inlines and kept or nil
end

local function without_comment(raw)
  if is_comment(raw) then return {} end
end

-- Quarto writes a callout into a block too. This is the same call without it, and without the icon that is not printed.
-- The template knows the kind by the colour of Quarto's icon.
local icon_colors = {note = "#0758E5", tip = "#00A047", important = "#CC1914", warning = "#EB9113", caution = "#FC5300"}

local function callout(node)
  local out = pandoc.Blocks({pandoc.RawBlock("typst", "#callout(body: [")})
  out:extend(quarto.utils.as_blocks(node.content))
  local closing = pandoc.Inlines({pandoc.RawInline("typst", "], title: [")})
  closing:extend(quarto.utils.as_inlines(node.title or pandoc.Str(node.type:gsub("^%l", string.upper))))
  closing:insert(pandoc.RawInline("typst", '], icon_color: rgb("' .. (icon_colors[node.type] or "#000000") .. '"))'))
  out:insert(pandoc.Plain(closing))
  return out
end

-- Quarto makes a paragraph of a shortcode that stands alone in a table cell or list item. Elsewhere a Para in a cell comes
-- with more blocks, and a list has either only Paras (a loose one) or none.
local function plain(blocks)
  return #blocks == 1 and blocks[1].t == "Para" and pandoc.Blocks({pandoc.Plain(blocks[1].content)}) or blocks
end

local function tight(list)
  local found = {}
  for _, item in ipairs(list.content) do
    if item[1] then found[item[1].t] = true end
  end
  if not (found.Plain and found.Para) then return nil end
  for index, item in ipairs(list.content) do list.content[index] = plain(item) end
  return list
end

-- -- marks: "# Title [10 marks]" or "# Title [10 marks]{.marks}" -----------------------------------------------------

local function marks(inlines)
  local bare = not stringify(inlines):match("^%[")
  local out = pandoc.Inlines({pandoc.RawInline("typst", "#marks[" .. (bare and "\\[" or ""))})
  out:extend(inlines)
  out:insert(pandoc.RawInline("typst", (bare and "\\]" or "") .. "]"))
  return out
end

local function heading(header)
  local content = header.content
  for at = #content, 1, -1 do
    if content[at].t == "Span" and content[at].classes:includes("marks") then
      local kept = pandoc.Inlines({table.unpack(content, 1, at - 1)})
      kept:extend(marks(content[at].content))
      kept:extend({table.unpack(content, at + 1)})
      header.content = kept
      return header
    end
    local rest = pandoc.Inlines({table.unpack(content, at)})
    if stringify(rest):gsub("\u{a0}", " "):match("^%[%d+ marks?%]$") then
      header.content = pandoc.Inlines({table.unpack(content, 1, at - 1)})
      header.content:extend(marks(rest))
      return header
    end
  end
end

-- -- paragraphs that lead to a formula --------------------------------------------------------------------------------

local function is_display(inline) return inline ~= nil and inline.t == "Math" and inline.mathtype == "DisplayMath" end

local function opens_equation(inline)
  return inline ~= nil and inline.t == "RawInline" and inline.format == "typst" and inline.text:match("^#math%.equation%(block: true") ~= nil
end

local function trimmed(inlines)
  local first, last = 1, #inlines
  local function blank(inline) return inline.t == "Space" or inline.t == "SoftBreak" or inline.t == "LineBreak" end
  while first <= last and blank(inlines[first]) do first = first + 1 end
  while last >= first and blank(inlines[last]) do last = last - 1 end
  return pandoc.Inlines({table.unpack(inlines, first, last)})
end

-- A paragraph as text and formulas by turns: {inlines, display} pairs.
local function pieces(para)
  local out, text, at = {}, pandoc.Inlines({}), 1
  local content = para.content
  local function add(inlines, display)
    inlines = trimmed(inlines)
    if #inlines > 0 then out[#out + 1] = {inlines = inlines, display = display} end
  end
  while at <= #content do
    local whole = nil
    if opens_equation(content[at]) and content[at + 1] and content[at + 1].t == "Math" then
      whole = pandoc.Inlines({content[at], content[at + 1], content[at + 2]})
    elseif is_display(content[at]) then
      whole = pandoc.Inlines({content[at]})
    end
    if whole then
      add(text, false)
      add(whole, true)
      text, at = pandoc.Inlines({}), at + #whole
    else
      text:insert(content[at])
      at = at + 1
    end
  end
  add(text, false)
  return out
end

-- A long paragraph may break and leave its end with the formula; to move all of it would leave a gap.
local longest_lead_in = 480

local function short(inlines) return #stringify(inlines) <= longest_lead_in end

local function lead_in(inlines)
  if inlines[1] and inlines[1].t == "RawInline" then return pandoc.Blocks({pandoc.Para(inlines)}) end -- what it opens ends elsewhere
  return pandoc.Blocks({pandoc.RawBlock("typst", "#lead-in["), pandoc.Para(inlines), pandoc.RawBlock("typst", "]")})
end

-- Does a block begin with a displayed formula, or is it one that a colon announces?
local function begins_with_formula(block)
  if block == nil then return false end
  if block.t == "Para" or block.t == "Plain" then
    return is_display(block.content[1]) or opens_equation(block.content[1])
  end
  if block.t == "Div" then return begins_with_formula(block.content[1]) end
  return false
end

-- A note has its number on the line of its first words, which no block may hold together.
local function noted(note)
  local first = note.content[1]
  if first.t == "RawBlock" and first.text == "#lead-in[" then
    note.content:remove(3)
    note.content:remove(1)
    return note
  end
end

local function announced(block)
  return block ~= nil and (block.t == "BulletList" or block.t == "OrderedList" or block.t == "CodeBlock")
end

local function blocks(list)
  local out, changed = pandoc.Blocks({}), false
  for index, block in ipairs(list) do
    if block.t == "Para" then
      local parts = pieces(block)
      local last = parts[#parts]
      local following = list[index + 1]
      local ends = last and not last.display and stringify(last.inlines):match("(%p?)$")
      local leads = ends and (begins_with_formula(following) and not ends:match("[.?!]") or announced(following) and ends == ":")
      if #parts > 1 or leads then
        changed = true
        for at, piece in ipairs(parts) do
          local before_formula = parts[at + 1] and parts[at + 1].display or at == #parts and leads
          if not piece.display and before_formula and short(piece.inlines) then
            out:extend(lead_in(piece.inlines))
          else
            out:insert(pandoc.Para(piece.inlines))
          end
        end
      else
        out:insert(block)
      end
    else
      out:insert(block)
    end
  end
  return changed and out or nil
end

-- -- columns of numbers -----------------------------------------------------------------------------------------------

local no_value = {}
for word in ("– — … ... NaN nan NaT None <NA> NA N/A inf -inf"):gmatch("%S+") do no_value[word] = true end

local function numeric(cell)
  local text = stringify(cell.contents):gsub("\u{a0}", " "):gsub("\u{2009}", " ")
  if text == "" or no_value[text] then return nil end
  -- what a number may hold besides ASCII digits: true minus, times, plus-minus, raised signs, a currency, stars
  local plain = text:gsub("−", "-"):gsub("×", "x"):gsub("±", "x"):gsub("^([-+]?)%$", "%1"):gsub("€", ""):gsub("£", ""):gsub("%*+$", "")
  for _, raised in ipairs({"⁻", "⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"}) do plain = plain:gsub(raised, "") end
  return plain:match("^[-+]?%.?%d[%d., x%%-]*$") ~= nil
end

-- A number does not break: "1.2 × 10⁻⁷".
local unbroken = {Space = function() return pandoc.Str("\u{a0}") end, SoftBreak = function() return pandoc.Str("\u{a0}") end}

local function columns(tbl)
  local changed = false
  for _, body in ipairs(tbl.bodies) do
    for _, row in ipairs(body.body) do
      for _, cell in ipairs(row.cells) do
        local contents = plain(cell.contents)
        if contents ~= cell.contents then
          cell.contents = contents
          changed = true
        end
        if numeric(cell) then
          cell.contents = cell.contents:walk(unbroken)
          changed = true
        end
      end
    end
  end
  for index, spec in ipairs(tbl.colspecs) do
    if spec[1] == pandoc.AlignDefault or spec[1] == "AlignDefault" then
      local numbers, others = 0, 0
      for _, body in ipairs(tbl.bodies) do
        for _, row in ipairs(body.body) do
          local cell = row.cells[index]
          local found = cell and numeric(cell)
          if found then numbers = numbers + 1 elseif found == false then others = others + 1 end
        end
      end
      if others == 0 and numbers > 0 then
        tbl.colspecs[index] = {pandoc.AlignRight, spec[2]}
      else
        tbl.colspecs[index] = {pandoc.AlignLeft, spec[2]}
      end
      changed = true
    end
  end
  return changed and tbl or nil
end

-- -- what Typst would take for markup -----------------------------------------------------------------------------------
-- Behind a bracket or at the beginning of a line "1. ", "- ", "+ ", "= " and "/ " begin a list or a heading; pandoc's writer
-- escapes them at the beginning of paragraphs alone.

local function is_mark(text) return text:match("^%d+%.$") or text:match("^[-+/]$") or text:match("^=+$") end

local function at_beginning(before)
  return before == nil or before.t == "LineBreak" or before.t == "SoftBreak" or before.t == "RawInline" and before.text:match("%[$")
end

local function escaped(inlines)
  local changed = false
  for at, inline in ipairs(inlines) do
    local following = inlines[at + 1]
    local is_apart = following and (following.t == "Space" or following.t == "SoftBreak")
    if inline.t == "Str" and is_apart and is_mark(inline.text) and at_beginning(inlines[at - 1]) then
      inlines[at] = pandoc.RawInline("typst", (inline.text:gsub("[-+/=.]", "\\%0")))
      changed = true
    end
  end
  return changed and inlines or nil
end

return {
  {Inlines = without_comments, RawBlock = without_comment},
  {Div = unboxed, Callout = callout, BulletList = tight, OrderedList = tight},
  {Header = heading, Blocks = blocks, Table = columns},
  {Inlines = escaped, Note = noted},
}
