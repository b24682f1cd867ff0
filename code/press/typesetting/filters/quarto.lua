-- Does what Quarto's own filters do with blocks: floats, sub-floats, callouts, columns and tables become the Typst that
-- Quarto would write. `foreign.lua` and `references.lua` run before it, the extension's filters, which both renderers
-- share, after it.

local floats = { fig = true, tbl = true, lst = true }
local caption_position = { fig = "bottom", tbl = "top", lst = "top" }
local callouts = {
  note = { title = "Note", icon = "#0758E5", background = "#dae6fb" },
  tip = { title = "Tip", icon = "#00A047", background = "#ccf1e3" },
  important = { title = "Important", icon = "#CC1914", background = "#f7dddc" },
  warning = { title = "Warning", icon = "#EB9113", background = "#fcefdc" },
  caution = { title = "Caution", icon = "#FC5300", background = "#ffe5d0" },
}

local function raw(text)
  return pandoc.RawInline("typst", text)
end

local function raw_block(text)
  return pandoc.RawBlock("typst", text)
end

local function quoted(text)
  return '"' .. text:gsub("\\", "\\\\"):gsub('"', '\\"') .. '"'
end

local function kind_of(identifier)
  local kind = identifier:match("^(%a+)%-")
  return floats[kind] and kind
end

-- The frame defines the words before numbers, which the document's language and options decide.
local function word(kind, use)
  return "crossref." .. kind .. "." .. use
end

-- Floats ------------------------------------------------------------------------------------------------------------

