-- Does what Quarto's own filters do with blocks: floats, sub-floats, callouts, columns and tables become the Typst that
-- Quarto would write. `foreign.lua` and `references.lua` run before it, the extension's filters, which both renderers
-- share, after it.

local floats = { fig = true, tbl = true, lst = true }
local caption_position = { fig = "bottom", tbl = "top", lst = "top" }
local callouts = {
  note = { kind = "nte", icon = "#0758E5", background = "#dae6fb" },
  tip = { kind = "tip", icon = "#00A047", background = "#ccf1e3" },
  important = { kind = "imp", icon = "#CC1914", background = "#f7dddc" },
  warning = { kind = "wrn", icon = "#EB9113", background = "#fcefdc" },
  caution = { kind = "cau", icon = "#FC5300", background = "#ffe5d0" },
}

local function raw(text) return pandoc.RawInline("typst", text) end

-- A line of Typst with words of the document in it: texts are Typst.
local function line(parts)
  local result = pandoc.Inlines({})
  for _, part in ipairs(parts) do
    result:extend(type(part) == "string" and { raw(part) } or part)
  end
  return result
end

-- Blocks between two pieces of Typst, each a text or a line.
local function within(opening, blocks, closing)
  local function piece(part) return type(part) == "string" and pandoc.RawBlock("typst", part) or pandoc.Plain(part) end
  local result = pandoc.Blocks({ piece(opening) })
  result:extend(blocks)
  result:insert(piece(closing))
  return result
end

local function kind_of(identifier)
  local kind = identifier:match("^(%a+)%-")
  return floats[kind] and kind
end

-- The frame defines the words before numbers, which the document's language and options decide.
local function word(kind, use) return "crossref." .. kind .. "." .. use end

-- Floats ------------------------------------------------------------------------------------------------------------

local convert

local function side_by_side(columns, opening, cells)
  local inside = pandoc.Blocks({})
  for _, cell in ipairs(cells) do
    inside:extend(within(opening, cell, "],"))
  end
  return within("#grid(columns: " .. columns .. ",", inside, ")")
end

-- A table's label ends its caption, `: Losses. {#tbl-x}`: returns label and the caption without it.
local function table_caption(element)
  local identifier = element.identifier
  local caption = element.caption.long[1] and element.caption.long[1].content:clone() or pandoc.Inlines({})
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

