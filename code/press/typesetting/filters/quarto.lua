-- Does what Quarto's own filters do, for the constructs that the built-in renderer supports: floats, sub-floats, callouts,
-- numbered equations, cross-references and images become the Typst that Quarto would write. The extension's filters, which
-- both renderers share, run after it. A failure is an assert with a message: `error` is a log call under Quarto.

local supplements = { fig = "Figure", tbl = "Table", lst = "Listing" }
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
  return supplements[kind] and kind
end

-- Images ------------------------------------------------------------------------------------------------------------

-- A length without a unit is in pixels, of which an inch has 96.
local function length(text)
  local pixels = text:match("^(%d+%.?%d*)$") or text:match("^(%d+%.?%d*)px$")
  return pixels and string.format("%.5fin", pixels / 96) or text
end

local function image(element)
  local alternative = element.attributes["fig-alt"]
  assert(alternative and alternative ~= "", "an image has no fig-alt: " .. element.src)
  -- only what stands on one line has been found and named from the project's folder
  assert(element.src:match("^/"), "an image's text, file and attributes must stand on one line: " .. element.src)
  local parameters = { quoted(element.src), "alt: " .. quoted(alternative) }
  for _, side in ipairs({ "width", "height" }) do
    if element.attributes[side] then
      table.insert(parameters, side .. ": " .. length(element.attributes[side]))
    end
  end
  return raw("#box(image(" .. table.concat(parameters, ", ") .. "))")
end

-- References and equations ------------------------------------------------------------------------------------------

local reference_names = { fig = "Figure", tbl = "Table", lst = "Listing", eq = "Equation", sec = "" }