local function caption_of(blocks)
  local last = blocks[#blocks]
  if last and (last.t == "Para" or last.t == "Plain") then
    blocks:remove(#blocks)
    return last.content
  end
  return pandoc.Inlines({})
end

local convert

local function side_by_side(columns, opening, cells)
  local result = pandoc.Blocks({ raw_block("#grid(columns: " .. columns .. ",") })
  for _, cell in ipairs(cells) do
    result:insert(raw_block(opening))
    result:extend(cell)
    result:insert(raw_block("],"))
  end
  result:insert(raw_block(")"))
  return result
end

local function grid(columns, cells)
  return side_by_side(columns .. ", gutter: 2em", "[", cells)
end

-- A table's label ends its caption, `: Losses. {#tbl-x}`: returns label and the caption without it.
local function table_caption(element)
  local identifier = element.identifier
  local caption = element.caption.long[1] and element.caption.long[1].content or pandoc.Inlines({})
  local last = caption[#caption]
  if last and last.t == "Str" and last.text:match("^{#tbl%-[%w_-]+}$") then
    identifier = last.text:sub(3, -2)
    caption:remove(#caption)
    if #caption > 0 and caption[#caption].t == "Space" then
      caption:remove(#caption)
    end
  end
  return identifier, caption
end

-- tbl-colwidths="[30,70]": the columns' widths in percent, on the table's caption or the block around it.
local function set_widths(element, text)
  local widths = {}
  for number in text:gmatch("%d+%.?%d*") do
    table.insert(widths, number / 100)
  end
  assert(#widths == #element.colspecs, "tbl-colwidths must hold a number for each column: " .. text)
  element.colspecs = element.colspecs:map(function(spec)
    return { spec[1], table.remove(widths, 1) }
  end)
end

-- What stands side by side without being parts of a float: columns of one width over the whole line.
local function panel(columns, cells)
  assert(columns and columns > 0, "layout-ncol must be a whole number")
  local widths = string.rep("1fr", columns, ", ")
  return side_by_side("(" .. widths .. ",), gutter: 1em", "rect(stroke: none, width: 100%)[", cells)
end

local function has_subfloats(blocks)
  for _, block in ipairs(blocks) do
    local identifier = block.identifier
    if block.t == "Table" then
      identifier = table_caption(block:clone())
    end
    if (block.t == "Div" or block.t == "Figure" or block.t == "Table") and kind_of(identifier) then
      return true
    end
  end
  return false
end

local function cells_of(blocks)
  local cells = {}
  for _, block in ipairs(blocks) do
    table.insert(cells, convert(pandoc.Blocks({ block })))
  end
  return cells
end

-- How many columns the parts stand in: layout-ncol, or layout-nrow, or as many as the longest row of layout.
local function columns_of(attributes, count)
  if attributes["layout-ncol"] then
    return attributes["layout-ncol"]
  elseif attributes["layout-nrow"] then
    return tostring(math.ceil(count / tonumber(attributes["layout-nrow"])))
  elseif attributes["layout"] then
    local longest = 0
    for row in attributes["layout"]:gsub("^%s*%[", ""):gmatch("%[([^%[%]]*)%]") do
      local _, commas = row:gsub(",", ",")
      longest = math.max(longest, commas + 1)
    end
    return longest > 0 and tostring(longest) or nil
  end
end

local function float(identifier, attributes, blocks, caption, unnumbered)
  local kind = unnumbered or kind_of(identifier)
  local numbered = not unnumbered
  local columns = columns_of(attributes, #blocks)
  local position = caption_position[kind]
  local label = identifier ~= "" and "<" .. identifier .. ">" or ""
  if has_subfloats(blocks) then
    local result = pandoc.Blocks({
      pandoc.Plain({
        raw('#quarto_super(kind: "quarto-float-' .. kind .. '", caption: ['),
        pandoc.Span(caption),
        raw("], label: " .. label .. ", position: " .. position .. ", supplement: " .. word(kind, "title")
          .. ', subcapnumbering: "(a)", ['),
      }),
    })
    result:extend(grid(columns or "1", cells_of(blocks)))
    result:insert(raw_block("])"))
    return result
  end
  local result = pandoc.Blocks({ raw_block("#figure([") })
  result:extend(columns and grid(columns, cells_of(blocks)) or convert(blocks))
  if unnumbered and #caption == 0 then
    result:insert(pandoc.Plain({ raw('], kind: "quarto-float-' .. kind .. '", supplement: none, numbering: none)' .. label) }))
    return result
  end
  local closing = pandoc.Inlines({ raw("], caption: figure.caption(position: " .. position .. ", [") })
  closing:extend(caption)
  closing:insert(raw(']), kind: "quarto-float-' .. kind .. '", supplement: ' .. word(kind, "title") .. ", "
    .. (numbered and "" or "numbering: none, ") .. ")" .. label))
  result:insert(pandoc.Plain(closing))
  return result
end

-- What a block is called: by an attribute, or by a heading that begins it and is none of the document's; nil if by neither.
local function title_of(div, attribute)
  local first = div.content[1]
  if div.attributes[attribute] then
    return pandoc.Inlines(pandoc.read(div.attributes[attribute], "markdown-auto_identifiers").blocks[1].content)
  elseif first and first.t == "Header" then
    div.content:remove(1)
    return first.content
  end
end

local function callout(div, name)
  local look = callouts[name]
  local title = title_of(div, "title") or pandoc.Inlines({ pandoc.Str(look.title) })
  local result = pandoc.Blocks({ raw_block("#callout(body: [") })
  result:extend(convert(div.content))
  local closing = pandoc.Inlines({ raw("], title: [") })
  closing:extend(title)
  closing:insert(raw('], background_color: rgb("' .. look.background .. '"), icon_color: rgb("' .. look.icon
    .. '"), icon: none, body_background_color: white)'))
  result:insert(pandoc.Plain(closing))
  return result
end

-- Theorems and their like: the frame sets number and name before the body.
local theorems = { thm = 1, lem = 1, cor = 1, prp = 1, cnj = 1, def = 1, exm = 1, exr = 1, alg = 1, rem = 1, sol = 1 }

local function theorem(div, kind)
  local name = title_of(div, "name")
  local opening = pandoc.Inlines({ raw('#figure(kind: "quarto-' .. kind .. '", supplement: ' .. word(kind, "title") .. ", [") })
  local first = div.content[1]
  if first and first.t == "Para" then -- without a break, so that it goes on behind the number
    opening:extend(first.content)
    div.content:remove(1)
  end
  local result = pandoc.Blocks({ pandoc.Plain(opening) })
  result:extend(convert(div.content))
  local closing = pandoc.Inlines({ raw("]") })
  if name then
    closing:insert(raw(", caption: ["))
    closing:extend(name)
    closing:insert(raw("]"))
  end
  closing:insert(raw(")<" .. div.identifier .. ">"))
  result:insert(pandoc.Plain(closing))
  return result
end

-- Proofs, remarks and solutions without a number: the word, and the name if there is one, begin the first paragraph.
local proofs = { proof = "proof", remark = "rem", solution = "sol" }

local function proof(div, kind)
  local name = title_of(div, "name")
  local opening = pandoc.Inlines({ raw("#emph(" .. word(kind, "title") .. ")") })
  if name then
    opening:insert(pandoc.Str(" ("))
    opening:extend(name)
    opening:insert(pandoc.Str(")"))
  end
  opening:extend({ pandoc.Str("."), pandoc.Space() })
  local first = div.content[1]
  if first and first.t == "Para" then
    opening:extend(first.content)
    div.content:remove(1)
  end
  div.content:insert(1, pandoc.Para(opening))
  return convert(div.content)
end

-- A table whose columns cannot become narrow enough for the page is set in smaller letters: its longest words decide.
-- In one that is wider still, words break anywhere.
local line_length = 84
local smallest = 0.5

local function longest_word(blocks)
  local longest = 0
  for word in pandoc.utils.stringify(blocks):gmatch("%S+") do
    -- code breaks anywhere
    longest = math.max(longest, math.min(utf8.len(word) or #word, 24))
  end
  return longest
end

local function fitted(element)
  local widest = {}
  local function look(rows)
    for _, row in ipairs(rows) do
      local column = 1
      for _, cell in ipairs(row.cells) do
        if cell.col_span == 1 then
          widest[column] = math.max(widest[column] or 0, longest_word(cell.contents))
        end
        column = column + cell.col_span
      end
    end
  end
  look(element.head.rows)
  for _, body in ipairs(element.bodies) do
    look(body.head)
    look(body.body)
  end
  local needed = 0
  for _, width in pairs(widest) do
    needed = needed + width + 2.4
  end
  if needed <= line_length then
    return pandoc.Blocks({ element })
  end
  local scale = math.max(line_length / needed, smallest)
  local opening = string.format("#[#set text(size: %.2fem)\n#set table(inset: (x: %.1fpt, y: 3pt))", scale, 6 * scale)
  if line_length / needed < smallest then
    opening = opening .. '\n#show regex("\\S{4,}"): word => word.text.clusters().join(box(width: 0pt))'
  end
  return pandoc.Blocks({ raw_block(opening), element, raw_block("]") })
end

local function table_float(element)
  local identifier, caption = table_caption(element)
  local widths = element.attributes["tbl-colwidths"]
  if widths then
    set_widths(element, widths)
    element.attributes["tbl-colwidths"] = nil
  end
  element.caption = { long = {} }
  element.classes:insert("typst:no-figure")
  element.identifier = ""
  if kind_of(identifier) then
    return float(identifier, {}, pandoc.Blocks({ element }), caption)
  elseif #caption > 0 then
    return float(identifier, {}, pandoc.Blocks({ element }), caption, "tbl")
  end
  return fitted(element)
end

-- ```{#lst-x .python lst-cap="…"}
local function listing(element)
  local identifier, caption = element.identifier, element.attributes["lst-cap"]
  assert(not caption or kind_of(identifier) == "lst", "a listing with a caption needs a label {#lst-…}: " .. (caption or ""))
  if kind_of(identifier) ~= "lst" then
    return pandoc.Blocks({ element })
  end
  assert(caption and caption ~= "", 'the listing ' .. identifier .. ' needs a caption lst-cap="…"')
  element.identifier = ""
  element.attributes["lst-cap"] = nil
  return float(identifier, {}, pandoc.Blocks({ element }), pandoc.read(caption, "markdown").blocks[1].content)
end

-- Blocks that are for one kind of output alone.
local function visible(div)
  local function is_here(list)
    for name in (list or ""):gmatch("[%w-]+") do
      if name == "pdf" or name == "typst" then return true end
    end
    return false
  end
  local holds = true
  if div.attributes["when-format"] then holds = is_here(div.attributes["when-format"]) end
  if div.attributes["unless-format"] then holds = not is_here(div.attributes["unless-format"]) end
  if div.classes:includes("content-hidden") then return not holds end
  return not div.classes:includes("content-visible") or holds
end

-- ::: {.columns} with ::: {.column width="40%"} in it
local function columns(div)
  local widths, cells = {}, {}
  for _, inner in ipairs(div.content) do
    if inner.t == "Div" and inner.classes:includes("column") then
      local share = (inner.attributes.width or ""):match("^(%d+%.?%d*)%%$")
      table.insert(widths, share and share .. "fr" or "1fr")
      inner.attributes.width = nil
    else
      table.insert(widths, "1fr")
    end
    table.insert(cells, convert(pandoc.Blocks({ inner })))
  end
  return side_by_side("(" .. table.concat(widths, ", ") .. ",), gutter: 1em", "[", cells)
end

local function block(element)
  if element.t == "CodeBlock" then
    return listing(element)
  elseif element.t == "Table" then
    if element.classes:includes("typst:no-figure") then
      return fitted(element)
    end
    return table_float(element)
  elseif element.t == "Figure" then
    local identifier = element.identifier
    local caption = element.caption.long[1] and element.caption.long[1].content or pandoc.Inlines({})
    return float(identifier, {}, element.content, caption, not kind_of(identifier) and "fig" or nil)
  elseif element.t == "Div" then
    for _, class in ipairs(element.classes) do
      local name = class:match("^callout%-(%a+)$")
      if name then
        return callout(element, name)
      end
    end
    local kind = element.identifier:match("^(%a+)%-")
    if theorems[kind] then
      return theorem(element, kind)
    end
    for class, of in pairs(proofs) do
      if element.classes:includes(class) then
        return proof(element, of)
      end
    end
    if element.classes:includes("pagebreak") then
      return pandoc.Blocks({ raw_block("#pagebreak()") })
    elseif not visible(element) then
      return pandoc.Blocks({})
    elseif element.identifier == "refs" then
      return pandoc.Blocks({ raw_block("#sources()") })
    elseif element.classes:includes("columns") then
      return columns(element)
    elseif element.attributes["fig-align"] and not kind_of(element.identifier) and not element.attributes["float"] then
      local inner = element:clone()
      inner.attributes["fig-align"] = nil
      local aligned = pandoc.Blocks({ raw_block("#align(" .. element.attributes["fig-align"] .. ")[") })
      aligned:extend(convert(pandoc.Blocks({ inner })))
      aligned:insert(raw_block("]"))
      return aligned
    elseif element.attributes["float"] then
      local content = element.content
      local caption = element.attributes["uncaptioned"] and pandoc.Inlines({}) or caption_of(content)
      return float("", element.attributes, content, caption, element.attributes["float"])
    elseif kind_of(element.identifier) then
      local content = element.content
      for _, inner in ipairs(content) do
        if inner.t == "Table" and element.attributes["tbl-colwidths"] then
          inner.attributes["tbl-colwidths"] = inner.attributes["tbl-colwidths"] or element.attributes["tbl-colwidths"]
        end
      end
      local caption = element.attributes["uncaptioned"] and pandoc.Inlines({}) or caption_of(content)
      return float(element.identifier, element.attributes, content, caption)
    elseif columns_of(element.attributes, #element.content) then
      return panel(tonumber(columns_of(element.attributes, #element.content)), cells_of(element.content))
    end
    local inner = convert(element.content)
    if element.identifier ~= "" then
      -- so that a link finds it
      inner:insert(1, pandoc.Plain({ raw("#metadata(none)<" .. element.identifier .. ">") }))
    end
    return inner
  elseif element.t == "BlockQuote" then
    element.content = convert(element.content)
    return pandoc.Blocks({ element })
  elseif element.t == "BulletList" or element.t == "OrderedList" then
    for index, item in ipairs(element.content) do
      element.content[index] = convert(item)
    end
    return pandoc.Blocks({ element })
  elseif element.t == "DefinitionList" then
    for _, entry in ipairs(element.content) do
      for index, definition in ipairs(entry[2]) do
        entry[2][index] = convert(definition)
      end
    end
    return pandoc.Blocks({ element })
  end
  return pandoc.Blocks({ element })
end

convert = function(blocks)
  local result = pandoc.Blocks({})
  for _, element in ipairs(blocks) do
    result:extend(block(element))
  end
  return result
end

return {
  {
    Pandoc = function(document)
      document.blocks = convert(document.blocks)
      return document
    end,
  },
}