-- The caption of a float that is a block: its last paragraph, or that of its only table.
local function caption_of(blocks)
  local last = blocks[#blocks]
  if last and (last.t == "Para" or last.t == "Plain") then
    blocks:remove(#blocks)
    return last.content
  elseif last and last.t == "Table" and #blocks == 1 then
    local identifier, caption = table_caption(last)
    if identifier == "" then
      last.caption = { long = {} }
      return caption
    end
  end
  return pandoc.Inlines({})
end

-- tbl-colwidths="[30,70]": the columns' widths in percent, on the table's caption or the block around it.
local function set_widths(element, text)
  local widths = {}
  if text == "auto" or text == "true" then return end
  for number in text:gmatch("%d+%.?%d*") do
    table.insert(widths, number / 100)
  end
  assert(#widths == #element.colspecs, "tbl-colwidths must hold a number for each column: " .. text)
  element.colspecs = element.colspecs:map(function(spec)
    return { spec[1], table.remove(widths, 1) }
  end)
end

-- Whether a float has parts, which are numbered with it: they must be of its kind.
local function has_subfloats(blocks, whole)
  local found = false
  for _, block in ipairs(blocks) do
    local identifier = block.t == "Table" and table_caption(block) or block.identifier or ""
    local kind = (block.t == "Div" or block.t == "Figure" or block.t == "Table") and kind_of(identifier)
    found = found or kind
    local wanted = kind_of(whole)
    assert(not (kind and wanted) or kind == wanted, "a part of " .. whole .. " would have no number, unless its name begins"
      .. " with " .. (wanted or "") .. "-: " .. identifier)
  end
  return found
end

-- Each block is a cell of its own, but a heading stands above what follows it.
local function cells_of(blocks)
  local cells, above = {}, pandoc.Blocks({})
  for index, block in ipairs(blocks) do
    above:insert(block)
    if block.t ~= "Header" or index == #blocks then
      table.insert(cells, convert(above))
      above = pandoc.Blocks({})
    end
  end
  return cells
end

-- The rows that parts stand in, each with the widths of its columns; a negative width is a gap. Nil where nothing is said.
local function rows_of(attributes, count)
  local function number(key)
    local found = math.tointeger(tonumber(attributes[key]))
    assert(found and found > 0, key .. " must be a whole number: " .. attributes[key])
    return found
  end
  local function equal(columns)
    local row = {}
    for _ = 1, columns do table.insert(row, 1) end
    return { row }
  end
  if attributes["layout-ncol"] then
    return equal(number("layout-ncol"))
  elseif attributes["layout-nrow"] then
    return equal(math.max(1, math.ceil(count / number("layout-nrow"))))
  elseif attributes["layout"] then
    local rows = {}
    local text = attributes["layout"]:gsub("^%s*%[%s*%[", "["):gsub("%]%s*%]%s*$", "]")
    for inner in text:gmatch("%[([^%[%]]*)%]") do
      local row, widest = {}, 0
      for width in inner:gmatch("[^,%s]+") do
        assert(tonumber(width), "layout must hold rows of numbers: " .. attributes["layout"])
        table.insert(row, tonumber(width))
        widest = math.max(widest, row[#row])
      end
      assert(widest > 0, "a row of layout must have a width above 0: " .. attributes["layout"])
      table.insert(rows, row)
    end
    assert(#rows > 0, "layout must hold rows of numbers: " .. attributes["layout"])
    return rows
  end
end

local function even(rows)
  for _, row in ipairs(rows) do
    for _, width in ipairs(row) do
      if #row ~= #rows[1] or width ~= rows[1][1] or width <= 0 then return false end
    end
  end
  return true
end

local in_float = { opening = "[", gutter = ", gutter: 2em", same = tostring }

-- What stands side by side without being parts of a float takes the whole line.
local panel = {
  opening = "rect(stroke: none, width: 100%)[",
  gutter = ", gutter: 1em",
  same = function(columns) return "(" .. string.rep("1fr", columns, ", ") .. ",)" end,
}

-- Put cells into rows; what is left over makes more rows like the last one. Even columns are the `same` width each.
local function in_rows(rows, cells, look)
  if #cells == 0 then return pandoc.Blocks({}) end
  if even(rows) then
    return side_by_side(look.same(#rows[1]) .. look.gutter, look.opening, cells)
  end
  local result, taken, at = pandoc.Blocks({}), 0, 0
  while taken < #cells do
    at = at + 1
    local widths, parts = {}, {}
    for _, width in ipairs(rows[math.min(at, #rows)]) do
      taken = width > 0 and taken + 1 or taken
      table.insert(widths, string.format("%gfr", math.abs(width)))
      table.insert(parts, width > 0 and cells[taken] or pandoc.Blocks({}))
    end
    result:extend(side_by_side("(" .. table.concat(widths, ", ") .. ",)" .. look.gutter, look.opening, parts))
  end
  return result
end

local line_length = 84 -- in letters of a table

-- Make what stands side by side, where a line is as short as the narrowest column.
local function beside(rows, make)
  local share = 1
  for _, row in ipairs(rows or {}) do
    local total = 0
    for _, width in ipairs(row) do total = total + math.abs(width) end
    for _, width in ipairs(row) do
      if width > 0 then share = math.min(share, width / total) end
    end
  end
  local before = line_length
  line_length = before * share
  local made = make()
  line_length = before
  return made
end

-- A part of a float that has no label has no number either.
local is_part = false

-- What has no label is of the `other` kind.
local function float(identifier, attributes, blocks, caption, other)
  local kind, numbering = kind_of(identifier), ""
  if not kind and is_part ~= "lettered" then
    numbering = "numbering: " .. (is_part and "none" or "unlabelled") .. ", "
  end
  local is_bare = not kind and #caption == 0
  kind = kind or other
  local rows = rows_of(attributes, #blocks)
  local has_parts = has_subfloats(blocks, identifier)
  local outer = is_part
  is_part = has_parts and "lettered" or "plain"
  local content = (rows or has_parts)
    and in_rows(rows or { { 1 } }, beside(rows, function() return cells_of(blocks) end), in_float) or convert(blocks)
  is_part = outer
  local position = "position: " .. caption_position[kind]
  local label = identifier ~= "" and "<" .. identifier .. ">" or ""
  local named, supplement = 'kind: "quarto-float-' .. kind .. '"', ", supplement: " .. word(kind, "title")
  if has_parts then
    local before = line({ "#quarto_super(" .. named .. ", caption: [", { pandoc.Span(caption) },
      "], label: " .. label .. ", " .. position .. supplement .. ', subcapnumbering: "(a)", [' })
    return within(before, content, "])")
  elseif is_bare then
    return within("#figure([", content, line({ "], " .. named .. ", supplement: none, numbering: none)" .. label }))
  end
  return within("#figure([", content, line({ "], caption: figure.caption(" .. position .. ", [", caption,
    "]), " .. named .. supplement .. ", " .. numbering .. ")" .. label }))
end

-- What a block is called: by the heading that begins it; nil if by none.
local function title_of(div)
  local first = div.content[1]
  if first and first.t == "Header" then
    div.content:remove(1)
    return first.content
  end
end

-- One whose label is of its kind has a number: to Typst it is a figure, which the frame sets without its own caption.
local function callout(div, name)
  local look, own, label = callouts[name] or callouts.note, title_of(div), div.identifier
  local numbered = label:match("^(%a+)%-") == look.kind
  local kind = '"quarto-callout-' .. look.kind .. '"'
  local opening = label ~= "" and "#metadata(none)<" .. label .. ">\n" or ""
  if numbered then
    opening = "#figure(kind: " .. kind .. ", supplement: " .. word(look.kind, "title") .. ", ["
  end
  local title = own or {}
  if numbered then
    title = line({ "#numbered(" .. kind .. ")", own and { pandoc.Str(": ") } or {}, title })
  elseif not own then
    title = { callouts[name] and raw("#" .. word(look.kind, "title")) or pandoc.Str((name:gsub("^%l", string.upper))) }
  end
  local colours = '], background_color: rgb("' .. look.background .. '"), icon_color: rgb("' .. look.icon
    .. '"), icon: none, body_background_color: white)' .. (numbered and "])<" .. label .. ">" or "")
  return within(opening .. "#callout(body: [", convert(div.content), line({ "], title: [", title, colours }))
end

-- Take the paragraph from a block that begins with one: it goes on in the line of what stands before it.
local function first_words(div)
  local first = div.content[1]
  if not first or first.t ~= "Para" then return {} end
  div.content:remove(1)
  return first.content
end

-- Theorems and their like: the frame sets number and name before the body.
local function theorem(div, kind)
  local name = title_of(div)
  local opening = line({ '#figure(kind: "quarto-theorem-' .. kind .. '", supplement: ' .. word(kind, "title") .. ", [",
    first_words(div) })
  local goes_on = div.content[1] and div.content[1].t == "Para"
  local caption = name and line({ "], caption: [", name }) or {}
  local result = within(opening, convert(div.content), line({ caption, "])<" .. div.identifier .. ">" }))
  if goes_on then result[1] = pandoc.Para(opening) end
  return result
end

-- Proofs, remarks and solutions without a number: the word, and the name if there is one, begin the first paragraph.
local function proof(div, kind)
  local name = title_of(div)
  local opening = line({ "#emph(" .. word(kind, "title") .. ")" })
  if name then
    opening:insert(pandoc.Str(" ("))
    opening:extend(name)
    opening:insert(pandoc.Str(")"))
  end
  opening:extend({ pandoc.Str("."), pandoc.Space() })
  opening:extend(first_words(div))
  div.content:insert(1, pandoc.Para(opening))
  return convert(div.content)
end

-- A table whose columns cannot become narrow enough for the page is set in smaller letters: its longest words decide.
-- In one that is wider still, words break anywhere.
local letter, around = 0.0105, 0.026 -- of the line: a letter, and what is left empty beside a column
local smallest = 0.5

-- Of a formula the signs count, not the names of commands; letters of code are a quarter wider.
local signs = {
  Math = function(math) return pandoc.Str((math.text:gsub("\\%a+", "x"):gsub("[{}_^\\]", ""))) end,
  Code = function(code) return pandoc.Str((code.text:gsub("%S%S%S%S", "%0x"))) end,
}

local function longest_word(blocks)
  local longest = 0
  for word in pandoc.utils.stringify(blocks:walk(signs)):gmatch("%S+") do
    -- code breaks anywhere
    longest = math.max(longest, math.min(utf8.len(word) or #word, 24))
  end
  return longest
end

-- The widths that pandoc takes from a table's source may be less than a word needs, which would lie over the next column.
local function widened(element, widest)
  local widths, total = {}, 0
  for index, spec in ipairs(element.colspecs) do
    if type(spec[2]) ~= "number" then return end
    widths[index] = math.max(spec[2], (widest[index] or 0) * letter + around)
    total = total + widths[index]
  end
  for index, spec in ipairs(element.colspecs) do
    element.colspecs[index] = { spec[1], widths[index] / math.max(total, 1) }
  end
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
  widened(element, widest)
  local opening = "#["
  if needed > line_length then
    local scale = math.max(line_length / needed, smallest)
    opening = opening .. string.format("#set text(size: %.2fem)\n#set table(inset: (x: %.1fpt, y: 3pt))", scale, 6 * scale)
  end
  if line_length / needed < smallest then
    opening = opening .. '/* too wide */\n#show regex("\\S{4,}"): word => word.text.clusters().join(box(width: 0pt))'
  end
  if #element.head.rows == 0 then -- the first row is one like the others
    opening = opening .. '\n#show table.cell: set text(weight: "regular")'
  end
  if opening == "#[" then
    return pandoc.Blocks({ element })
  end
  return within(opening, { element }, "]")
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
  if kind_of(identifier) or #caption > 0 then
    return float(identifier, {}, pandoc.Blocks({ element }), caption, "tbl")
  end
  return fitted(element)
end

-- ::: {.columns} with ::: {.column width="40%"} in it
local function columns(div)
  local row = {}
  for _, inner in ipairs(div.content) do
    local width = inner.t == "Div" and inner.classes:includes("column") and inner.attributes.width or ""
    table.insert(row, tonumber(width:match("^(%d+%.?%d*)%%$")) or 1)
    if width ~= "" then inner.attributes.width = nil end
  end
  local cells = beside({ row }, function()
    return div.content:map(function(inner) return convert(pandoc.Blocks({ inner })) end)
  end)
  return side_by_side("(" .. table.concat(row, "fr, ") .. "fr,), gutter: 1em", "[", cells)
end

-- In a layout the code of cells stands above what they show, not beside it.
local function lifted(div)
  local code = pandoc.Blocks({})
  if rows_of(div.attributes, 1) then
    div.content = div.content:walk({
      CodeBlock = function(found)
        if found.classes:includes("cell-code") then
          code:insert(found)
          return {}
        end
      end,
    })
  end
  return code
end

local function made(div)
  local attributes, classes = div.attributes, div.classes
  local code = lifted(div)
  if #code > 0 then
    code:insert(div)
    return convert(code)
  end
  local callout_class = classes:find_if(function(class) return class:match("^callout%-%a+$") end)
  if callout_class then
    return callout(div, callout_class:match("%a+$"))
  elseif attributes.theorem then
    return theorem(div, attributes.theorem)
  elseif attributes.proof then
    return proof(div, attributes.proof)
  elseif classes:includes("pagebreak") then
    return { pandoc.RawBlock("typst", "#pagebreak()") }
  elseif div.identifier == "refs" then
    return { pandoc.RawBlock("typst", "#sources()") }
  elseif classes:includes("columns") then
    return columns(div)
  elseif classes:includes("landscape") then
    return within("#page(flipped: true)[", convert(div.content), "]")
  elseif kind_of(div.identifier) or attributes.float then
    local content, widths = div.content, attributes["tbl-colwidths"]
    for _, inner in ipairs(content) do
      if inner.t == "Table" and widths then
        inner.attributes["tbl-colwidths"] = inner.attributes["tbl-colwidths"] or widths
      end
    end
    local caption = attributes.uncaptioned and {} or caption_of(content)
    return float(div.identifier, attributes, content, caption, attributes.float)
  elseif attributes["fig-align"] then
    local inner = div:clone()
    inner.attributes["fig-align"] = nil
    return within("#align(" .. attributes["fig-align"] .. ")[", convert(pandoc.Blocks({ inner })), "]")
  elseif rows_of(attributes, 1) then
    local rows = rows_of(attributes, #div.content)
    local cells = beside(rows, function() return cells_of(div.content) end)
    return in_rows(rows_of(attributes, #cells), cells, panel)
  end
  local inner = convert(div.content)
  if div.identifier ~= "" then -- so that a link finds it
    inner:insert(1, pandoc.Plain({ raw("#metadata(none)<" .. div.identifier .. ">") }))
  end
  return inner
end

local function figure(element)
  local caption = element.caption.long[1] and element.caption.long[1].content or {}
  return float(element.identifier, {}, element.content, caption, "fig")
end

-- Between the paragraphs of a definition pandoc's writer leaves no empty line.
local function definitions(list)
  for _, entry in ipairs(list.content) do
    for index, definition in ipairs(entry[2]) do
      local apart = pandoc.Blocks({})
      for at, inner in ipairs(definition) do
        if at > 1 then apart:insert(pandoc.RawBlock("typst", "#parbreak()")) end
        apart:insert(inner)
      end
      entry[2][index] = apart
    end
  end
  return list
end

-- What is made has been looked through; notes stay as they are.
convert = function(blocks)
  return blocks:walk({
    traverse = "topdown",
    Div = function(div) return made(div), false end,
    Figure = function(element) return figure(element), false end,
    Table = function(element)
      return element.classes:includes("typst:no-figure") and fitted(element) or table_float(element), false
    end,
    DefinitionList = definitions,
    Note = function(note) return note, false end,
  })
end

-- Code has numbers before its lines where it or the document says so, and it is of a language.
local function with_numbers(by_default)
  return function(code)
    local own = code.attributes["code-line-numbers"] or tostring(by_default)
    code.attributes["code-line-numbers"] = nil
    local wanted = own == "true" or own == "1" or code.classes:includes("number-lines") or code.classes:includes("numberLines")
    return wanted and #code.classes > 0 and within("#[#show raw.line: numbered-line", { code }, "]") or nil
  end
end

return {
  {
    Pandoc = function(document)
      document.blocks = convert(document.blocks):walk({ CodeBlock = with_numbers(document.meta["code-line-numbers"]) })
      local shift = tonumber(pandoc.utils.stringify(document.meta["shift-heading-level-by"] or "0"))
      document.blocks = document.blocks:walk({
        Header = function(header)
          header.level = math.max(1, header.level + shift)
          return header
        end,
      })
      return document
    end,
  },
}