local function reference(citation, label, kind)
  assert(#citation.suffix == 0, "a reference has no words after it: " .. citation.id)
  local supplement = reference_names[kind]
  if citation.mode == "SuppressAuthor" then
    supplement = ""
  elseif #citation.prefix > 0 then
    supplement = pandoc.utils.stringify(citation.prefix)
  end
  return raw("#ref(<" .. label .. ">, supplement: [" .. supplement .. "])")
end

local function references(cite)
  local result = pandoc.Inlines({})
  local source
  for _, citation in ipairs(cite.citations) do
    local label = citation.id:gsub("^%u", string.lower) -- @Fig-x begins a sentence; the word is the same
    local kind = label:match("^(%a+)%-")
    if kind and reference_names[kind] then
      if #result > 0 then
        result:extend({ pandoc.Str(","), pandoc.Space() })
      end
      result:insert(reference(citation, label, kind))
    else
      source = citation.id
    end
  end
  assert(not source or #result == 0, "a reference and a citation cannot share a bracket: " .. (source or ""))
  return #result > 0 and result or nil
end

-- `$$…$$ {#eq-x alt="…"}` arrives as Math, an optional space, and strings from `{#eq-x` to `}`.
local function equation_attributes(inlines, start)
  local text = ""
  for index = start, #inlines do
    local element = inlines[index]
    if element.t == "Str" then
      text = text .. element.text
    elseif element.t == "Space" or element.t == "SoftBreak" then
      text = text .. " "
    elseif element.t == "Quoted" then
      text = text .. '"' .. pandoc.utils.stringify(element.content) .. '"'
    else
      return nil
    end
    local label = text:match("^%s*{#(eq%-[%w_-]+)%s*}$") or text:match("^%s*{#(eq%-[%w_-]+)%s+alt=[\"“].-[\"”]%s*}$")
    if label then
      return label, text:match("alt=[\"“](.-)[\"”]%s*}$"), index
    end
    if not text:match("^%s*{?#?[eq]?") or #text > 2000 then
      return nil
    end
  end
end

local function equations(inlines)
  local result = pandoc.Inlines({})
  local index = 1
  while index <= #inlines do
    local element = inlines[index]
    local label, alternative, last
    if element.t == "Math" and element.mathtype == "DisplayMath" then
      label, alternative, last = equation_attributes(inlines, index + 1)
    end
    if label then
      local alt = alternative and (", alt: " .. quoted(alternative)) or ""
      result:insert(raw("#math.equation(block: true, numbering: equation-numbering" .. alt .. ", [ "))
      result:insert(element)
      result:insert(raw(" ])<" .. label .. ">"))
      index = last + 1
    else
      result:insert(element)
      index = index + 1
    end
  end
  return result
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

local function float(identifier, attributes, blocks, caption)
  local kind = kind_of(identifier)
  local columns = attributes["layout-ncol"]
  local position = caption_position[kind]
  local label = "<" .. identifier .. ">"
  if has_subfloats(blocks) then
    local result = pandoc.Blocks({
      pandoc.Plain({
        raw('#quarto_super(kind: "quarto-float-' .. kind .. '", caption: ['),
        pandoc.Span(caption),
        raw("], label: " .. label .. ", position: " .. position .. ', supplement: "' .. supplements[kind]
          .. '", subcapnumbering: "(a)", ['),
      }),
    })
    result:extend(grid(columns or "1", cells_of(blocks)))
    result:insert(raw_block("])"))
    return result
  end
  local result = pandoc.Blocks({ raw_block("#figure([") })
  result:extend(columns and grid(columns, cells_of(blocks)) or convert(blocks))
  local closing = pandoc.Inlines({ raw("], caption: figure.caption(position: " .. position .. ", [") })
  closing:extend(caption)
  closing:insert(raw(']), kind: "quarto-float-' .. kind .. '", supplement: "' .. supplements[kind] .. '", )' .. label))
  result:insert(pandoc.Plain(closing))
  return result
end

local function callout(div, name)
  local look = callouts[name]
  local title = pandoc.Inlines({ pandoc.Str(look.title) })
  local body = div.content
  if div.attributes.title then
    title = pandoc.Inlines(pandoc.read(div.attributes.title, "markdown").blocks[1].content)
  elseif body[1] and body[1].t == "Header" then
    title = body[1].content
    body:remove(1)
  end
  local result = pandoc.Blocks({ raw_block("#callout(body: [") })
  result:extend(convert(body))
  local closing = pandoc.Inlines({ raw("], title: [") })
  closing:extend(title)
  closing:insert(raw('], background_color: rgb("' .. look.background .. '"), icon_color: rgb("' .. look.icon
    .. '"), icon: none, body_background_color: white)'))
  result:insert(pandoc.Plain(closing))
  return result
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
  end
  assert(#caption == 0, "a table with a caption needs a label {#tbl-…}: " .. pandoc.utils.stringify(caption))
  return pandoc.Blocks({ element })
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

local function block(element)
  if element.t == "CodeBlock" then
    return listing(element)
  elseif element.t == "Table" then
    if element.classes:includes("typst:no-figure") then
      return pandoc.Blocks({ element })
    end
    return table_float(element)
  elseif element.t == "Figure" then
    local identifier = element.identifier
    local caption = element.caption.long[1] and element.caption.long[1].content or pandoc.Inlines({})
    assert(kind_of(identifier), "an image with a caption needs a label {#fig-…}: " .. pandoc.utils.stringify(caption))
    return float(identifier, {}, element.content, caption)
  elseif element.t == "Div" then
    for _, class in ipairs(element.classes) do
      local name = class:match("^callout%-(%a+)$")
      if name then
        return callout(element, name)
      end
    end
    if element.classes:includes("pagebreak") then
      return pandoc.Blocks({ raw_block("#pagebreak()") })
    elseif kind_of(element.identifier) then
      local content = element.content
      for _, inner in ipairs(content) do
        if inner.t == "Table" and element.attributes["tbl-colwidths"] then
          inner.attributes["tbl-colwidths"] = inner.attributes["tbl-colwidths"] or element.attributes["tbl-colwidths"]
        end
      end
      return float(element.identifier, element.attributes, content, caption_of(content))
    elseif element.attributes["layout-ncol"] then
      return panel(tonumber(element.attributes["layout-ncol"]), cells_of(element.content))
    end
    return convert(element.content)
  elseif element.t == "BlockQuote" then
    element.content = convert(element.content)
    return pandoc.Blocks({ element })
  elseif element.t == "BulletList" or element.t == "OrderedList" then
    for index, item in ipairs(element.content) do
      element.content[index] = convert(item)
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

local function refuse_raw(element)
  local text = element.text
  if element.format == "html" and text:match("^%s*<!%-%-") then
    return {}
  end
  assert(element.format == "typst", "raw " .. element.format .. " is not supported: " .. text)
end

return {
  { RawInline = refuse_raw, RawBlock = refuse_raw },
  { Inlines = equations },
  { Cite = references, Image = image },
  {
    Pandoc = function(document)
      document.blocks = convert(document.blocks)
      return document
    end,
  },
}
